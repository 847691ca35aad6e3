"""The deployer's policy against reality: a stack's whole life with it and nothing else, in a sandbox that
enforces it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from commands.deployer_policy import deployer_policies
from providers.aws.permissions import ACTIONS, MAKING
from tests.commands.held_stack import (
    SCOPE,
    acknowledged,
    bind,
    configured,
    made_by_the_deployer,
    tampered,
    without,
)
from tests.end_to_end.conftest import Clone
from tests.faults.stack import Stack

pytestmark = [pytest.mark.end_to_end, pytest.mark.long]

FREE = {"sts:GetCallerIdentity"}
NOT_MADE_HERE = {
    "ec2:AssociateIamInstanceProfile": "only where a hand took the host's profile off",
    "ec2:DeleteRoute": "only where a hand led a public range elsewhere",
    "ec2:DescribeIamInstanceProfileAssociations": "only where a hand exchanged the host's profile",
    "ec2:DisassociateSubnetCidrBlock": "only where a hand gave the subnet IPv6",
    "ec2:GetManagedPrefixListEntries": "only for a route by prefix list",
    "ec2:ReplaceIamInstanceProfileAssociation": "only where a hand exchanged the host's profile",
    "ec2:UnassignIpv6Addresses": "only where a hand gave the interface IPv6",
    "ec2:DescribeNetworkAcls": "only in a network that is brought along",
    "ec2:DescribeVpcAttribute": "only in a network that is brought along",
    "iam:PassRole": "no call of its own: asked for beside RunInstances and AddRoleToInstanceProfile",
    "servicequotas:GetAWSDefaultServiceQuota": "only for a quota without a value of the account's own",
    "ssm:CancelCommand": "only for a command that outlives its deadline",
    "ssm:ListCommands": "only after an answer of SendCommand was lost",
    "sts:DecodeAuthorizationMessage": "only for a refusal that EC2 encodes, as the sandbox does not",
}


class Life:
    """One stack from nothing to nothing; what was said on the way and what AWS was asked."""

    def __init__(self, clone: Clone) -> None:
        self.said: dict[str, str] = {}
        self.clone = clone

    def step(self, name: str, word: str) -> int:
        done = self.clone.story(word)
        self.said[name] = done.stdout
        return done.returncode


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    clone = Clone(tmp_path_factory.mktemp("held") / "project", "stand-in")
    try:
        clone.sandbox("start")
        iam = clone.client("iam")
        bind(iam, deployer_policies(SCOPE))
        made = Life(clone)
        assert made.step("up", "up") == 0, made.said["up"]
        table = tampered(clone)
        assert made.step("refresh", "refresh") == 0, made.said["refresh"]
        assert made.step("repair", "up") == 0, made.said["repair"]
        clone.client("ec2").delete_route_table(RouteTableId=table)
        configured(clone, instanceType="t4g.small", tags='{"team": "a"}')
        assert made.step("replace", "up") == 0, made.said["replace"]
        assert made.step("destroy", "destroy") == 0, made.said["destroy"]
        image = clone.client("ec2").describe_instances()["Reservations"][-1]["Instances"][0]["ImageId"]
        configured(clone, imageId=image)
        assert made.step("again", "up") == 0, made.said["again"]
        address = clone.outputs()["address"]
        configured(clone, releaseAddress=address, tags="{}")
        acknowledged(clone, address)
        assert made.step("asked to release", "up") == 0, made.said["asked to release"]
        assert made.step("may not release", "destroy") == 1
        bind(iam, deployer_policies(SCOPE, release=True))
        assert made.step("may release", "destroy") == 0, made.said["may release"]
        yield made
    finally:
        clone.sandbox("stop")


class TestTheLeastPolicyIsEnoughAndNoMore:
    """A policy that lacks an action is found out in the middle of a run; one that allows what nobody needs
    is found out by whoever stole the credentials."""

    def test_a_whole_life_needs_no_more(self, life: Life) -> None:
        """Made, tampered with, repaired, replaced, destroyed, made again: the fixture ran it all."""
        assert "verified" in life.said["up"]

    def test_every_action_that_was_made_is_in_the_table(self, life: Life) -> None:
        assert self.made(life) - set(ACTIONS) - FREE == set()

    def test_every_action_of_the_table_was_made_or_has_a_reason(self, life: Life) -> None:
        assert set(ACTIONS) - self.made(life) == set(NOT_MADE_HERE)

    def test_the_address_is_not_released_without_the_right_to_it(self, life: Life) -> None:
        assert "ec2:ReleaseAddress was refused: UnauthorizedOperation" in life.said["may not release"]
        assert "allow ec2:ReleaseAddress" in life.said["may not release"]

    def made(self, life: Life) -> set[str]:
        return made_by_the_deployer((life.clone.world / "aws" / "requests.jsonl").read_text())


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with Stack(Path(tmp_path_factory.mktemp("without"))) as made:
        yield made


SAMPLE = ("ec2:AllocateAddress", "ec2:RunInstances", "iam:PassRole", "secretsmanager:PutResourcePolicy")
MORE = sorted(
    action
    for action in {action for actions in MAKING.values() for action in actions} - set(SAMPLE)
    if action
    not in ("iam:TagRole", "iam:TagInstanceProfile", "secretsmanager:TagResource", "ssm:SendCommand")
)
EVERY = bool(os.environ.get("CEXIO_BOT_EVERY_ACTION"))


class TestOneActionLess:
    """The words that a trader reads when his administrator forgot one line."""

    @pytest.mark.parametrize("action", [*SAMPLE, *(MORE if EVERY else ())])
    def test_the_run_stops_with_a_line_that_names_it_and_goes_on_when_it_is_allowed(
        self, stack: Stack, action: str
    ) -> None:
        whole, iam = deployer_policies(SCOPE), stack.aws.client("iam")
        bind(iam, without(whole, action, "iam:SimulatePrincipalPolicy"))
        stopped = stack.up()
        assert stopped.status != 0
        lines = [line for line in stopped.output.splitlines() if action in line and "error:" in line]
        assert lines, stopped.output
        assert "refused" in lines[0]
        bind(iam, whole)
        again = stack.up()
        assert again.status == 0, again.output
        stack.swept()

    @pytest.mark.parametrize("action", ["iam:CreateRole"])
    def test_preflight_says_so_before_anything_is_made(self, stack: Stack, action: str) -> None:
        bind(stack.aws.client("iam"), without(deployer_policies(SCOPE), action))
        stopped = stack.up()
        assert f"may not {action}: allow what docs/deployer-policy.md lists" in stopped.output
        assert not any(stack.objects().values())


class TestTheWayOutOfAnotherName:
    """The refusal told an operator what to do, and preflight, then the policy, refused just that."""

    def test_a_renamed_host_gets_the_same_address_by_the_words_of_the_refusal(self, stack: Stack) -> None:
        iam, ec2 = stack.aws.client("iam"), stack.aws.client("ec2")
        bind(iam, deployer_policies(SCOPE))
        assert stack.up().status == 0
        [before] = ec2.describe_addresses()["Addresses"]
        id_ = before["AllocationId"]
        refused = stack.up(host="other")
        assert refused.status != 0
        assert f"destroy, which keeps the address, and set cexio-bot:allocationId to {id_}" in refused.output
        assert stack.destroy().status == 0
        bind(iam, deployer_policies(SCOPE.model_copy(update={"allocation_id": id_})))
        ran = stack.up(host="other", allocationId=id_)
        assert ran.status == 0, ran.output
        [after] = ec2.describe_addresses()["Addresses"]
        assert (after["PublicIp"], after["AllocationId"]) == (before["PublicIp"], id_)
        owners = [tag["Value"] for tag in after["Tags"] if tag["Key"] == "cexio-bot:owner"]
        assert owners == ["cexio-bot/sandbox/address-other"]
        stack.swept()


class TestWhoOnlyLooks:
    """A pull request's job that may change things is a way in for whoever can open a pull request."""

    def test_a_refresh_and_a_preview_pass_and_an_up_is_refused(self, stack: Stack) -> None:
        iam = stack.aws.client("iam")
        bind(iam, deployer_policies(SCOPE))
        assert stack.up().status == 0
        bind(iam, deployer_policies(SCOPE, read_only=True))
        seen = stack.refresh(), stack.pulumi("preview", "--stack", "sandbox", "--refresh")
        assert [ran.status for ran in seen] == [0, 0], seen
        assert stack.up(tags={"team": "b"}).status != 0
