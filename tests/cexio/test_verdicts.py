"""From measurements to verdicts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cexio.causes import Calibration, Row, calibrated_by
from cexio.judgement import Confirmation, Expectation, Finding, Judgement, Verdict
from cexio.measurement import Measurement, not_ready
from cexio.order_alarm import in_doubt
from cexio.permissions import GUIDE_PERMISSIONS
from cexio.verdicts import judge
from tests.cexio.answers import (
    AWAY,
    BALANCES,
    EXPECTED,
    FINGERPRINT,
    GOOD,
    HERE,
    HOST,
    TOO_SMALL,
    aftermath,
    again,
    here,
    host,
    rejected,
)

FAILED = (401, {"error": "Authorization Failed"})
DENIED = (403, {"error": "Permission denied"})
LIMITED = (429, {"error": "API rate limit reached"})
PAGE = (502, "<html><title>502 Bad Gateway</title></html>")
BROKEN = (500, {"error": "Unexpected error", "statusCode": 500})
WRONG_CURRENCY = (422, {"error": "Unsupported currency XXX"})
ACCEPTED = (200, rejected(None, "", order_id=7, status="NEW"))
UNPROVEN = {"funds_wallet": WRONG_CURRENCY, "funds_internal": WRONG_CURRENCY}


TURNED_AWAY = [
    (403, {"error": "Service is not available in your country"}),
    (403, {"error": "Forbidden in your jurisdiction"}),
    (401, {"error": "IP address belongs to a restricted region"}),
    (403, {"error": "Your location is not permitted"}),
    (451, {"error": "E17"}),
]


def told(text: str) -> tuple[int, Any]:
    return 101, {"e": "auth", "data": {"error": text}}


def verdict(
    before: Measurement | None = None,
    elsewhere: Measurement | None = None,
    after: Measurement | None = None,
    expected: Expectation = EXPECTED,
    confirmed: tuple[Confirmation, ...] = (),
) -> Judgement:
    return judge(before or host(), elsewhere or here(), after or again(), expected, confirmed)


def said(subject: Any, fingerprint: str = FINGERPRINT, day: str = "2026-01-01") -> Confirmation:
    return Confirmation(subject=subject, fingerprint=fingerprint, date=dt.date.fromisoformat(day))


@contextmanager
def calibrated(file: Path, **found: Any) -> Iterator[None]:
    """Within the block this was learned from a real account."""
    file.write_text(Calibration(**found).model_dump_json())
    with calibrated_by(file):
        yield


def finding(judgement: Judgement, name: str) -> Finding:
    every = [*judgement.permissions, *judgement.funds, judgement.elsewhere]
    return next(each.verdict for each in every if each.name == name)


class TestAGoodKeyIsVerified:
    """The product is of no use if a key made by the guide does not pass."""

    def test_all_four_granted_funds_refused_and_elsewhere_refused(self) -> None:
        found = verdict()
        assert (found.verdict, found.promotes, found.alarm) == (Verdict.VERIFIED, True, False)
        assert [each.verdict for each in found.permissions] == [Finding.GRANTED] * 4
        assert [each.verdict for each in found.funds] == [Finding.REFUSED] * 2
        assert found.elsewhere.verdict is Finding.REFUSED
        assert {each.address for each in found.permissions} == {HOST}
        assert found.elsewhere.address == HERE

    @pytest.mark.parametrize(
        "reply", [FAILED, DENIED, (403, {"error": "Forbidden"}), (401, {"error": "E17"})]
    )
    def test_however_the_exchange_words_a_missing_permission(self, reply: Any) -> None:
        assert verdict(host(funds_wallet=reply, funds_internal=reply)).verdict is Verdict.VERIFIED

    @pytest.mark.parametrize(
        "reply",
        [AWAY, FAILED, DENIED, (403, {"error": "E17", "statusCode": 403}), (400, {"error": "Bad Request"})],
    )
    def test_however_the_exchange_words_a_refused_address(self, reply: Any) -> None:
        found = verdict(elsewhere=here(key_check=reply, orders=reply, websocket="cut"))
        assert found.verdict is Verdict.VERIFIED

    @pytest.mark.parametrize(
        "order",
        [
            TOO_SMALL,
            rejected(424, "ClientTime should be within 30000 ms timeframe. But difference was 1 ms."),
            rejected("414", "any wording of the amount check"),
            rejected(437, "Too many active orders", order_id=7),
            rejected(403, "Insufficient funds", order_id=7),
        ],
    )
    def test_by_any_documented_rejection_of_the_order(self, order: Any) -> None:
        assert verdict(host(place=(200, order))).verdict is Verdict.VERIFIED

    def test_a_websocket_that_cannot_be_reached_does_not_matter(self) -> None:
        assert verdict(host(websocket="refused"), after=again(websocket="timeout")).promotes


class TestTheOneAtFaultIsNamed:
    """An operator who is told `401` looks in the wrong place for hours."""

    @pytest.mark.parametrize(
        ("text", "expected", "step"),
        [
            ("Invalid signature", Verdict.WRONG_KEY, "secret"),
            ("Timestamp is not in 20sec range", Verdict.CLOCK_SKEW, "clocks"),
            ("API key is not activated", Verdict.NOT_ACTIVATED, "e-mailed"),
            ("IP address is not allowed", Verdict.ADDRESS_REFUSED, HOST),
            ("E17", Verdict.ADDRESS_REFUSED, "deactivates the key"),
        ],
    )
    def test_by_the_websocket_login_behind_the_same_401(
        self, text: str, expected: Verdict, step: str
    ) -> None:
        found = verdict(host(key_check=FAILED, websocket=told(text)))
        assert (found.verdict, found.promotes) == (expected, False)
        assert step in found.line

    def test_a_clock_that_only_the_exchange_finds_wrong_is_not_the_hosts(self) -> None:
        found = verdict(host(key_check=FAILED, websocket=told("Timestamp is not in 20sec range")))
        assert "its own clocks disagree" in found.line
        skewed = host(key_check=FAILED, websocket=told("Timestamp is not in 20sec range"))
        assert "off by +300 s" in verdict(skewed.model_copy(update={"clock_skew_s": 300.0})).line

    @pytest.mark.parametrize(
        ("reply", "expected"),
        [
            ((401, {"error": "API key is not activated"}), Verdict.NOT_ACTIVATED),
            ((401, {"error": "Timestamp is not in 20sec range"}), Verdict.CLOCK_SKEW),
            ((401, {"error": "Invalid signature"}), Verdict.WRONG_KEY),
            (AWAY, Verdict.ADDRESS_REFUSED),
            ((200, {"e": "x", "error": "Nonce must be incremented", "ok": "error"}), Verdict.WRONG_KIND),
            (LIMITED, Verdict.RATE_LIMITED),
            (BROKEN, Verdict.UNREACHABLE),
            (PAGE, Verdict.UNREACHABLE),
            ((500, {"error": "order_status is on maintenance"}), Verdict.UNREACHABLE),
            ("timeout", Verdict.UNREACHABLE),
            ("cut", Verdict.UNREACHABLE),
            ((403, "<html>challenge</html>"), Verdict.UNDETERMINED),
            ((302, ""), Verdict.UNDETERMINED),
            ((200, {"status": "success", "data": {}}), Verdict.UNDETERMINED),
            ((422, {"error": "pair BTC-XXX is not supported"}), Verdict.UNDETERMINED),
            (FAILED, Verdict.UNDETERMINED),
        ],
    )
    def test_by_rest_alone_where_it_can_be(self, reply: Any, expected: Verdict) -> None:
        found = verdict(host(key_check=reply, websocket="timeout"))
        assert (found.verdict, found.promotes) == (expected, False)

    def test_a_key_that_is_accepted_here_but_not_on_the_host_has_the_wrong_address(self) -> None:
        found = verdict(host(key_check=FAILED, websocket="cut"), here(key_check=GOOD["key-check"]))
        assert found.verdict is Verdict.ADDRESS_REFUSED
        assert HOST in found.line

    def test_a_login_that_passes_leaves_only_the_address(self) -> None:
        assert verdict(host(key_check=FAILED)).verdict is Verdict.ADDRESS_REFUSED

    def test_a_word_like_forbidden_does_not_make_it_a_permission(self) -> None:
        refused = dict.fromkeys(("key_check", "balance", "orders", "cancel"), (403, {"error": "Forbidden"}))
        assert verdict(host(**refused)).verdict is Verdict.ADDRESS_REFUSED
        assert verdict(host(**{**refused, "cancel": GOOD["cancel"]})).verdict is Verdict.PERMISSION_MISSING

    def test_texts_that_do_not_agree_are_undetermined(self) -> None:
        found = verdict(host(key_check=(403, {"error": "E17"}), websocket=told("Invalid API key")))
        assert found.verdict is Verdict.UNDETERMINED

    def test_a_big_skew_explains_a_401_that_nothing_else_does(self) -> None:
        skewed = host(key_check=FAILED, websocket="timeout").model_copy(update={"clock_skew_s": -300.0})
        assert verdict(skewed).verdict is Verdict.CLOCK_SKEW

    def test_a_slow_agent_is_no_fault_of_the_key(self) -> None:
        found = verdict(not_ready("host", "agent", "the agent is not online yet"))
        assert found.verdict is Verdict.HOST_NOT_READY

    def test_a_placeholder_secret_awaits_its_key(self) -> None:
        assert verdict(not_ready("host", "secret", "awaiting key")).verdict is Verdict.AWAITING_KEY

    @pytest.mark.parametrize("probe", ["place", "cancel", "balance", "orders"])
    def test_a_missing_permission_is_named(self, probe: str) -> None:
        found = verdict(host(**{probe: DENIED}))
        assert found.verdict is Verdict.PERMISSION_MISSING
        assert "Spot: " in found.line

    def test_a_key_that_may_cancel_but_not_read_lacks_read(self) -> None:
        refused = dict.fromkeys(("key_check", "balance", "orders"), FAILED)
        found = verdict(host(**refused))
        assert (found.verdict, found.promotes) == (Verdict.PERMISSION_MISSING, False)
        assert "Spot: Read" in found.line
        assert verdict(host(**refused, cancel=FAILED)).verdict is Verdict.ADDRESS_REFUSED

    @pytest.mark.parametrize("reply", [(403, {"error": "no", "proxy": "edge-7"}), (401, {"error": 7})])
    def test_a_refusal_in_another_form_than_the_exchanges_blames_nobody(self, reply: Any) -> None:
        assert verdict(host(key_check=reply)).verdict is Verdict.UNDETERMINED

    def test_where_public_calls_are_refused_too_it_is_not_the_key(self) -> None:
        refused = dict.fromkeys(("clock", "key_check", "balance", "orders", "cancel", "public"), DENIED)
        found = verdict(host(**refused, websocket=told("E17")))
        assert found.verdict is Verdict.UNREACHABLE
        assert "public" in found.line

    def test_without_a_sub_account_place_is_undetermined_and_the_step_is_told(self) -> None:
        found = verdict(host(account=None), expected=EXPECTED.model_copy(update={"account_id": None}))
        assert (found.verdict, found.promotes) == (Verdict.UNDETERMINED, False)
        assert "sub-account" in found.line
        assert finding(found, "Place order") is Finding.UNDETERMINED
        assert finding(found, "Cancel order") is Finding.UNDETERMINED

    @pytest.mark.parametrize("place", [DENIED, (418, {"error": "E17"}), "timeout", BROKEN])
    def test_an_acknowledged_cancel_is_no_grant_unless_the_order_was_let_through(self, place: Any) -> None:
        found = verdict(host(place=place))
        assert finding(found, "Cancel order") is Finding.UNDETERMINED
        assert found.levels[1].verdict is finding(found, "Place order")
        assert finding(verdict(), "Cancel order") is Finding.GRANTED

    def test_a_calibration_may_say_what_a_cancel_proves(self, tmp_path: Path) -> None:
        refused = host(place=(418, {"error": "E17"}))
        for proves, expected in ((True, Finding.GRANTED), (False, Finding.UNDETERMINED)):
            with calibrated(tmp_path / f"{proves}.json", cancel_proves=proves):
                assert finding(verdict(refused), "Cancel order") is expected
                assert finding(verdict(), "Cancel order") is Finding.GRANTED
                assert finding(verdict(host(place=DENIED)), "Cancel order") is not Finding.GRANTED

    def test_a_country_that_is_turned_away_is_not_the_keys_fault(self) -> None:
        shut = (403, {"error": "Service is not available in your country"})
        refused = dict.fromkeys(("key_check", "balance", "orders", "cancel"), shut)
        found = verdict(host(**refused, websocket=told("Service is not available in your country")))
        assert (found.verdict, found.promotes) == (Verdict.UNDETERMINED, False)
        assert "country" in found.line
        assert "key" in found.line

    def test_a_key_deactivated_between_the_two_answers_is_not_promoted(self) -> None:
        found = verdict(after=again(key_check=FAILED, websocket=told("API key is not activated")))
        assert (found.verdict, found.promotes) == (Verdict.NOT_ACTIVATED, False)

    def test_every_line_is_one_line(self) -> None:
        for reply in (FAILED, LIMITED, PAGE, (400, {"error": "two\nlines"})):
            assert "\n" not in verdict(host(key_check=reply)).line


class TestAClockAtTheEdgeProvesNothing:
    """Off by 19.9 s, one probe is refused for its time and the next is not: a funds level seemed shut."""

    @pytest.mark.parametrize("skew", [15.5, -19.0, 20.5, -24.0])
    def test_neither_grant_nor_refusal_counts(self, skew: float) -> None:
        for before in (host(), host(place=FAILED), host(cancel=FAILED, funds_wallet=FAILED)):
            found = verdict(before.model_copy(update={"clock_skew_s": skew}))
            expected = Verdict.CLOCK_SKEW if abs(skew) > 20 else Verdict.UNDETERMINED
            assert (found.verdict, found.promotes) == (expected, False)
            assert "clock" in found.line

    def test_a_refused_key_check_beyond_the_limit_is_the_clocks(self) -> None:
        late = host(key_check=FAILED).model_copy(update={"clock_skew_s": -20.5})
        assert verdict(late).verdict is Verdict.CLOCK_SKEW
        near = host(key_check=FAILED).model_copy(update={"clock_skew_s": -19.5})
        assert verdict(near).verdict is Verdict.UNDETERMINED

    def test_a_public_clock_that_is_wrong_does_not_matter_where_all_is_accepted(self) -> None:
        assert verdict(host().model_copy(update={"clock_skew_s": 300.0})).promotes


class TestTheKeyIsNotBlamedForTheAddress:
    """`Invalid API key` from an address that is not whitelisted: the operator makes key after key in vain."""

    UNKNOWN: ClassVar[dict[str, Any]] = {"key_check": FAILED, "websocket": told("Invalid API key")}

    def test_an_exchange_that_finds_the_signature_wrong_knows_the_key(self) -> None:
        found = verdict(host(**self.UNKNOWN, wrong_signature=told("Invalid signature")))
        assert (found.verdict, found.promotes) == (Verdict.ADDRESS_REFUSED, False)
        assert HOST in found.line

    def test_one_that_does_not_leaves_both_and_the_line_names_both(self) -> None:
        found = verdict(host(**self.UNKNOWN, wrong_signature=told("Invalid API key")))
        assert found.verdict is Verdict.WRONG_KEY
        assert "legacy page" in found.line
        assert HOST in found.line

    @pytest.mark.parametrize("reply", [None, "cut", told("E17"), PAGE])
    def test_without_that_answer_nothing_is_blamed(self, reply: Any) -> None:
        found = verdict(host(**self.UNKNOWN, wrong_signature=reply))
        assert found.verdict is Verdict.UNDETERMINED
        assert found.line.startswith("key, or the address")
        assert HOST in found.line

    def test_a_key_that_is_accepted_from_here_settles_it(self) -> None:
        open_here = here(key_check=GOOD["key-check"])
        found = verdict(host(**self.UNKNOWN, wrong_signature=told("Invalid API key")), open_here)
        assert found.verdict is Verdict.ADDRESS_REFUSED

    def test_unless_it_is_another_key_that_was_asked_from_here(self) -> None:
        open_here = here(key_check=GOOD["key-check"]).model_copy(update={"mark": "0" * 12})
        before = host(**self.UNKNOWN, wrong_signature=told("Invalid API key"))
        found = verdict(before.model_copy(update={"mark": "1" * 12}), open_here)
        assert found.verdict is Verdict.WRONG_KEY


class TestTwoVantagesSpeakOfOneKey:
    """Another key, refused from here for reasons of its own, would prove the whitelist of this one."""

    def test_another_key_from_here_proves_nothing(self) -> None:
        marked = host().model_copy(update={"mark": "a" * 12})
        found = verdict(marked, here().model_copy(update={"mark": "b" * 12}))
        assert (found.verdict, found.promotes) == (Verdict.UNDETERMINED, False)
        assert verdict(marked, here().model_copy(update={"mark": "a" * 12})).promotes

    def test_a_key_that_was_exchanged_on_the_host_meanwhile_is_not_promoted(self) -> None:
        changed = again().model_copy(update={"mark": "b" * 12})
        found = verdict(host().model_copy(update={"mark": "a" * 12}), after=changed)
        assert (found.verdict, found.promotes) == (Verdict.UNDETERMINED, False)
        assert "changed" in found.line


class TestEachSpotLevelHasAVerdict:
    """The key page has four boxes; a verdict in other words makes the operator guess which to tick."""

    def test_in_the_pages_order(self) -> None:
        found = verdict().levels
        assert [each.name for each in found] == ["Read", "Trade", "Funds Internal", "Funds Wallet"]
        assert [each.verdict.value for each in found] == ["granted", "granted", "refused", "refused"]

    def test_one_proof_is_enough_and_a_contradiction_is_none(self) -> None:
        level = {each.name: each for each in verdict(host(orders="cut", cancel="cut")).levels}
        assert [level["Read"].verdict, level["Trade"].verdict] == [Finding.GRANTED] * 2
        level = {each.name: each for each in verdict(host(cancel=DENIED)).levels}
        assert level["Trade"].verdict is Finding.UNDETERMINED
        assert "contradict" in level["Trade"].reason

    def test_nothing_is_known_of_a_key_that_was_refused(self) -> None:
        refused = host(**dict.fromkeys(("key_check", "balance", "orders"), FAILED), place=None, cancel=None)
        levels = verdict(refused).levels
        assert all(each.verdict is not Finding.GRANTED for each in levels[:2])
        assert "not asked" in levels[1].reason


class TestAKeyThatMovesFundsNeverPasses:
    """A bot's key that can empty the account is what the guide's double check is for."""

    @pytest.mark.parametrize(
        "reply",
        [
            (200, {"ok": "ok", "data": {"status": "rejected"}}),
            (200, {"ok": "ok", "data": {"transactionId": 7}}),
            (200, rejected(403, "Insufficient funds")),
        ],
    )
    def test_an_ok_is_granted(self, reply: Any) -> None:
        found = verdict(host(funds_wallet=reply), confirmed=(said("funds"), said("whitelist")))
        assert (found.verdict, found.promotes) == (Verdict.TOO_MANY_PERMISSIONS, False)

    def test_a_text_about_parameters_is_granted_once_the_other_level_was_refused(self) -> None:
        found = verdict(host(funds_wallet=WRONG_CURRENCY), confirmed=(said("funds"),))
        assert (found.verdict, found.promotes) == (Verdict.TOO_MANY_PERMISSIONS, False)
        assert "Funds Wallet" in found.line

    @pytest.mark.parametrize(
        "reply",
        [
            WRONG_CURRENCY,
            (400, {"error": "Bad Request"}),
            (422, {"error": "some new parameter text"}),
            (400, {"error": "some new text"}),
            (403, {"error": "Unknown account none-n1"}),
            (400, {"error": "Transfers from account none-n1 are not permitted"}),
            (403, {"error": "Transfers from account none-n1 are not permitted"}),
            (400, {"error": "Forbidden account"}),
            (403, {"error": "Forbidden account"}),
            (400, {"error": "Permission denied"}),
            (200, {"error": "Forbidden"}),
            (403, {"error": "Not permitted in your country"}),
            (500, {"error": "Too low amount to withdraw 0.00000002 BTC. Minimum amount 0.00100000 BTC"}),
            BROKEN,
            (200, {"error": "E17"}),
        ],
    )
    def test_a_text_that_is_no_refusal_proves_nothing(self, reply: Any) -> None:
        found = verdict(host(funds_wallet=reply, funds_internal=reply))
        assert (found.verdict, found.promotes) == (Verdict.FUNDS_NOT_PROVEN, False)
        assert "withdrawal" in found.line
        assert [each.verdict for each in found.funds] == [Finding.UNDETERMINED] * 2

    @pytest.mark.parametrize(
        "reply",
        [
            (200, {"status": "success"}),
            (200, {"ok": True, "data": {}}),
            (200, {"OK": "ok"}),
            (200, {"ok": "ok"}),
            (200, {"ok": "ok", "data": []}),
            (200, {"ok": "ok", "data": {"transactionId": 7}, "error": 7}),
        ],
    )
    def test_a_200_in_an_unknown_form_is_not_confirmed_away(self, reply: Any) -> None:
        found = verdict(host(funds_wallet=reply), confirmed=(said("funds"),))
        assert (found.verdict, found.promotes) == (Verdict.UNDETERMINED, False)

    def test_a_wording_that_a_calibration_has_shown_is_a_refusal_at_any_status(self, tmp_path: Path) -> None:
        reply = (400, {"error": "Forbidden account"})
        row = Row(
            cause="permission",
            match="exact",
            text="Forbidden account",
            status=(400,),
            source="calibrated",
            confidence="confirmed",
        )
        with calibrated(tmp_path / "calibrated.json", rows=(row,)):
            assert verdict(host(funds_wallet=reply, funds_internal=reply)).verdict is Verdict.VERIFIED

    def test_where_something_else_is_checked_first_only_a_calibrated_wording_is_a_refusal(
        self, tmp_path: Path
    ) -> None:
        shut = (403, {"error": "E17"})
        with calibrated(tmp_path / "calibrated.json", permission_first=False):
            found = verdict(host(funds_wallet=shut, funds_internal=shut))
        assert (found.verdict, found.promotes) == (Verdict.FUNDS_NOT_PROVEN, False)

    @pytest.mark.parametrize("reply", [LIMITED, "timeout", PAGE])
    def test_an_outage_is_asked_again_and_not_confirmed_away(self, reply: Any) -> None:
        found = verdict(host(funds_wallet=reply), confirmed=(said("funds"),))
        assert found.verdict in (Verdict.RATE_LIMITED, Verdict.UNREACHABLE)
        assert not found.promotes


class TestAConfirmationIsGoodForOneKeyAndOneQuestion:
    """`I looked at the key page` must not be inherited by the next key, nor cover what was seen."""

    def test_it_promotes_what_could_not_be_proven(self) -> None:
        found = verdict(host(**UNPROVEN), confirmed=(said("funds", FINGERPRINT[:12]),))
        assert (found.verdict, found.promotes) == (Verdict.FUNDS_NOT_PROVEN, True)
        assert "2026-01-01" in found.line
        assert [each.subject for each in found.confirmed] == ["funds"]

    @pytest.mark.parametrize(
        "confirmation",
        [said("whitelist"), said("funds", "cd" * 32), said("funds", day="2026-02-01")],
    )
    def test_another_subject_key_or_a_day_to_come_does_not_count(self, confirmation: Confirmation) -> None:
        assert not verdict(host(**UNPROVEN), confirmed=(confirmation,)).promotes

    def test_one_older_than_the_review_period_no_longer_counts_and_the_line_says_so(self) -> None:
        monthly = EXPECTED.model_copy(update={"review_days": 30})
        for day, counts in (("2025-12-03", True), ("2025-12-02", False), ("2025-01-02", False)):
            found = verdict(host(**UNPROVEN), expected=monthly, confirmed=(said("funds", day=day),))
            assert (found.verdict, found.promotes) == (Verdict.FUNDS_NOT_PROVEN, counts)
            assert (f"confirmed on {day} (funds) is older than the 30 days" in found.line) is not counts
        last_year = said("funds", day="2025-01-02")
        fresh = verdict(host(**UNPROVEN), expected=monthly, confirmed=(last_year, said("funds")))
        assert fresh.promotes
        assert "older" not in fresh.line
        assert "older" not in verdict(expected=monthly, confirmed=(last_year,)).line

    def test_no_fingerprint_is_confirmed_by_nothing(self) -> None:
        nameless = EXPECTED.model_copy(update={"fingerprint": ""})
        assert not verdict(host(**UNPROVEN), expected=nameless, confirmed=(said("funds"),)).promotes

    def test_a_whitelist_that_cannot_be_proven_needs_its_own(self) -> None:
        page = here(key_check=PAGE, orders=PAGE)
        assert verdict(elsewhere=page).verdict is Verdict.UNDETERMINED
        assert not verdict(elsewhere=page, confirmed=(said("funds"),)).promotes
        assert verdict(elsewhere=page, confirmed=(said("whitelist"),)).promotes
        both = verdict(host(**UNPROVEN), page, confirmed=(said("whitelist"),))
        assert not both.promotes

    def test_a_whitelist_that_was_seen_open_is_never_promoted(self) -> None:
        found = verdict(elsewhere=here(key_check=GOOD["key-check"]), confirmed=(said("whitelist"),))
        assert (found.verdict, found.promotes) == (Verdict.WHITELIST_NOT_ENFORCED, False)
        assert HOST in found.line


class TestARefusalFromElsewhereHasNoOtherCause:
    """A proxy's page or a limit taken for the whitelist leaves a key open to the world."""

    @pytest.mark.parametrize(
        "elsewhere",
        [
            here(key_check=PAGE, orders=PAGE),
            here(key_check=(403, "<html>Forbidden</html>"), orders=(403, "<html></html>")),
            here(key_check=LIMITED, orders=LIMITED),
            here(key_check="timeout", orders="timeout"),
            here(key_check="cut"),
            here(orders="cut"),
            here(key_check=BROKEN, orders=BROKEN),
            here(key_check=(401, {"error": "denied", "proxy": "corporate"})),
            here(key_check=(401, {"error": "API key is not activated"})),
            here(key_check=(401, {"error": "Timestamp is not in 20sec range"})),
            here(key_check=(422, {"error": "pair BTC-USD is not supported"})),
            here(websocket=told("Invalid signature")),
            here(websocket=GOOD["websocket"]),
            here(public="timeout"),
            here(public=PAGE),
            here(public=None),
            here(key_check=None),
            here(address=HOST),
            here(address=HOST, key_check=GOOD["key-check"]),
            here(address=None, key_check=GOOD["key-check"], orders=GOOD["orders"]),
            *(here(key_check=shut, orders=shut, websocket="cut") for shut in TURNED_AWAY),
            here().model_copy(update={"clock_skew_s": 19.0}),
            here().model_copy(update={"clock_skew_s": None}),
            not_ready("here", "agent", "the other host is not there"),
        ],
    )
    def test_anything_else_is_undetermined(self, elsewhere: Measurement) -> None:
        found = verdict(elsewhere=elsewhere)
        assert found.elsewhere.verdict is Finding.UNDETERMINED
        assert (found.verdict, found.promotes) == (Verdict.UNDETERMINED, False)

    def test_the_host_must_succeed_before_and_after(self) -> None:
        for after in (
            again(key_check=FAILED),
            again(key_check="timeout"),
            not_ready("host", "agent", "gone"),
        ):
            found = verdict(after=after)
            assert found.elsewhere.verdict is Finding.UNDETERMINED
            assert not found.promotes
        assert not judge(host(), here(), None, EXPECTED, [said("whitelist")]).promotes
        assert not judge(host(), None, again(), EXPECTED).promotes

    @pytest.mark.parametrize("open_", ["key_check", "orders"])
    def test_one_open_call_is_an_open_whitelist(self, open_: str) -> None:
        elsewhere = here(**{open_: GOOD[open_.replace("_", "-")]})
        assert verdict(elsewhere=elsewhere).verdict is Verdict.WHITELIST_NOT_ENFORCED


class TestAnAcceptedOrderRaisesAnAlarm:
    """The one probe that could trade: if it ever does, nobody may learn of it from a log."""

    @pytest.mark.parametrize(
        "reply",
        [
            (200, rejected(None, "", order_id=7, status="NEW")),
            (200, rejected(None, "", order_id=7, status="FILLED")),
            (200, {"ok": "ok", "data": {}}),
            (200, {"ok": "ok", "data": []}),
            (200, {"data": {"status": "NEW"}}),
        ],
    )
    def test_anything_accepted_is_an_alarm(self, reply: Any) -> None:
        found = verdict(host(place=reply), confirmed=(said("funds"), said("whitelist")))
        assert (found.verdict, found.promotes, found.alarm) == (Verdict.UNDETERMINED, False, True)
        assert found.line.startswith("ALARM")
        assert "cancel was sent and acknowledged" in found.line

    def test_a_cancel_that_failed_is_told(self) -> None:
        assert "NOT acknowledged" in verdict(host(place=ACCEPTED, cancel=BROKEN)).line

    @pytest.mark.parametrize(
        "reply",
        [
            "timeout",
            "cut",
            "garbage",
            "network",
            PAGE,
            BROKEN,
            (200, ""),
            (200, "[]"),
            (204, ""),
            (302, ""),
            (200, '{"ok":"ok","ok":"no","data":{"status":"REJECTED"}}'),
            (200, {"error": "E17", "ok": "ok", "data": {"status": "NEW"}}),
        ],
    )
    def test_an_answer_that_may_hide_an_order_is_one_until_it_was_looked_for(self, reply: Any) -> None:
        before = host(place=reply)
        assert in_doubt(before)
        assert judge(before, here(), again(), EXPECTED).alarm
        assert judge(before, here(), again(), EXPECTED, aftermath=aftermath(archived="cut")).alarm
        found = judge(before, here(), again(), EXPECTED, aftermath=aftermath())
        assert found.alarm == (reply[0] == 200 and isinstance(reply[1], dict))
        assert not found.promotes

    @pytest.mark.parametrize(
        "reply", ["refused", "dns", LIMITED, DENIED, FAILED, WRONG_CURRENCY, (200, TOO_SMALL)]
    )
    def test_what_cannot_have_ordered_anything_is_none(self, reply: Any) -> None:
        assert not in_doubt(host(place=reply))
        assert not verdict(host(place=reply)).alarm

    def test_the_order_is_looked_for_and_where_it_is_is_told(self) -> None:
        for looked, words in (
            (aftermath(), "neither among the open orders nor in the history"),
            (aftermath(resting=(200, {"ok": "ok", "data": [{"status": "NEW"}]})), "RESTS in the book"),
            (aftermath(archived=(200, {"ok": "ok", "data": [{"status": "FILLED"}]})), "FILLED"),
            (aftermath(resting=BROKEN), "could not be looked up"),
            (None, "could not be looked up"),
        ):
            found = judge(host(place=ACCEPTED), here(), again(), EXPECTED, aftermath=looked)
            assert (found.alarm, found.promotes) == (True, False)
            assert words in found.line

    def test_a_list_that_was_too_long_to_be_told_is_not_empty(self) -> None:
        looked = aftermath()
        cut = {"cut": True, "head": {"ok": "ok", "data": []}}
        answers = [
            each.model_copy(update=cut) if each.probe == "resting" else each for each in looked.answers
        ]
        looked = looked.model_copy(update={"answers": answers})
        found = judge(host(place="timeout"), here(), again(), EXPECTED, aftermath=looked)
        assert found.alarm
        assert "RESTS" in found.line

    def test_the_look_is_in_the_evidence(self) -> None:
        found = judge(host(place=ACCEPTED), here(), again(), EXPECTED, aftermath=aftermath())
        assert {"cancel-again", "resting", "archived"} <= {row["probe"] for row in found.evidence}

    @pytest.mark.parametrize(
        "reply",
        [
            (200, rejected(414, "too small", order_id=7)),
            (200, rejected(403, "Permission denied")),
            (200, rejected(999, "E17")),
            (200, rejected(None, "")),
        ],
    )
    def test_a_rejection_that_proves_nothing_is_no_grant(self, reply: Any) -> None:
        found = verdict(host(place=reply))
        assert finding(found, "Place order") is Finding.UNDETERMINED
        assert (found.verdict, found.promotes, found.alarm) == (Verdict.UNDETERMINED, False, False)


class TestEvidenceCanBeShown:
    """It goes into logs, outputs and reviews."""

    def test_a_row_an_answer_with_what_was_said(self) -> None:
        rows = verdict().evidence
        assert len(rows) == 10 + 5 + 4
        row = next(each for each in rows if each["probe"] == "funds-wallet")
        assert row["text"] == '{"error": "Permission denied"}'
        assert (row["vantage"], row["address"], row["status"]) == ("host", HOST, 403)

    def test_the_accounts_money_is_starred(self) -> None:
        assert "731.55" not in str(verdict(host(balance=(200, BALANCES))).evidence)


TEXTS = [
    "Authorization Failed",
    "Invalid API key",
    "Invalid signature",
    "API key is not activated",
    "Timestamp is not in 20sec range",
    "IP address is not allowed",
    "Permission denied",
    "API rate limit reached",
    "Unexpected error",
    "Bad Request",
    "Unsupported currency XXX",
    "order_placement is on maintenance",
    "Mandatory parameter price is missing",
    "Insufficient funds",
    "E17",
    "\ud800",
]
DATA = st.sampled_from(
    [{}, [], None, {"tradingFee": {}}, {"balancesPerAccounts": {}}, {"error": "E17"}, {"ok": "ok"}, "x", 7]
) | st.builds(
    lambda code, text, order, status: rejected(code, text, order, status)["data"],
    st.sampled_from([414, 424, "414", 403, 405, 437, 999, None]),
    st.sampled_from([*TEXTS, "Either AmountCcy1 or", "Too many active orders"]),
    st.sampled_from(["NONE", 7, None]),
    st.sampled_from(["REJECTED", "NEW", "FILLED", "PENDING_NEW", None]),
)
BODIES = st.one_of(
    st.builds(lambda text: {"error": text}, st.sampled_from(TEXTS)),
    st.builds(lambda text: {"e": "auth", "data": {"error": text}}, st.sampled_from(TEXTS)),
    st.builds(lambda data: {"ok": "ok", "data": data}, DATA),
    st.sampled_from(["", "<html></html>", "null", "[]", '"ok"', "{", {"ok": "no", "data": {}}, {"data": {}}]),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: st.dictionaries(st.sampled_from(["ok", "error", "data", "e", "status"]), inner),
        max_leaves=6,
    ),
)
REPLIES = st.one_of(
    st.none(),
    st.sampled_from(["refused", "timeout", "tls", "dns", "cut", "garbage", "network"]),
    st.tuples(st.sampled_from([101, 200, 302, 400, 401, 403, 404, 422, 429, 500, 502]), BODIES),
)
NAMES = ["clock", "key-check", "balance", "orders", "place", "cancel", "funds-wallet", "funds-internal"]
SPOILT = st.dictionaries(st.sampled_from([*NAMES, "websocket", "public"]), REPLIES, max_size=4)


def proven(name: str, reply: Any) -> bool:
    """The success of each probe, said once more and independently of the code under test."""
    status, body = reply
    if name == "place":
        if status != 200 or not isinstance(body, dict) or body.get("ok") != "ok" or body.get("error"):
            return False
        order = body["data"]
        if not isinstance(order, dict) or order.get("status") != "REJECTED" or order.get("error"):
            return False
        code, text = str(order.get("rejectCode")), order.get("rejectReason") or ""
        documented = {
            "403": "Insufficient funds",
            "405": "Either AmountCcy1",
            "437": "Too many active orders",
        }
        if code in ("414", "424"):
            return order.get("orderId") == "NONE"
        return code in documented and text.startswith(documented[code])
    if status != 200 or not isinstance(body, dict) or body.get("ok") != "ok" or body.get("error"):
        return False
    data = body.get("data")
    return {
        "key-check": isinstance(data, dict) and "tradingFee" in data and not data.get("error"),
        "balance": isinstance(data, dict) and "balancesPerAccounts" in data and not data.get("error"),
        "orders": isinstance(data, list),
        "cancel": data == {},
    }[name]


class TestNothingIsEverFalselyGranted:
    """Whatever the exchange, a proxy or a cut line answers."""

    @settings(max_examples=400, deadline=None)
    @given(SPOILT, SPOILT, SPOILT)
    def test_no_answers_make_a_false_grant_or_a_false_promotion(
        self, before: dict[str, Any], elsewhere: dict[str, Any], after: dict[str, Any]
    ) -> None:
        plain = [
            {name.replace("-", "_"): each for name, each in one.items()} for one in (before, elsewhere, after)
        ]
        found = judge(host(**plain[0]), here(**plain[1]), again(**plain[2]), EXPECTED)
        probes = dict(zip(GUIDE_PERMISSIONS, ["balance", "orders", "place", "cancel"], strict=True))
        for each in found.permissions:
            reply = before.get(probes[each.name], GOOD[probes[each.name]])
            if each.verdict is Finding.GRANTED:
                assert isinstance(reply, tuple)
                assert proven(probes[each.name], reply)
        if found.promotes:
            assert found.verdict is Verdict.VERIFIED
            needed = ["key-check", "balance", "orders", "place", "cancel"]
            assert all(proven(name, before.get(name, GOOD[name])) for name in needed)
            assert proven("key-check", after.get("key-check", GOOD["key-check"]))
            for name in ("funds-wallet", "funds-internal"):
                reply = before.get(name, GOOD[name])
                assert isinstance(reply, tuple)
                assert reply[0] in range(200, 500)
                assert "ok" not in reply[1]
            for name in ("key-check", "orders"):
                status, body = elsewhere.get(name, AWAY)
                assert status in (200, *range(400, 500))
                assert status != 429
                assert body.get("ok") != "ok"
        found.model_dump_json()

    @settings(max_examples=200, deadline=None)
    @given(
        SPOILT,
        st.sampled_from([0.1, 14.9, 15.1, -19.9, 20.5, 300.0, None]),
        st.sampled_from([None, "a" * 12, "b" * 12]),
        st.dictionaries(st.sampled_from(["resting", "archived", "cancel-again"]), REPLIES),
    )
    def test_neither_clock_nor_key_nor_order_is_passed_over(
        self, before: dict[str, Any], skew: float | None, mark: str | None, looked: dict[str, Any]
    ) -> None:
        plain = {name.replace("-", "_"): each for name, each in before.items()}
        measured = host(**plain).model_copy(update={"clock_skew_s": skew, "mark": mark})
        away = here().model_copy(update={"mark": "a" * 12})
        after = again().model_copy(update={"mark": "a" * 12})
        aside = aftermath(**{name.replace("-", "_"): each for name, each in looked.items()})
        found = judge(measured, away, after, EXPECTED, [said("funds"), said("whitelist")], aside)
        if found.promotes:
            assert mark != "b" * 12
            assert skew is None or abs(skew) < 15 or abs(skew) > 25
            assert proven("place", before.get("place", GOOD["place"]))
            assert not found.alarm
        order = before.get("place", GOOD["place"])
        if isinstance(order, tuple) and order[0] == 200 and str(order[1]).find("'NEW'") > 0:
            assert found.alarm
            assert not found.promotes

    @settings(max_examples=100, deadline=None)
    @given(SPOILT, SPOILT)
    def test_a_confirmation_never_promotes_a_key_that_was_seen_to_move_funds_or_be_open(
        self, before: dict[str, Any], elsewhere: dict[str, Any]
    ) -> None:
        plain = [{name.replace("-", "_"): each for name, each in one.items()} for one in (before, elsewhere)]
        found = judge(
            host(**plain[0]), here(**plain[1]), again(), EXPECTED, [said("funds"), said("whitelist")]
        )
        if found.promotes:
            assert all(each.verdict is not Finding.GRANTED for each in (*found.funds, found.elsewhere))
            assert all(each.verdict is Finding.GRANTED for each in found.permissions)
