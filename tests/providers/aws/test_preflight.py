"""providers/aws/preflight.py and its checks: what would fail later is said before anything is begun."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from providers.aws.checks import account
from providers.aws.checks.finding import Outcome
from providers.aws.permissions import DISPENSABLE
from providers.endpoints import Endpoints
from tests.faults.proxy import Call, Fate, Proxy, answer
from tests.providers.aws.asking import (
    ADDRESSES,
    DENIED_QUERY,
    GATEWAYS,
    OWNER,
    VCPUS,
    VPCS,
    denied,
    lines,
)
from tests.providers.aws.conftest import NO_EXCHANGE
from tests.providers.aws.world import Engine, World
from tests.providers.sandbox_processes import Aws, endpoints_file


class TestEverythingAtOnce:
    """A run that ends at the third object for want of a quota, then at the ninth for want of a type, and so
    on, costs a trader an evening and leaves half a stack behind each time."""

    def test_an_account_with_room_is_fine_throughout(self, asked: Any) -> None:
        findings = asked()
        assert {one.outcome for one in findings} == {Outcome.FINE}
        assert "account 123456789012" in findings[0].line

    def test_all_that_would_fail_is_said_in_one_pass(self, asked: Any, quota: Any) -> None:
        for code in (ADDRESSES, VPCS, GATEWAYS, VCPUS):
            quota(code, 0)
        said = lines(asked(availabilityZone="us-east-1z", imageId="ami-0123456789abcdef0"), Outcome.REFUSED)
        for part in (
            "ec2 L-0263D0A3",
            "vpc L-F678F1CE",
            "vpc L-A4707A72",
            "ec2 L-1216C47A",
            "us-east-1z",
            "ami-0123456789abcdef0",
        ):
            assert part in said
        assert len(said.splitlines()) == 6

    def test_each_refusal_is_one_line_that_says_what_to_do(self, asked: Any, quota: Any) -> None:
        quota(ADDRESSES, 0)
        said = lines(asked(), Outcome.REFUSED)
        assert said.count("\n") == 0
        assert "of 0 in use" in said
        assert "Service Quotas" in said
        assert "cexio-bot:allocationId" in said

    @pytest.mark.parametrize(
        ("wished", "part"),
        [
            ({"instanceType": "t9.micro"}, "no such type"),
            ({"availabilityZone": "us-east-1e"}, "offered only in"),
            ({"allocationId": "eipalloc-0123456789abcdef0"}, "there is no eipalloc-0123456789abcdef0"),
        ],
    )
    def test_a_setting_that_the_account_cannot_serve_is_named(
        self, asked: Any, wished: dict[str, str], part: str
    ) -> None:
        said = lines(asked(**wished), Outcome.REFUSED)
        assert part in said
        assert f"cexio-bot:{next(iter(wished))}" in said

    def test_the_hosts_own_address_among_the_extra_ones_is_named_before_anything_is_made(
        self, asked: Any, aws: Aws
    ) -> None:
        ec2 = aws.client("ec2")
        brought = ec2.allocate_address(Domain="vpc")
        own, other = brought["PublicIp"], "127.99.99.99"
        wished = {"allocationId": brought["AllocationId"]}
        try:
            for address, outcome in ((own, Outcome.REFUSED), (other, Outcome.FINE)):
                rows = json.dumps([{"address": address, "reason": "the office"}])
                [found] = [one for one in asked(**wished, extraAddresses=rows) if one.subject == "Elastic IP"]
                assert found.outcome is outcome, found
                assert ("cexio-bot:extraAddresses" in found.line) == (outcome is Outcome.REFUSED)
                assert own in found.line
        finally:
            ec2.release_address(AllocationId=brought["AllocationId"])

    def test_a_caller_whom_the_secrets_policy_would_lock_out_is_told(self, asked: Any) -> None:
        named = '["arn:aws:iam::123456789012:role/ci"]'
        assert "pulumi config set cexio-bot:deployers" in lines(asked(deployers=named), Outcome.REFUSED)
        both = '["arn:aws:iam::123456789012:role/ci", "arn:aws:iam::123456789012:user/deployer"]'
        assert "the caller is one of them" in lines(asked(deployers=both), Outcome.FINE)

    def test_a_region_that_is_off_and_one_that_is_none_are_told(self, asked: Any) -> None:
        assert "it is off in this account" in lines(asked(region="me-central-1"), Outcome.REFUSED)
        assert "no such region" in lines(asked(region="eu-nowhere-1"), Outcome.REFUSED)

    def test_a_region_where_the_exchange_turns_visitors_away_is_advised_against(self, proxy: Proxy) -> None:
        told = {}
        for region in ("ca-central-1", "us-east-1"):
            endpoints = Endpoints(sandbox=True, region=region, aws=proxy.url, cexio=NO_EXCHANGE)
            [told[region]] = account.region(endpoints)
        assert {finding.outcome for finding in told.values()} == {Outcome.FINE}
        assert "ca-central-1 is in Canada" in told["ca-central-1"].text
        assert "pulumi config set cexio-bot:region" in told["ca-central-1"].text
        assert told["us-east-1"].text == "on in this account"

    def test_names_that_are_anothers_are_told(self, asked: Any, aws: Aws) -> None:
        iam, secrets = aws.client("iam"), aws.client("secretsmanager")
        role, secret = "cexio-bot-preflighted-role-bot-us-east-1", "cexio-bot-preflighted-key-bot"
        iam.create_role(RoleName=role, AssumeRolePolicyDocument="{}")
        arn = secrets.create_secret(Name=secret, SecretString="x")["ARN"]
        secrets.delete_secret(SecretId=arn, RecoveryWindowInDays=7)
        try:
            said = lines(asked(), Outcome.REFUSED)
            assert f"role {role}: it exists" in said
            assert f"secret {secret}: it exists, is scheduled for deletion" in said
        finally:
            iam.delete_role(RoleName=role)
            secrets.restore_secret(SecretId=arn)
            secrets.delete_secret(SecretId=arn, ForceDeleteWithoutRecovery=True)

    def test_names_whose_tag_a_hand_took_stop_no_run_of_a_stack_that_is_there(
        self, asked: Any, aws: Aws
    ) -> None:
        """The tag was to be put back by the very run that was not begun for the want of it."""
        iam, role = aws.client("iam"), "cexio-bot-preflighted-role-bot-us-east-1"
        iam.create_role(RoleName=role, AssumeRolePolicyDocument="{}")
        try:
            found = asked(standing=True)
            assert f"role {role}" not in lines(found, Outcome.REFUSED)
            assert f"role {role}: it exists and says nobody's it is" in lines(found, Outcome.UNASKED)
            iam.tag_role(
                RoleName=role, Tags=[{"Key": "cexio-bot:owner", "Value": "cexio-bot/other/role-bot"}]
            )
            assert f"role {role}: it exists" in lines(asked(standing=True), Outcome.REFUSED)
        finally:
            iam.delete_role(RoleName=role)


class TestWhatIsThereNeedsNoRoom:
    """After a destroy the address is kept: to refuse the next `up` because the quota is full with it would
    keep a trader from his own whitelisted address."""

    def test_an_address_that_was_kept_is_adopted_though_the_quota_is_full(
        self, asked: Any, aws: Aws, quota: Any
    ) -> None:
        ec2 = aws.client("ec2")
        tags = [{"ResourceType": "elastic-ip", "Tags": [{"Key": "cexio-bot:owner", "Value": OWNER}]}]
        kept = ec2.allocate_address(Domain="vpc", TagSpecifications=tags)
        quota(ADDRESSES, 1)
        try:
            findings = asked()
            assert not lines(findings, Outcome.REFUSED)
            assert f"{kept['PublicIp']} is there" in lines(findings, Outcome.FINE)
        finally:
            ec2.release_address(AllocationId=kept["AllocationId"])

    def test_a_network_that_is_brought_along_needs_no_vpc(self, asked: Any, quota: Any) -> None:
        quota(VPCS, 0)
        quota(GATEWAYS, 0)
        assert not lines(asked(vpcId="vpc-0123456789abcdef0"), Outcome.REFUSED)


class TestCouldNotAsk:
    """ "Fine" about something that nobody could ask is a promise that breaks half-way; "refused" about it
    stops a run that would have gone well."""

    def test_what_preflight_alone_would_ask_is_open_when_it_may_not(self, asked: Any) -> None:
        def rule(call: Call) -> Fate | None:
            service = call.service
            return denied(call) if f"{service}:{call.action}" in DISPENSABLE else None

        findings = asked(rule)
        assert not lines(findings, Outcome.REFUSED)
        said = lines(findings, Outcome.UNASKED)
        for subject in ("region", "availability zone", "instance type", "Elastic IP", "VPC", "permissions"):
            assert f"{subject}" in said
        assert "servicequotas:GetServiceQuota" in said

    def test_a_call_that_the_run_itself_needs_is_refused_when_it_is_denied(self, asked: Any) -> None:
        said = lines(
            asked(lambda call: denied(call) if call.action == "DescribeAddresses" else None), Outcome.REFUSED
        )
        assert "Elastic IP: ec2:DescribeAddresses was refused" in said
        assert said.count("\n") == 0

    def test_a_quota_without_a_value_of_the_account_is_taken_from_the_defaults(
        self, asked: Any, proxy: Proxy
    ) -> None:
        none = '{"__type": "NoSuchResourceException", "message": "no"}'
        headers = {"Content-Type": "application/x-amz-json-1.1"}
        findings = asked(
            lambda call: answer(400, none, headers) if call.action == "GetServiceQuota" else None
        )
        assert not lines(findings, Outcome.UNASKED)
        assert proxy.sent("GetAWSDefaultServiceQuota") == 4

    def test_nothing_more_is_asked_of_an_aws_that_does_not_answer(self, asked: Any, proxy: Proxy) -> None:
        found = asked(lambda call: Fate(effect=False, reset=True))
        assert [one.outcome for one in found] == [Outcome.UNASKED]


class TestCredentials:
    """Expired credentials are told once and by name, not by fourteen resources; a wrong clock looks the
    same to AWS as a wrong key, and sends people looking for the wrong thing."""

    def refusal(self, asked: Any, code: str) -> str:
        wrong = answer(403, DENIED_QUERY.format(code=code))
        return lines(asked(lambda call: wrong if call.service == "sts" else None), Outcome.REFUSED)

    def test_expired_credentials_are_the_only_finding(self, asked: Any) -> None:
        said = self.refusal(asked, "ExpiredToken")
        assert said.startswith("credentials: sts:GetCallerIdentity was refused: ExpiredToken")
        assert "\n" not in said

    def test_a_clock_that_is_wrong_is_named(self, asked: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        late = datetime.now(timezone.utc) - timedelta(minutes=20)
        monkeypatch.setattr(account, "now", lambda: late)
        said = self.refusal(asked, "SignatureDoesNotMatch")
        assert re.search(r"this machine's clock is 1[12]\d\d s behind AWS's", said)

    def test_credentials_that_a_region_does_not_know_are_told_as_the_region_that_is_off(
        self, asked: Any
    ) -> None:
        wrong = answer(403, DENIED_QUERY.format(code="InvalidClientTokenId"))
        findings = asked(lambda call: wrong if call.service == "sts" else None, region="me-central-1")
        assert [one.subject for one in findings] == ["region me-central-1"]


@pytest.fixture
def process(tmp_path: Path, proxy: Proxy) -> Iterator[Engine]:
    """A provider process of its own, behind the proxy."""
    endpoints_file(tmp_path, proxy.url, NO_EXCHANGE)
    proxy.forget()
    end = Engine({"cexio-bot:sandbox": "true"}, {"CEXIO_BOT_SANDBOX_DIR": str(tmp_path)})
    yield end
    end.stop()


class TestOnceAProcess:
    """A preflight at every resource would cost a run minutes; none before the first change, half a stack."""

    def test_a_refusal_stops_the_run_before_anything_is_made_and_is_told_in_full_once(
        self, process: Engine, aws: Aws, proxy: Proxy, quota: Any
    ) -> None:
        quota(VPCS, 0)
        quota(VCPUS, 0)
        world = World(process, aws)
        inputs = {name: world.inputs(name) for name in ("ElasticIp", "Vpc")}
        said = world.refusal(lambda: process.create(inputs["ElasticIp"]))
        assert said.startswith("PreflightRefused: preflight found 2 things that would fail")
        assert "L-F678F1CE" in said
        assert "L-1216C47A" in said
        assert "not begun" in world.refusal(lambda: process.create(inputs["Vpc"]))
        assert proxy.mutations() == []
        assert proxy.sent("GetCallerIdentity") == 1

    def test_it_is_asked_once_and_never_by_a_run_that_changes_nothing(
        self, process: Engine, aws: Aws, proxy: Proxy
    ) -> None:
        world = World(process, aws)
        inputs = world.inputs("ElasticIp")
        process.diff("eipalloc-1", {**inputs, "region": "us-east-1"}, inputs)
        assert proxy.calls == []
        made = world.made("ElasticIp")
        assert proxy.sent("DescribeRegions") == 1
        world.update(made, retain=False)
        world.take_down()
        assert proxy.sent("DescribeRegions") == 1

    def test_a_refusal_stops_nothing_where_the_settings_name_another_emulator(
        self, aws: Aws, quota: Any
    ) -> None:
        quota(VCPUS, 0)
        named = {"awsEndpoint": aws.url, "cexioEndpoint": NO_EXCHANGE, "sandbox": "true"}
        end = Engine({f"cexio-bot:{name}": value for name, value in named.items()}, {})
        try:
            world = World(end, aws)
            assert world.made("ElasticIp").id.startswith("eipalloc-")
            world.take_down()
        finally:
            end.stop()

    def test_a_run_that_only_removes_is_asked_who_it_is_and_no_more(
        self, process: Engine, aws: Aws, engine: Engine, proxy: Proxy, quota: Any
    ) -> None:
        made = World(engine, aws).made("Vpc")
        quota(VPCS, 0)
        process.delete(made.id, made.outs)
        assert proxy.sent("GetCallerIdentity") == 1
        assert proxy.sent("GetServiceQuota") == 0
