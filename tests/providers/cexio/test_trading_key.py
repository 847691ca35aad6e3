"""cexio:TradingKey through the real dynamic-provider server, against the sandbox's AWS, host and exchange."""

from __future__ import annotations

import datetime as dt
import json
import re
import stat
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from cexio.client import SpotClient
from cexio.credentials import Credentials
from providers.cexio.offered_key import fingerprint
from providers.cexio.trading_key import TradingKeyProvider
from tests.providers.cexio.conftest import DEPLOYER, PLACEHOLDER, Sandbox
from tests.providers.dynamic_server import UNKNOWN, CallFailed, DynamicServer

FOUR = ["Account balance", "Open orders", "Place order", "Cancel order"]
KEY = TradingKeyProvider()


class Stack:
    """The trading key of one stack: what an engine would keep, and `up` as an engine would do it."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.account = uuid.uuid4().hex[:8]
        self.arn = sandbox.secret()
        self.props: dict[str, Any] = {
            "owner": "cexio-bot/test/key-bot",
            "secretArn": self.arn,
            "instanceId": sandbox.instance,
            "addresses": [sandbox.address],
            "permissions": FOUR,
            "accountId": "bot",
            "pair": "BTC-USD",
            "confirmations": [],
            "reviewDays": 90,
        }
        self.inputs: dict[str, Any] | None = None
        self.outputs: dict[str, Any] | None = None
        self.seen = ""

    def key(self, **changed: Any) -> dict[str, str]:
        """A key of the exchange, as the record asks for it but for what is changed."""
        made = {"addresses": [self.sandbox.address], "permissions": FOUR, **changed}
        return self.sandbox.exchange.make_key(account=self.account, **made)

    def up(self, offered: dict[str, str] | None = None, **changed: Any) -> str:
        """One run: check, diff, create or update; which of them it came to. CallFailed if it was refused."""
        self.props |= changed
        try:
            return self._up(self.sandbox.provider(offered))
        except CallFailed as failed:
            self.seen += str(failed)
            raise

    def refresh(self) -> None:
        id_, self.outputs = self.sandbox.silent.read("x", outputs(self))
        if not id_:
            self.inputs = self.outputs = None

    def _up(self, server: DynamicServer) -> str:
        inputs, failures = server.check(KEY, self.props, self.inputs)
        if failures:
            raise CallFailed(str(failures))
        if self.inputs is None or self.outputs is None:
            _, self.outputs = server.create(inputs)
            done = "created"
        else:
            changes, replaces = server.diff("x", self.outputs, inputs)
            assert replaces == []
            if changes:
                self.outputs = server.update("x", self.outputs, inputs)
            done = "updated" if changes else "same"
        self.inputs = inputs
        self.seen += json.dumps([self.inputs, self.outputs])
        return done


@pytest.fixture
def stack(sandbox: Sandbox) -> Iterator[Stack]:
    made = Stack(sandbox)
    yield made
    sandbox.exchange.person("PATCH", "/switches", {"permission_check": None})
    assert not sandbox.leaks_into(made.seen)


def outputs(stack: Stack) -> dict[str, Any]:
    assert stack.outputs is not None
    return stack.outputs


class TestFirstKey:
    """The first key ever offered must not be what the bot reads before it is proven."""

    def test_without_a_key_the_stack_awaits_one(self, stack: Stack) -> None:
        assert stack.up() == "created"
        assert outputs(stack)["status"] == "awaiting key"
        assert stack.up() == "same"

    def test_a_good_key_is_verified_from_two_addresses_and_promoted(self, stack: Stack) -> None:
        stack.up()
        key = stack.key()
        assert stack.up(key) == "updated"
        found = outputs(stack)
        assert found["status"] == "verified"
        assert stack.sandbox.value(stack.arn) == key
        assert stack.sandbox.stages(stack.arn)["AWSCURRENT"] == found["fingerprint"] == found["versionId"]
        assert "AWSPENDING" not in stack.sandbox.stages(stack.arn)
        assert {row["verdict"] for row in found["permissionVerdicts"]} == {"granted"}
        assert {row["verdict"] for row in found["fundsVerdicts"]} == {"refused"}
        assert [(row["name"], row["verdict"]) for row in found["levelVerdicts"]] == [
            ("Read", "granted"),
            ("Trade", "granted"),
            ("Funds Internal", "refused"),
            ("Funds Wallet", "refused"),
        ]
        assert found["elsewhere"]["verdict"] == "refused"
        assert {row["address"] for row in found["evidence"]} >= {stack.sandbox.address, "127.0.0.1"}
        assert stack.up() == "same"
        assert stack.up(key) == "same"

    def test_a_first_key_that_is_refused_was_current_at_no_call(self, stack: Stack) -> None:
        with pytest.raises(CallFailed, match="address refused"):
            stack.up(stack.key(addresses=["127.99.99.99"]))
        assert stack.sandbox.value(stack.arn) == json.loads(PLACEHOLDER)
        assert "AWSPREVIOUS" not in stack.sandbox.stages(stack.arn)
        assert stack.outputs is None
        assert stack.up() == "created"
        assert outputs(stack)["status"] == "awaiting key"

    def test_a_key_found_in_current_is_adopted_and_proven(self, stack: Stack) -> None:
        key = stack.key()
        stack.up(key)
        proven = outputs(stack)
        stack.inputs = stack.outputs = None
        assert stack.up() == "created"
        assert outputs(stack)["status"] == "verified"
        assert outputs(stack)["fingerprint"] == proven["fingerprint"]


class TestSubAccount:
    """A bot was let loose on a sub-account with nothing in it, and nobody could tell from the evidence."""

    def account(self, stack: Stack) -> dict[str, Any]:
        [row] = [row for row in outputs(stack)["evidence"] if row["probe"] == "balance"]
        assert not re.search(r'"balance":"[^*]', row["text"])
        return dict(row["account"])

    def test_the_evidence_says_that_it_is_there_and_funded_and_no_amount(self, stack: Stack) -> None:
        stack.up(stack.key())
        assert self.account(stack) == {"name": "bot", "exists": True, "funded": True}
        assert stack.up() == "same"

    def test_an_empty_one_is_not_funded(self, stack: Stack) -> None:
        anywhere = stack.key(addresses=[])
        credentials = Credentials(key=SecretStr(anywhere["key"]), secret=SecretStr(anywhere["secret"]))
        with SpotClient(stack.sandbox.exchange.url, credentials) as client:
            client.private("do_create_account", {"accountId": "empty", "currency": "USD"})
        stack.up(stack.key(), accountId="empty")
        assert self.account(stack) == {"name": "empty", "exists": True, "funded": False}


class TestRefused:
    """A refusal that cost the old key, or could not be mended, would be worse than no check."""

    @pytest.mark.parametrize(
        ("fault", "verdict"),
        [
            ({"addresses": ["127.99.99.99"]}, "address refused"),
            ({"addresses": []}, "whitelist not enforced"),
            ({"permissions": ["Account balance"]}, "permission missing"),
            ({"permissions": [*FOUR, "Withdrawal"]}, "too many permissions"),
            ({"active": False}, "not activated"),
        ],
    )
    def test_each_fault_is_one_line_that_names_it_and_the_old_key_stays(
        self, stack: Stack, fault: dict[str, Any], verdict: str
    ) -> None:
        old = stack.key()
        stack.up(old)
        before = stack.outputs
        with pytest.raises(CallFailed) as caught:
            stack.up(stack.key(**fault))
        line = last_line(caught.value)
        assert f"{verdict}: " in line
        assert "Traceback" not in str(caught.value)
        assert stack.outputs is before
        assert stack.sandbox.value(stack.arn) == old
        assert stack.up() == "same"

    def test_a_wrong_secret_is_told_as_such(self, stack: Stack) -> None:
        key = stack.key()
        with pytest.raises(CallFailed, match="wrong key or signature"):
            stack.up({**key, "secret": key["secret"][:-1] + "#"})

    def test_an_order_that_is_taken_is_an_alarm_and_is_taken_back(self, stack: Stack) -> None:
        key = stack.key()
        stack.sandbox.exchange.person("PATCH", "/switches", {"orders_taken": "any"})
        try:
            with pytest.raises(CallFailed) as caught:
                stack.up(key)
        finally:
            stack.sandbox.exchange.person("PATCH", "/switches", {"orders_taken": None})
        line = last_line(caught.value)
        assert "ALARM: the order probe was not rejected" in line
        assert "the order history has it" in line
        account = json.loads(
            stack.sandbox.exchange.store.joinpath(f"accounts/{stack.account}.json").read_text()
        )
        assert [order["status"] for order in account["orders"]] == ["CANCELLED"]
        assert stack.sandbox.value(stack.arn) == json.loads(PLACEHOLDER)

    def test_what_was_answered_can_be_read_though_no_state_holds_it(self, stack: Stack) -> None:
        key = stack.key(addresses=["127.99.99.99"])
        with pytest.raises(CallFailed) as caught:
            stack.up(key)
        file = Path(last_line(caught.value).rpartition("what was answered is in ")[2])
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert (stack.sandbox.folder / "offering" / "cexio-bot") in file.parents
        told = json.loads(file.read_text())
        mark = fingerprint(Credentials.model_validate(key), stack.props["owner"])
        assert (told["verdict"], told["fingerprint"]) == ("address refused", mark)
        asked = {(row["vantage"], row["probe"]) for row in told["evidence"]}
        assert {("host", "key-check"), ("here", "key-check")} <= asked
        assert not stack.sandbox.leaks_into(file.read_text())
        assert key["key"] not in file.read_text()
        with pytest.raises(CallFailed, match=re.escape(str(file))):
            stack.up(stack.key(active=False))
        assert json.loads(file.read_text())["verdict"] == "not activated"
        assert [each.name for each in file.parent.iterdir() if "refused" in each.name] == [file.name]

    def test_refused_mended_and_offered_again_it_is_promoted(self, stack: Stack) -> None:
        key = stack.key(active=False)
        with pytest.raises(CallFailed, match="not activated"):
            stack.up(key)
        stack.sandbox.exchange.activate(key["key"], stack.account)
        assert stack.up(key) == "created"
        assert stack.sandbox.value(stack.arn) == key

    def test_a_key_refused_between_two_others_takes_no_stage_from_them(self, stack: Stack) -> None:
        stack.up(stack.key())
        with pytest.raises(CallFailed):
            stack.up(stack.key(active=False))
        rotated = stack.key()
        assert stack.up(rotated) == "updated"
        assert stack.sandbox.value(stack.arn) == rotated

    def test_a_bad_offer_fails_the_check_before_anything_is_asked(self, stack: Stack) -> None:
        asked = len(stack.sandbox.requests())
        with pytest.raises(CallFailed, match="CEXIO_KEY_FILE"):
            stack.up({"key": "canary-key"})
        assert len(stack.sandbox.requests()) == asked


class TestClosedSecret:
    """A key put into a secret that somebody had opened was read before anybody looked."""

    def test_no_key_is_put_into_an_open_secret_and_closed_it_takes_the_same_key(self, stack: Stack) -> None:
        key, secrets = stack.key(), stack.sandbox.secrets
        secrets.delete_resource_policy(SecretId=stack.arn)
        before = stack.sandbox.stages(stack.arn)
        with pytest.raises(CallFailed, match="no key is put there: `pulumi refresh`"):
            stack.up(key)
        assert stack.sandbox.stages(stack.arn) == before
        stack.sandbox.close(stack.arn, DEPLOYER)
        assert stack.up(key) == "created"
        assert stack.sandbox.value(stack.arn)["key"] == key["key"]

    def test_who_is_locked_out_is_told_in_one_line_and_the_old_key_stays(self, stack: Stack) -> None:
        stack.up(stack.key())
        before = stack.sandbox.stages(stack.arn)
        stack.sandbox.close(stack.arn, "arn:aws:iam::123456789012:role/somebody-else")
        with pytest.raises(CallFailed) as failed:
            stack.up(stack.key())
        told = str(failed.value).strip()
        assert "\n" not in told
        assert DEPLOYER in told
        assert "cexio-bot:deployers" in told
        assert stack.sandbox.stages(stack.arn) == before


class TestConfirmations:
    """What behaviour cannot prove is promoted on a person's word alone, for this key and with a date."""

    def test_funds_not_proven_asks_for_a_confirmation_and_takes_it_for_this_key_only(
        self, stack: Stack
    ) -> None:
        stack.sandbox.exchange.person("PATCH", "/switches", {"permission_check": "after-validation"})
        key = stack.key()
        with pytest.raises(CallFailed, match="funds not proven") as caught:
            stack.up(key)
        command = last_line(caught.value).partition("pulumi config set cexio-bot:withdrawalConfirmed '")[2]
        mark = command.partition(" ")[0]
        today = dt.datetime.now(dt.timezone.utc).date().isoformat()
        row = {"subject": "funds", "fingerprint": mark, "date": today}
        with pytest.raises(CallFailed, match="funds not proven"):
            stack.up(key, confirmations=[{**row, "fingerprint": "0" * 16}])
        with pytest.raises(CallFailed, match=r"2020-01-01 \(funds\) is older than the 90 days"):
            stack.up(key, confirmations=[{**row, "date": "2020-01-01"}])
        assert stack.up(key, confirmations=[row]) == "created"
        assert outputs(stack)["status"] == "verified, funds not proven"


class TestLaterRuns:
    """Proof belongs to circumstances: when they change it is taken again; when not, nothing is asked."""

    def test_a_review_asked_for_proves_the_current_key_again(self, stack: Stack) -> None:
        stack.up(stack.key())
        proven = outputs(stack)["verifiedAt"]
        assert stack.up(reviewRequest="2") == "updated"
        assert outputs(stack)["verifiedAt"] > proven
        assert stack.up() == "same"

    def test_another_review_interval_moves_the_due_date_and_asks_nobody(self, stack: Stack) -> None:
        stack.up(stack.key())
        asked, proven = len(stack.sandbox.requests()), outputs(stack)
        assert stack.up(reviewDays=30) == "updated"
        assert outputs(stack)["reviewDue"] < proven["reviewDue"]
        assert outputs(stack)["verifiedAt"] == proven["verifiedAt"]
        assert len(stack.sandbox.requests()) == asked

    def test_a_key_that_went_bad_fails_its_review_and_stays(self, stack: Stack) -> None:
        key = stack.key()
        stack.up(key)
        stack.sandbox.exchange.person("POST", f"/accounts/{stack.account}/keys/{key['key']}/deactivate")
        with pytest.raises(CallFailed, match="not activated"):
            stack.up(reviewRequest="2")
        assert stack.sandbox.value(stack.arn) == key
        stack.sandbox.exchange.activate(key["key"], stack.account)
        assert stack.up() == "updated"

    def test_an_unknown_value_is_an_update_and_never_a_replacement(self, stack: Stack) -> None:
        stack.up()
        stack.props |= {"instanceId": UNKNOWN, "addresses": [UNKNOWN]}
        server = stack.sandbox.silent
        inputs, failures = server.check(KEY, stack.props, stack.inputs)
        assert failures == []
        assert server.diff("x", outputs(stack), inputs) == (True, [])


class TestRefresh:
    """A key changed by hand is not the one that was proven."""

    def test_nothing_drifted_is_nothing_to_do(self, stack: Stack) -> None:
        stack.up(stack.key())
        before = outputs(stack)
        stack.refresh()
        assert outputs(stack) == before
        assert stack.up() == "same"

    def test_another_current_version_is_told_and_proven_by_the_next_run(self, stack: Stack) -> None:
        stack.up(stack.key())
        by_hand = stack.key()
        stack.sandbox.secrets.put_secret_value(SecretId=stack.arn, SecretString=json.dumps(by_hand))
        stack.refresh()
        assert outputs(stack)["status"] == "undetermined"
        assert "pulumi up" in outputs(stack)["summary"]
        assert stack.up() == "updated"
        assert outputs(stack)["status"] == "verified"
        assert stack.up() == "same"

    def test_a_secret_reset_to_its_placeholder_takes_the_same_key_again(self, stack: Stack) -> None:
        key = stack.key()
        stack.up(key)
        stack.sandbox.secrets.put_secret_value(SecretId=stack.arn, SecretString=PLACEHOLDER)
        stack.refresh()
        assert stack.up() == "updated"
        assert outputs(stack)["status"] == "awaiting key"
        assert stack.up() == "same"
        assert stack.up(key) == "updated"
        assert outputs(stack)["status"] == "verified"

    def test_a_secret_that_is_gone_takes_the_key_out_of_the_state(self, stack: Stack) -> None:
        stack.up(stack.key())
        stack.sandbox.secrets.delete_secret(SecretId=stack.arn, RecoveryWindowInDays=7)
        stack.refresh()
        assert stack.outputs is None


class TestMeanwhile:
    """Two people at once: the second must not promote what the first has not proven."""

    def test_deleting_the_resource_deletes_no_version(self, stack: Stack) -> None:
        stack.up(stack.key())
        before = stack.sandbox.stages(stack.arn)
        server = stack.sandbox.silent
        server.delete("x", outputs(stack))
        server.delete("x", outputs(stack))
        assert stack.sandbox.stages(stack.arn) == before


class TestHostNotReady:
    """A host that does not answer says nothing about a key."""

    def test_a_host_that_is_gone_is_told_as_such_and_nothing_is_promoted(self, stack: Stack) -> None:
        key = stack.key()
        with pytest.raises(CallFailed, match="host not ready"):
            stack.up(key, instanceId="i-00000000000000000")
        assert stack.sandbox.value(stack.arn) == json.loads(PLACEHOLDER)


def last_line(failed: CallFailed) -> str:
    return str(failed).strip().splitlines()[-1]
