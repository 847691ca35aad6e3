"""Every refusal of AWS's as one line, and what is sent again, through real clients against a proxy."""

from __future__ import annotations

import importlib.util
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, NoCredentialsError, ProfileNotFound

from providers.aws import patience, session
from providers.aws.catalogue import QUOTAS, REFUSALS
from providers.aws.failures import answer_was_lost, is_gone, told, was_throttled
from providers.endpoints import Endpoints
from providers.errors import (
    AccessRefused,
    CredentialsRefused,
    NoAnswer,
    NoCapacity,
    QuotaReached,
    RegionRefused,
    Throttled,
)
from tests.faults.accidents import ACCIDENTS, ENCODED, refused
from tests.faults.proxy import Call, Fate, Proxy, answer, reset_before, stall

DOCS = Path(__file__).resolve().parents[3] / "docs"
SUBJECT = "ElasticIp cexio-bot/dev/address"
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def proxy() -> Iterator[Proxy]:
    made = Proxy(NOWHERE)
    yield made
    made.stop()


@pytest.fixture(autouse=True)
def _in_haste(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv(patience.VARIABLE, "0.01")
    patience.listen(sandbox=True)
    yield
    monkeypatch.undo()
    patience.listen(sandbox=True)


def clients(proxy: Proxy, service: Any, *, once: bool = False) -> Any:
    return session.client(
        service, Endpoints(sandbox=True, region="us-east-1", aws=proxy.url, cexio=NOWHERE), once=once
    )


def line(proxy: Proxy, fate: Callable[[Call], Fate], call: Callable[[], object]) -> tuple[type, str, int]:
    """The class of the error that a call under a fate ends in, its text, and how often the call was sent."""
    proxy.forget(fate)
    with pytest.raises(Exception) as failed:
        call()
    error = told(failed.value, SUBJECT)
    assert "\n" not in str(error)
    return type(error), str(error), len([call for call in proxy.calls if call.service != "sts"])


class TestOneLine:
    """A code that the program did not know was shown with a traceback, and the operator asked us."""

    @pytest.mark.parametrize(
        ("accident", "kind"),
        [
            ("throttled", Throttled),
            ("429 without a body", Throttled),
            ("503 without a body", NoAnswer),
            ("500", NoAnswer),
            ("no connection", NoAnswer),
            ("login page", NoAnswer),
            ("proxy's 403", NoAnswer),
            ("denied", AccessRefused),
            ("not opted in", RegionRefused),
            ("wrong region", RegionRefused),
            ("expired", CredentialsRefused),
            ("unknown key", CredentialsRefused),
            ("clock", CredentialsRefused),
        ],
    )
    @pytest.mark.parametrize("service", ["ec2", "iam", "secretsmanager"])
    def test_names_object_action_request_and_next_step(
        self, proxy: Proxy, service: str, accident: str, kind: type
    ) -> None:
        action, call = {
            "ec2": ("ec2:AllocateAddress", lambda: clients(proxy, "ec2", once=True).allocate_address()),
            "iam": ("iam:GetRole", lambda: clients(proxy, "iam").get_role(RoleName="r")),
            "secretsmanager": (
                "secretsmanager:DescribeSecret",
                lambda: clients(proxy, "secretsmanager").describe_secret(SecretId="s"),
            ),
        }[service]
        seen, text, _ = line(proxy, ACCIDENTS[accident].fate, call)
        assert seen is kind
        assert text.startswith(f"{SUBJECT}: {action} ")
        last = proxy.calls[-1]
        for part in ACCIDENTS[accident].says(last) if last.service == service else ():
            assert part in text
        answered = accident not in ("no connection",)
        assert not answered or "request" in text

    @pytest.mark.parametrize("code", QUOTAS)
    def test_a_quota_is_told_with_its_code_and_the_command_that_raises_it(
        self, proxy: Proxy, code: str
    ) -> None:
        kind, text, sent = line(
            proxy,
            lambda call: refused(call, code, "The maximum number has been reached."),
            lambda: clients(proxy, "ec2", once=True).allocate_address(),
        )
        assert (kind, sent) == (QuotaReached, 1)
        if QUOTAS[code].code:
            assert "aws service-quotas request-service-quota-increase --service-code" in text
            assert f"--quota-code {QUOTAS[code].code} --region us-east-1" in text

    def test_a_quota_of_iam_is_told_apart_by_the_call(self, proxy: Proxy) -> None:
        _, text, sent = line(
            proxy,
            lambda call: refused(call, "LimitExceeded", "Cannot exceed quota for RolesPerAccount: 1000", 409),
            lambda: clients(proxy, "iam").create_role(RoleName="r", AssumeRolePolicyDocument="{}"),
        )
        assert sent == 1
        assert "--service-code iam --quota-code L-FE177D64 --region us-east-1" in text

    def test_every_code_of_the_catalogue_has_an_advice_of_its_own(self, proxy: Proxy) -> None:
        for code in REFUSALS:
            error: Any = {"Error": {"Code": code, "Message": ""}, "ResponseMetadata": {"RequestId": "r-1"}}
            text = str(told(ClientError(error, "Call"), SUBJECT))
            assert "(request r-1): " in text
            assert "{" not in text
            assert "mend what AWS names" not in text

    def test_no_credentials_and_no_profile_are_told_with_the_way_to_log_in(self) -> None:
        error = NoCredentialsError()
        error.aws_action = "ec2:DescribeAddresses"  # type: ignore[attr-defined]
        said = told(error, SUBJECT)
        assert isinstance(said, CredentialsRefused)
        assert "ec2:DescribeAddresses could not be made" in str(said)
        assert "AWS_PROFILE" in str(told(ProfileNotFound(profile="x"), SUBJECT))


class TestWhichActionIsMissing:
    """RunInstances was refused, RunInstances was allowed already, and PassRole was what was missing."""

    def denied(self, proxy: Proxy, decoded: Fate | None) -> str:
        def fate(call: Call) -> Fate:
            if call.service == "sts":
                return decoded or refused(call, "AccessDenied", "User is not authorized", 403)
            return ACCIDENTS["denied"].fate(call)

        _, text, _ = line(
            proxy,
            fate,
            lambda: clients(proxy, "ec2", once=True).run_instances(ImageId="ami-1", MinCount=1, MaxCount=1),
        )
        assert ENCODED not in text
        return text

    def test_is_read_from_the_encoded_message_where_that_is_allowed(self, proxy: Proxy) -> None:
        context = {"action": "iam:PassRole", "resource": "arn:aws:iam::123456789012:role/host"}
        message = json.dumps({"allowed": False, "explicitDeny": False, "context": context})
        body = (
            "<DecodeAuthorizationMessageResponse><DecodeAuthorizationMessageResult><DecodedMessage>"
            f"{message}</DecodedMessage></DecodeAuthorizationMessageResult>"
            "<ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></DecodeAuthorizationMessageResponse>"
        )
        text = self.denied(proxy, answer(200, body, {"content-type": "text/xml"}))
        assert "allow iam:PassRole on arn:aws:iam::123456789012:role/host to these credentials" in text

    def test_is_one_of_those_that_the_call_asks_for_where_it_is_not(self, proxy: Proxy) -> None:
        text = self.denied(proxy, None)
        assert "allow ec2:RunInstances to these credentials" in text
        assert "iam:PassRole on the host's role and ec2:CreateTags" in text
        assert "sts:DecodeAuthorizationMessage" in text

    def test_is_the_one_that_aws_names_and_not_the_call(self, proxy: Proxy) -> None:
        said = (
            "User: arn:aws:iam::123456789012:user/bot is not authorized to perform: iam:PassRole on "
            "resource: arn:aws:iam::123456789012:role/host because no identity-based policy allows it"
        )
        _, text, _ = line(
            proxy,
            lambda call: refused(call, "AccessDenied", said, 403),
            lambda: clients(proxy, "iam").add_role_to_instance_profile(InstanceProfileName="p", RoleName="r"),
        )
        assert "allow iam:PassRole on arn:aws:iam::123456789012:role/host to these credentials" in text

    def test_is_somebody_elses_to_give_where_a_policy_forbids_it(self, proxy: Proxy) -> None:
        said = (
            "User: arn:aws:iam::123456789012:user/bot is not authorized to perform: iam:CreateRole on "
            "resource: arn:aws:iam::123456789012:role/host with an explicit deny in a service control policy"
        )
        _, text, _ = line(
            proxy,
            lambda call: refused(call, "AccessDenied", said, 403),
            lambda: clients(proxy, "iam").create_role(RoleName="r", AssumeRolePolicyDocument="{}"),
        )
        assert "the service control policy denies iam:CreateRole" in text


class TestSentAgain:
    """Two addresses after one reset; a minute of repeats of a quota that no repeat would raise."""

    def test_a_create_without_a_token_is_never_sent_again_where_its_fate_is_unknown(
        self, proxy: Proxy
    ) -> None:
        allocate = clients(proxy, "ec2", once=True).allocate_address
        for accident in ("500", "no connection", "login page", "503 without a body"):
            _, _, sent = line(proxy, ACCIDENTS[accident].fate, allocate)
            assert sent == 1, accident
        assert line(proxy, lambda _: stall(6.0), allocate)[2] == 1

    def test_a_throttled_create_did_nothing_and_is_sent_again(self, proxy: Proxy) -> None:
        allocate = clients(proxy, "ec2", once=True).allocate_address
        assert line(proxy, ACCIDENTS["throttled"].fate, allocate)[2] > 3
        assert line(proxy, ACCIDENTS["429 without a body"].fate, allocate)[2] > 3

    def test_capacity_is_asked_for_some_times_and_then_told(self, proxy: Proxy) -> None:
        kind, text, sent = line(
            proxy,
            lambda call: refused(call, "InsufficientInstanceCapacity", "no capacity", 500),
            lambda: clients(proxy, "ec2", once=True).run_instances(ImageId="ami-1", MinCount=1, MaxCount=1),
        )
        assert (kind, sent) == (NoCapacity, 4)
        assert "cexio-bot:instanceType or the availability zone" in text

    def test_a_quota_of_secrets_manager_is_not_taken_for_throttling(self, proxy: Proxy) -> None:
        kind, text, sent = line(
            proxy,
            lambda call: refused(call, "LimitExceededException", "You've exceeded the quota"),
            lambda: clients(proxy, "secretsmanager").create_secret(Name="s"),
        )
        assert (kind, sent) == (QuotaReached, 1)
        assert "--service-code secretsmanager --quota-code L-2F66C23C" in text

    def test_a_question_is_repeated_after_a_reset_and_after_what_is_no_answer(self, proxy: Proxy) -> None:
        ask = clients(proxy, "ec2").describe_vpcs
        assert line(proxy, lambda _: reset_before(), ask)[2] == 4
        assert line(proxy, ACCIDENTS["login page"].fate, ask)[2] == 4

    def test_a_call_that_never_answers_ends(self, proxy: Proxy) -> None:
        began = time.monotonic()
        line(proxy, lambda _: stall(6.0), clients(proxy, "ec2").describe_vpcs)
        assert time.monotonic() - began < 5.0


class TestNoAnswerOfAws:
    """A hotel's login page was taken for an empty list: the address was gone, said the program."""

    @pytest.mark.parametrize(
        "body", [b"", b"<html><body>Sign in</body></html>", b'{"ARN": "arn:aws:secr', b"[]"]
    )
    @pytest.mark.parametrize("status", [200, 403, 500])
    def test_is_an_error_and_never_a_value(self, proxy: Proxy, body: bytes, status: int) -> None:
        proxy.forget(lambda _: answer(status, body, {"content-type": "text/html"}))
        for call in (
            lambda: clients(proxy, "secretsmanager").describe_secret(SecretId="s"),
            lambda: clients(proxy, "ec2").describe_addresses(),
            lambda: clients(proxy, "iam").get_role(RoleName="r"),
        ):
            with pytest.raises(ClientError) as failed:
                call()
            assert answer_was_lost(failed.value)
            assert not is_gone(failed.value)
            assert not was_throttled(failed.value)

    def test_an_empty_answer_is_one_where_nothing_is_to_be_said(self, proxy: Proxy) -> None:
        proxy.forget(lambda _: answer(200, b"", {"content-type": "application/x-amz-json-1.1"}))
        clients(proxy, "secretsmanager").tag_resource(SecretId="s", Tags=[])


class TestPatience:
    """A test's haste on a real account would have given up on AWS within a second."""

    def test_is_heard_by_a_sandbox_alone(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(patience.VARIABLE, "0.5")
        patience.listen(sandbox=True)
        assert patience.patiently(10.0) == 5.0
        patience.listen(sandbox=False)
        assert patience.patiently(10.0) == 10.0

    @pytest.mark.parametrize(("asked", "granted"), [("0", 0.01), ("7", 1.0), ("soon", 1.0)])
    def test_has_bounds(self, monkeypatch: pytest.MonkeyPatch, asked: str, granted: float) -> None:
        monkeypatch.setenv(patience.VARIABLE, asked)
        patience.listen(sandbox=True)
        assert patience.patiently(1.0) == granted


class TestThePage:
    """The page named a quota's old code for a year, because it was written by hand."""

    def test_is_what_the_tables_say(self) -> None:
        spec = importlib.util.spec_from_file_location("aws_errors", DOCS / "aws_errors.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        written = (DOCS / "aws-errors.md").read_text("utf-8")
        assert written == module.page(), "run: python docs/aws_errors.py"
