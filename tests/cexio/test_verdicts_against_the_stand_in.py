"""Verdicts over real sockets against the stand-in exchange, under every setting of what is unknown.

The host is 127.0.0.1's neighbour 127.0.0.7, elsewhere is 127.0.0.9; both are real source addresses.
"""

from __future__ import annotations

import itertools
import json
import random
import time
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest

from cexio.credentials import Credentials
from cexio.judgement import Expectation, Finding, Judgement, Verdict
from cexio.probes import aftermath_plan, elsewhere_plan, points, probe_plan, recheck_plan
from cexio.proving import prove
from cexio.vantage import ask
from cexio.verdicts import judge
from sandbox.exchange.dispatch import PRIVATE
from sandbox.exchange.replies import PRESETS
from sandbox.exchange.switches import Switches
from tests.providers.sandbox_processes import Exchange

HOST, HERE, OTHER = "127.0.0.7", "127.0.0.9", "127.0.0.8"
FOUR = ("Read", "Trade")
EXPECTED = Expectation(addresses=(HOST,), account_id="bot")
ROOMY = {"key_points_per_minute": 100_000, "address_points_per_minute": 100_000}
GOOD_OR_UNSURE = {Verdict.VERIFIED, Verdict.FUNDS_NOT_PROVEN, Verdict.UNDETERMINED}
Key = dict[str, str]


class World:
    """One exchange; every case has an account of its own."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self._accounts = itertools.count(1)

    def switch(self, **switches: Any) -> None:
        """These, and everything else as it is by default."""
        defaults = Switches().model_dump(mode="json")
        self.exchange.person("PATCH", "/switches", {**defaults, **ROOMY, **switches})

    def key(self, permissions: tuple[str, ...] = FOUR, *addresses: str, active: bool = True) -> Key:
        self.account = f"a{next(self._accounts)}"
        return self.exchange.make_key(addresses or (HOST,), permissions, self.account, active=active)

    def verdict(self, key: Key, *, skew: float = 0, timeout: float = 2) -> Judgement:
        credentials = Credentials(**key)
        base_url, at_host = self.exchange.url, (lambda: time.time() + skew)
        found = prove(
            EXPECTED,
            "BTC-USD",
            lambda plan: ask(plan, credentials, base_url, "host", HOST, timeout, now=at_host),
            lambda plan: ask(plan, credentials, base_url, "here", HERE, timeout),
        )
        shown = found.model_dump_json()
        assert key["secret"] not in shown
        assert key["key"] not in shown
        return found

    def requests(self) -> Iterator[dict[str, Any]]:
        for line in (self.exchange.store / "requests.jsonl").read_text().splitlines():
            yield json.loads(line)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    exchange = Exchange(tmp_path_factory.mktemp("exchange"))
    yield World(exchange)
    exchange.stop()


ONE_AT_A_TIME: list[dict[str, Any]] = [
    {},
    *({switch: name} for switch in ("address_refused", "permission_missing") for name in PRESETS[switch]),
    {"permission_missing": "400 Operation not permitted"},
    {"permission_missing": "401 E17"},
    {"address_refused": "418 E17"},
    {"permission_check": "after-validation"},
    {"unknown_sub_account": "ignored"},
    {"cancel_of_unknown_order": "refused"},
    {"cancel_check": "before-permission"},
    {"account_check": "before-permission"},
    {"status_code_in_body": True},
    {"ws_address_refused": "like-wrong-key"},
    {"ws_address_refused": "close"},
    {"rest_window_seconds": None},
]
EXTRAS = [("Funds Internal",), ("Funds Wallet",), ("Funds Internal", "Funds Wallet")]
SETTINGS = pytest.mark.parametrize("setting", ONE_AT_A_TIME, ids=[str(each) for each in ONE_AT_A_TIME])


class TestUnderEverySettingOfTheUnknowns:
    """Nobody knows how the real exchange words a refusal: a client that passes under one guess is wrong."""

    @SETTINGS
    def test_a_good_key_passes_or_is_undetermined(self, world: World, setting: dict[str, Any]) -> None:
        world.switch(**setting)
        found = world.verdict(world.key())
        assert found.verdict in GOOD_OR_UNSURE, found.line
        assert not found.alarm
        assert found.promotes == (found.verdict is Verdict.VERIFIED)

    def test_a_good_key_is_verified_under_most(self, world: World) -> None:
        for setting in ({}, {"permission_missing": "like-wrong-key", "address_refused": "like-wrong-key"}):
            world.switch(**setting)
            found = world.verdict(world.key())
            assert (found.verdict, found.promotes) == (Verdict.VERIFIED, True), found.line

    @pytest.mark.parametrize(
        "extra", [("Funds Internal",), ("Funds Wallet",), ("Funds Internal", "Funds Wallet")]
    )
    @pytest.mark.parametrize(
        "setting",
        [
            {},
            {"permission_missing": "like-wrong-key"},
            {"permission_missing": "bad-request"},
            {"permission_check": "after-validation"},
            {"unknown_sub_account": "ignored"},
            {"account_check": "before-permission", "unknown_account": "like-permission"},
            {"account_check": "before-permission", "unknown_account": "forbidden"},
        ],
        ids=str,
    )
    def test_a_key_that_can_do_more_is_never_plainly_verified(
        self, world: World, setting: dict[str, Any], extra: tuple[str, ...]
    ) -> None:
        world.switch(**setting)
        found = world.verdict(world.key((*FOUR, *extra)))
        assert not found.promotes
        unsure = {Verdict.TOO_MANY_PERMISSIONS, Verdict.FUNDS_NOT_PROVEN, Verdict.UNDETERMINED}
        assert found.verdict in unsure, found.line
        if not setting and len(extra) == 1:
            assert found.verdict is Verdict.TOO_MANY_PERMISSIONS

    @pytest.mark.parametrize("name", [*PRESETS["permission_missing"], "401 E17", "418 E17"])
    def test_a_key_that_may_not_trade_is_never_granted_place_or_cancel(self, world: World, name: str) -> None:
        world.switch(permission_missing=name)
        found = world.verdict(world.key(("Read",)))
        assert found.verdict in {Verdict.PERMISSION_MISSING, Verdict.UNDETERMINED}, found.line
        assert not found.promotes
        assert [each.verdict is Finding.GRANTED for each in found.permissions] == [True, True, False, False]

    @pytest.mark.parametrize("name", [*PRESETS["address_refused"], "401 E17", "418 E17"])
    def test_a_whitelist_of_another_address_is_told_or_undetermined(self, world: World, name: str) -> None:
        world.switch(address_refused=name)
        found = world.verdict(world.key(FOUR, OTHER))
        assert not found.promotes
        assert found.verdict in {Verdict.ADDRESS_REFUSED, Verdict.UNDETERMINED}, found.line
        if found.verdict is Verdict.ADDRESS_REFUSED:
            assert HOST in found.line

    @pytest.mark.parametrize("name", list(PRESETS["address_refused"]))
    def test_a_refused_address_that_is_worded_like_a_wrong_key_is_told_from_one(
        self, world: World, name: str
    ) -> None:
        world.switch(address_refused=name, ws_address_refused="like-wrong-key")
        found = world.verdict(world.key(FOUR, OTHER))
        assert found.verdict in {Verdict.ADDRESS_REFUSED, Verdict.UNDETERMINED}, found.line
        if name == "like-wrong-key":
            assert found.verdict is Verdict.ADDRESS_REFUSED
        unknown = world.verdict({**world.key(), "key": "A" * 26})
        assert unknown.verdict is Verdict.WRONG_KEY

    @pytest.mark.parametrize(
        ("setting", "make", "expected"),
        [
            *(
                ({"deactivated_key": each}, "inactive", Verdict.NOT_ACTIVATED)
                for each in PRESETS["deactivated_key"]
            ),
            *(({"unknown_key": each}, "unknown", Verdict.WRONG_KEY) for each in PRESETS["unknown_key"]),
            ({"ws_failed_auth_closes": True}, "unknown", Verdict.WRONG_KEY),
            ({}, "secret", Verdict.WRONG_KEY),
            ({}, "edited", Verdict.NOT_ACTIVATED),
        ],
        ids=str,
    )
    def test_the_fault_of_a_key_is_named(
        self, world: World, setting: dict[str, Any], make: str, expected: Verdict
    ) -> None:
        world.switch(**setting)
        key = world.key(active=make != "inactive")
        if make == "unknown":
            key = {**key, "key": "A" * 26}
        if make == "secret":
            key = {**key, "secret": "A" * 26}
        if make == "edited":
            path = f"/accounts/{world.account}/keys/{key['key']}"
            world.exchange.person("PATCH", path, {"whitelist": f"{HOST},{OTHER}"})
        found = world.verdict(key)
        assert (found.verdict, found.promotes) == (expected, False), found.line

    @pytest.mark.parametrize(
        ("name", "skew"),
        [("like-wrong-key", -300), ("like-wrong-key", 21), ("own-text", -21), ("bad-request", 300)],
    )
    def test_a_clock_that_is_off_is_told(self, world: World, name: str, skew: int) -> None:
        world.switch(stale_timestamp=name)
        found = world.verdict(world.key(), skew=skew)
        assert (found.verdict, found.promotes) == (Verdict.CLOCK_SKEW, False), found.line

    def test_an_empty_whitelist_is_told(self, world: World) -> None:
        world.switch()
        account = "open"
        world.key()
        made = world.exchange.make_key((), FOUR, account)
        found = world.verdict(made)
        assert (found.verdict, found.promotes) == (Verdict.WHITELIST_NOT_ENFORCED, False)
        assert HOST in found.line

    def test_elsewhere_on_the_whitelist_proves_nothing(self, world: World) -> None:
        world.switch()
        key = world.key(FOUR, HOST, HERE)
        credentials = Credentials(**key)
        plan = probe_plan("bot", "BTC-USD", int(time.time() * 1000), world.account)
        before = ask(plan, credentials, world.exchange.url, "host", HOST)
        here = ask(elsewhere_plan("BTC-USD"), credentials, world.exchange.url, "here", HERE)
        after = ask(recheck_plan("BTC-USD"), credentials, world.exchange.url, "host", HOST)
        found = judge(before, here, after, Expectation(addresses=(HOST, HERE), account_id="bot"))
        assert (found.verdict, found.promotes) == (Verdict.UNDETERMINED, False)
        assert HERE in found.line


@pytest.mark.long
class TestUnderMixedSettings:
    """Two guesses that are each harmless may together look like a grant."""

    CHOICES: ClassVar[dict[str, list[Any]]] = {
        **{switch: [*names, "400 E17", "403 E17"] for switch, names in PRESETS.items()},
        "unknown_account": list(PRESETS["unknown_account"]),
        "account_check": ["after-permission", "before-permission"],
        "cancel_check": ["after-permission", "before-permission"],
        "permission_check": ["before-validation", "after-validation"],
        "unknown_sub_account": ["refused", "ignored"],
        "cancel_of_unknown_order": ["acknowledged", "refused"],
        "status_code_in_body": [False, True],
        "ws_address_refused": ["own-text", "like-wrong-key", "close"],
        "ws_failed_auth_closes": [False, True],
        "rest_window_seconds": [20, None],
    }

    @pytest.mark.parametrize("seed", range(40))
    def test_only_a_good_key_is_ever_promoted(self, world: World, seed: int) -> None:
        draw = random.Random(seed)
        setting = {switch: draw.choice(list(names)) for switch, names in self.CHOICES.items()}
        world.switch(**setting)
        shape = draw.choice([FOUR, FOUR, ("Read",), *((*FOUR, *extra) for extra in EXTRAS)])
        address = draw.choice([HOST, HOST, OTHER])
        active, skew = draw.random() > 0.2, draw.choice([0, 0, 0, 21, -300])
        found = world.verdict(world.key(shape, address, active=active), skew=skew)
        good = (
            shape == FOUR and address == HOST and active and (not skew or not setting["rest_window_seconds"])
        )
        told = (found.line, setting, shape, address, active, skew)
        assert good or not found.promotes, told
        if good and not skew:
            assert found.verdict in GOOD_OR_UNSURE, told
        if "Trade" not in shape:
            assert Finding.GRANTED not in [each.verdict for each in found.permissions[2:]], told
        if address != HOST:
            assert found.verdict is not Verdict.WHITELIST_NOT_ENFORCED, told


class TestUnderEveryFault:
    """A cut line read as a verdict would fail a good key or, worse, pass a bad one."""

    @pytest.mark.parametrize(
        ("fault", "action"),
        [
            ("error-500", "get_my_current_fee"),
            ("html-502", "get_my_current_fee"),
            ("cut", "do_cancel_my_order"),
            ("truncated", "get_my_orders"),
            ("lost-reply", "do_my_new_order"),
            ("slow", "do_my_new_order"),
        ],
    )
    def test_a_fault_on_the_host_is_the_exchanges(self, world: World, fault: str, action: str) -> None:
        world.switch(fault=fault, fault_actions=[action], fault_addresses=[HOST], fault_seconds=1)
        found = world.verdict(world.key(), timeout=0.3)
        assert (found.verdict, found.promotes) == (Verdict.UNREACHABLE, False), found.line

    @pytest.mark.parametrize("fault", ["error-500", "html-502", "cut"])
    def test_a_fault_elsewhere_proves_no_whitelist(self, world: World, fault: str) -> None:
        world.switch(fault=fault, fault_addresses=[HERE])
        found = world.verdict(world.key())
        assert (found.verdict, found.promotes) == (Verdict.UNDETERMINED, False), found.line
        assert found.elsewhere.verdict is Finding.UNDETERMINED

    @pytest.mark.parametrize("points", [0, 3, 12, 18])
    def test_a_spent_limit_is_its_own_outcome(self, world: World, points: int) -> None:
        world.switch(key_points_per_minute=points)
        found = world.verdict(world.key())
        assert (found.verdict, found.promotes) == (Verdict.RATE_LIMITED, False), found.line

    def test_maintenance_is_told(self, world: World) -> None:
        world.switch(maintenance=["order_placement"])
        found = world.verdict(world.key())
        assert found.verdict is Verdict.UNREACHABLE
        assert "maintenance" in found.line

    def test_a_sub_account_that_does_not_exist_is_hinted_at(self, world: World) -> None:
        world.switch()
        key = Credentials(**world.key())
        now = int(time.time() * 1000)
        plan = probe_plan("nobody", "BTC-USD", now, "n")
        before = ask(plan, key, world.exchange.url, "host", HOST)
        looked = ask(aftermath_plan(plan, now), key, world.exchange.url, "host", HOST)
        expected = Expectation(addresses=(HOST,), account_id="nobody")
        found = judge(before, None, None, expected, aftermath=looked)
        assert found.verdict is Verdict.UNDETERMINED
        assert "'nobody' exists" in found.line


class TestAPassFitsIntoTheBudget:
    """The bot trades on the same 200 points a minute: a review must not starve it."""

    @pytest.mark.parametrize("source", [HOST, OTHER])
    def test_at_most_25_points_by_the_exchanges_own_log(self, world: World, source: str) -> None:
        world.switch()
        key = world.key()
        plan = probe_plan("bot", "BTC-USD", int(time.time() * 1000), world.account)
        sent = len(ask(plan, Credentials(**key), world.exchange.url, "host", source).answers)
        seen = [each["action"] for each in world.requests() if each["key"] == key["key"]]
        assert len(seen) == sent - 2  # the two calls of the public clock
        spent = sum(1 if action == "auth" else PRIVATE[action].cost for action in seen)
        assert 0 < spent <= points(plan) <= 25


class TestNothingWasTradedOrMoved:
    """Counted by the exchange itself, after all of the above."""

    def test_no_order_rests_and_no_funds_moved(self, world: World) -> None:
        asked = [each["action"] for each in world.requests()]
        assert asked.count("do_my_new_order") == asked.count("do_withdrawal_funds_to_wallet") > 0
        accounts = [json.loads(file.read_text()) for file in (world.exchange.store / "accounts").iterdir()]
        assert accounts
        for account in accounts:
            assert account["orders"] == []
            assert [each for each in account["transactions"] if each["type"] != "deposit"] == []
