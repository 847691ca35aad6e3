"""providers/aws/checks/permitted.py: whether the caller may do what a run needs, as far as anybody tells."""

from __future__ import annotations

import json
from typing import Any

from commands.deployer_policy import Scope, deployer_policies
from providers.aws.caller import caller
from providers.aws.checks.finding import Outcome
from providers.aws.checks.permitted import permissions
from providers.aws.plan import plan_of
from providers.endpoints import Endpoints
from tests.commands.held_stack import without
from tests.faults.proxy import Proxy, answer
from tests.providers.aws.asking import OWNER, allowed_but, denied, lines
from tests.providers.aws.conftest import NO_EXCHANGE
from tests.providers.sandbox_processes import Aws

SCOPE = Scope(account="123456789012")


def policy(*statements: dict[str, Any]) -> str:
    """A policy of these statements, each on everything unless it says otherwise."""
    made = [{"Effect": "Allow", "Resource": "*", **statement} for statement in statements]
    return json.dumps({"Version": "2012-10-17", "Statement": made})


class TestPermissions:
    """A missing permission is found at the tenth object, by an administrator's working hours only."""

    def test_every_action_that_is_missing_is_named_in_one_line(self, asked: Any, deployer: Any) -> None:
        deployer(allowed_but("ec2:CreateVpc", "iam:PassRole"))
        said = lines(asked(), Outcome.REFUSED)
        assert "user/deployer may not ec2:CreateVpc, iam:PassRole: allow what" in said

    def test_what_hangs_on_something_untold_is_open(self, asked: Any) -> None:
        row = (
            "<member><EvalActionName>iam:CreateRole</EvalActionName><EvalDecision>implicitDeny</EvalDecision>"
            "<EvalResourceName>arn:aws:iam::123456789012:role/cexio-bot-preflighted-role-bot-us-east-1"
            "</EvalResourceName><MissingContextValues><member>aws:MultiFactorAuthPresent</member>"
            "</MissingContextValues></member>"
        )
        told = (
            "<SimulatePrincipalPolicyResponse><SimulatePrincipalPolicyResult><IsTruncated>false</IsTruncated>"
            f"<EvaluationResults>{row}</EvaluationResults></SimulatePrincipalPolicyResult>"
            "</SimulatePrincipalPolicyResponse>"
        )
        fate = answer(200, told)
        findings = asked(lambda call: fate if call.action == "SimulatePrincipalPolicy" else None)
        assert not lines(findings, Outcome.REFUSED)
        assert "cannot tell whether" in lines(findings, Outcome.UNASKED)
        assert "may iam:CreateRole" in lines(findings, Outcome.UNASKED)

    def test_an_emulator_is_sent_no_dry_run(self, asked: Any, proxy: Proxy) -> None:
        asked(lambda call: denied(call) if call.action == "SimulatePrincipalPolicy" else None)
        assert proxy.mutations() == []

    def test_aws_itself_is_asked_by_dry_runs_where_the_simulator_is_not_allowed(
        self, proxy: Proxy, deployer: Any, aws: Aws
    ) -> None:
        deployer(allowed_but("ec2:CreateVpc", "iam:SimulatePrincipalPolicy"))
        caller.cache_clear()
        proxy.forget()
        endpoints = Endpoints(sandbox=True, region="us-east-1", aws=proxy.url, cexio=NO_EXCHANGE)
        plan, actions = plan_of(OWNER, {}), {"ec2:CreateVpc", "ec2:AllocateAddress", "iam:CreateRole"}
        before = len(aws.client("ec2").describe_addresses()["Addresses"])
        found = list(permissions(plan, endpoints, caller(endpoints), actions, dry_runs=True))
        assert [one.outcome for one in found] == [Outcome.FINE, Outcome.REFUSED, Outcome.UNASKED]
        assert "a dry run of ec2:CreateVpc was refused" in found[1].line
        assert len(aws.client("ec2").describe_addresses()["Addresses"]) == before


class TestLegitimateDeployers:
    """A deployer whose policy was enough for every run was stopped by the question whether it is."""

    def test_a_right_to_tag_that_is_bound_to_the_creating_call_is_seen(
        self, asked: Any, deployer: Any
    ) -> None:
        kinds = {
            "AllocateAddress": "elastic-ip",
            "CreateVpc": "vpc",
            "CreateSubnet": "subnet",
            "CreateInternetGateway": "internet-gateway",
            "CreateRouteTable": "route-table",
            "CreateSecurityGroup": "security-group",
            "CreateNetworkInterface": "network-interface",
        }
        tagging: list[dict[str, Any]] = [
            {
                "Action": "ec2:CreateTags",
                "Resource": [f"arn:aws:ec2:*:*:{kind}/*" for kind in of.split()],
                "Condition": {"StringEquals": {"ec2:CreateAction": call}},
            }
            for call, of in {**kinds, "RunInstances": "instance volume"}.items()
        ]
        deployer(policy({"Action": "ec2:CreateTags", "Effect": "Allow"} | tagging[0], *tagging[1:], *REST))
        assert not lines(asked(), Outcome.REFUSED)
        deployer(policy(*tagging[1:], *REST))
        assert "may not ec2:CreateTags" in lines(asked(), Outcome.REFUSED)

    def test_who_brings_a_network_needs_no_right_to_make_one(self, asked: Any, deployer: Any) -> None:
        closed = [f"arn:aws:ec2:*:*:{kind}/*" for kind in ("vpc", "internet-gateway", "route-table")]
        tags = {"Effect": "Deny", "Action": ["ec2:CreateTags", "ec2:DeleteTags"], "Resource": closed}
        making = {"Effect": "Deny", "Action": ["ec2:CreateVpc", "ec2:CreateSubnet", "ec2:DeleteVpc"]}
        deployer(policy({"Action": "*"}, tags, making))
        wished = {"vpcId": "vpc-0123456789abcdef0"}
        for whole in (False, True):
            assert not lines(asked(whole=whole, **wished), Outcome.REFUSED)
        assert "ec2:CreateTags, ec2:CreateVpc" in lines(asked(), Outcome.REFUSED)

    def test_the_kind_of_machine_and_the_region_are_told(self, asked: Any, deployer: Any) -> None:
        small = {"StringNotEquals": {"ec2:InstanceType": "t4g.micro"}}
        machines = "arn:aws:ec2:*:*:instance/*"
        here = {"Action": "*", "Condition": {"StringEquals": {"aws:RequestedRegion": "us-east-1"}}}
        deployer(
            policy(
                here,
                {"Effect": "Deny", "Action": "ec2:RunInstances", "Resource": machines, "Condition": small},
            )
        )
        findings = asked()
        assert not lines(findings, Outcome.REFUSED)
        assert not lines(findings, Outcome.UNASKED)
        assert "may not ec2:RunInstances" in lines(asked(instanceType="t4g.small"), Outcome.REFUSED)

    def test_the_tags_of_a_call_are_told_the_users_own_and_those_of_a_launch(
        self, asked: Any, deployer: Any
    ) -> None:
        kinds = {"Resource": [f"arn:aws:ec2:*:*:{kind}/*" for kind in ("vpc", "instance", "volume")]}
        making = {"Effect": "Deny", "Action": ["ec2:CreateVpc", "ec2:RunInstances"], **kinds}
        unbooked = making | {"Condition": {"Null": {"aws:RequestTag/CostCenter": "true"}}}
        no_launch = {"Null": {"aws:RequestTag/cexio-bot:launch": "true"}}
        launching = making | {"Action": "ec2:RunInstances", "Condition": no_launch}
        deployer(policy({"Action": "*"}, making | KEYED, unbooked, launching))
        assert {one.outcome for one in asked(tags='{"CostCenter": "7"}')} == {Outcome.FINE}
        deployer(policy({"Action": "*"}, making | KEYED))
        assert "may not ec2:CreateVpc, ec2:RunInstances:" in lines(asked(tags='{"a": "b"}'), Outcome.REFUSED)

    def test_an_address_is_allocated_without_the_users_tags(self, asked: Any, deployer: Any) -> None:
        deployer(policy({"Action": "*"}, {"Effect": "Deny", "Action": "ec2:AllocateAddress"} | KEYED))
        assert "may not ec2:AllocateAddress:" in lines(asked(tags='{"CostCenter": "7"}'), Outcome.REFUSED)

    def test_what_a_run_does_without_is_no_refusal(self, asked: Any, deployer: Any) -> None:
        deployer(allowed_but("sts:DecodeAuthorizationMessage", "ec2:DescribeInstanceTypeOfferings"))
        findings = asked(whole=True)
        assert not lines(findings, Outcome.REFUSED)
        assert "ec2:DescribeInstanceTypeOfferings was refused" in lines(findings, Outcome.UNASKED)


class TestTheShippedPolicy:
    """The simulator lists the keys of all of a principal's policies as missing: with the policy that we ship
    no refusal was ever sure, or, believed without a look at them, some were of nothing."""

    def test_it_is_enough_and_one_action_less_is_a_sure_refusal(self, asked: Any, deployer: Any) -> None:
        [whole] = deployer_policies(SCOPE)
        deployer(json.dumps(whole))
        assert {one.outcome for one in asked(whole=True)} == {Outcome.FINE}
        for action in ("ec2:CreateVpc", "ec2:CreateTags", "iam:CreateRole", "iam:PassRole"):
            [less] = without([whole], action)
            deployer(json.dumps(less))
            assert f"may not {action}:" in lines(asked(), Outcome.REFUSED)

    def test_a_condition_that_no_question_carries_leaves_it_open(self, asked: Any, deployer: Any) -> None:
        late = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
        deployer(policy({"NotAction": "iam:CreateRole"}, {"Action": "iam:CreateRole", "Condition": late}))
        findings = asked()
        assert not lines(findings, Outcome.REFUSED)
        assert "cannot tell whether" in lines(findings, Outcome.UNASKED)
        assert "may iam:CreateRole" in lines(findings, Outcome.UNASKED)
        assert "aws:MultiFactorAuthPresent" in lines(findings, Outcome.UNASKED)


REST: list[dict[str, Any]] = [{"NotAction": "ec2:CreateTags"}]
KEYED = {"Condition": {"ForAllValues:StringNotEquals": {"aws:TagKeys": ["CostCenter"]}}}
