"""providers/aws/orphans.py: what AWS holds that a state does not know, and what becomes of it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from botocore.exceptions import ClientError

from providers.aws.fates import Fate, Orphan, Recorded
from providers.aws.orphans import orphans
from providers.aws.plan import plan_of
from providers.endpoints import Endpoints
from tests.faults.proxy import Proxy, answer
from tests.providers.aws.conftest import NO_EXCHANGE
from tests.providers.aws.world import TRUST, World
from tests.providers.sandbox_processes import Aws

NOW = datetime.now(timezone.utc)
EARLIER, LATER = NOW - timedelta(hours=1), NOW + timedelta(hours=1)
OWNED = (
    "Vpc",
    "Subnet",
    "InternetGateway",
    "RouteTable",
    "SecurityGroup",
    "ElasticIp",
    "NetworkInterface",
    "Instance",
)
DENIED = (
    "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>no</Message></Error></Errors>"
    "</Response>"
)


def search(world: World, recorded: Recorded, url: str = "", region: str = "us-east-1") -> Iterator[Orphan]:
    endpoints = Endpoints(sandbox=True, region=region, aws=url or world.aws.url, cexio=NO_EXCHANGE)
    return orphans(plan_of(world.owner("recover"), {"region": region}), endpoints, recorded)


def fates(world: World, recorded: Recorded) -> dict[str, str]:
    """What is to become of each kind of orphan."""
    return {one.kind: one.fate.name for one in search(world, recorded)}


def owners(world: World) -> frozenset[str]:
    return frozenset(world.owner(name.lower()) for name in OWNED)


def named(world: World, role: str, kind: str, **others: Any) -> Any:
    """A role, profile or secret under the name that the stack gives it."""
    names = plan_of(world.owner("x"), {}).names
    name = {"Role": names.host_role, "InstanceProfile": names.host_profile}.get(kind)
    called = name("bot") if name else names.secret(role, "bot")
    return world.create(kind, world.inputs(kind, name=called, owner=world.owner(f"{role}-bot"), **others))


@pytest.fixture(scope="module")
def live(stack: World) -> World:
    """A whole stack whose host runs."""
    stack.made("Instance")
    return stack


class TestOnAGuess:
    """A search with the wrong backend selected took a live stack for leavings."""

    def test_without_a_state_nothing_is_released(self, live: World) -> None:
        seen = fates(live, Recorded())
        assert seen == {
            "instance": "LEAVE",
            "network interface": "LEAVE",
            "route table": "LEAVE",
            "internet gateway": "LEAVE",
            "security group": "LEAVE",
            "subnet": "LEAVE",
            "VPC": "LEAVE",
            "address": "KEEP",
        }

    def test_with_the_whole_state_there_is_none(self, live: World) -> None:
        assert list(search(live, Recorded(frozenset(made.id for made in live.objects.values())))) == []

    def test_what_a_run_was_taking_over_when_it_was_killed_is_left_at_work(self, live: World) -> None:
        """Its state was lost; `up` found the old objects, and was killed at each of them in turn."""
        for begun in (LATER, None):
            seen = fates(live, Recorded(creating=owners(live), begun=begun))
            assert set(seen.values()) == {"LEAVE", "KEEP"}, seen

    def test_other_objects_of_the_same_owner_do_not_make_a_machine_an_orphan(self, live: World) -> None:
        assert fates(live, Recorded(owners=owners(live), begun=EARLIER))["instance"] == "LEAVE"

    def test_another_stack_is_not_seen_even_if_its_name_begins_alike(self, live: World) -> None:
        other = World(live.engine, live.aws, stack=live.stack[:-1])
        assert list(search(other, Recorded(owners=owners(other), creating=owners(live)))) == []

    def test_nor_another_region(self, live: World) -> None:
        assert list(search(live, Recorded(creating=owners(live)), region="eu-west-1")) == []

    def test_what_may_not_be_asked_is_no_answer(self, live: World) -> None:
        refusing = Proxy(
            live.aws.url, lambda call: answer(403, DENIED) if "Gateways" in call.action else None
        )
        try:
            with pytest.raises(ClientError, match="UnauthorizedOperation"):
                list(search(live, Recorded(), refusing.url))
        finally:
            refusing.stop()


class TestWhatAKilledRunMade:
    """After a killed `up` and a `destroy`, network and host stayed and were paid for."""

    def test_it_goes_in_an_order_in_which_it_can_and_the_address_stays(self, own_stack: World) -> None:
        own_stack.made("Instance")
        ec2 = own_stack.aws.client("ec2")
        recorded = Recorded(creating=owners(own_stack), begun=EARLIER)
        kept = []
        for one in search(own_stack, recorded):
            if one.fate is Fate.RELEASE:
                one.release()
            else:
                kept.append(one.kind)
        assert kept == ["address"]
        assert [one.kind for one in search(own_stack, recorded)] == ["address"]
        address = own_stack.objects["ElasticIp"]
        assert ec2.describe_addresses(AllocationIds=[address.id])["Addresses"]
        for name in ("Instance", "NetworkInterface", "SecurityGroup", "Subnet", "Vpc"):
            own_stack.objects.pop(name, None)
        for name in ("InternetGateway", "RouteTable", "ElasticIpAssociation"):
            own_stack.objects.pop(name, None)

    def test_a_second_one_beside_the_states_own_goes_unless_it_is_used(self, own_stack: World) -> None:
        ec2, first = own_stack.aws.client("ec2"), own_stack.made("Vpc")
        owner = [{"Key": "cexio-bot:owner", "Value": own_stack.owner("vpc")}]
        tagged = [{"ResourceType": "vpc", "Tags": owner}]
        second = ec2.create_vpc(CidrBlock="10.7.0.0/24", TagSpecifications=tagged)["Vpc"]["VpcId"]
        recorded = Recorded(frozenset({first.id}), frozenset({own_stack.owner("vpc")}))
        subnet = ec2.create_subnet(VpcId=second, CidrBlock="10.7.0.0/25")["Subnet"]["SubnetId"]
        (used,) = search(own_stack, recorded)
        assert (used.id, used.fate) == (second, Fate.LEAVE)
        assert f"{subnet} uses it" in used.why
        ec2.delete_subnet(SubnetId=subnet)
        (unused,) = search(own_stack, recorded)
        assert (unused.id, unused.fate) == (second, Fate.RELEASE)
        unused.release()
        assert list(search(own_stack, recorded)) == []

    def test_a_role_goes_after_the_profile_that_holds_it(self, own_stack: World) -> None:
        role = named(own_stack, "role", "Role")
        named(own_stack, "profile", "InstanceProfile", roleName=role.id)
        making = Recorded(creating=frozenset({own_stack.owner("role-bot"), own_stack.owner("profile-bot")}))
        assert fates(own_stack, making) == {"instance profile": "RELEASE", "role": "LEAVE"}
        for one in search(own_stack, making):
            if one.fate is Fate.RELEASE:
                one.release()
        assert list(search(own_stack, making)) == []

    def test_a_profile_that_a_machine_has_is_left_with_its_role(self, own_stack: World) -> None:
        role = named(own_stack, "role", "Role")
        profile = named(own_stack, "profile", "InstanceProfile", roleName=role.id)
        own_stack.objects |= {"Role": role, "InstanceProfile": profile}
        host = own_stack.made("Instance")
        making = Recorded(creating=frozenset({own_stack.owner("role-bot"), own_stack.owner("profile-bot")}))
        found = {one.kind: one for one in search(own_stack, making)}
        assert {found[kind].fate for kind in ("instance profile", "role")} == {Fate.LEAVE}
        assert found["instance profile"].why.startswith(f"{host.id} uses it")

    def test_a_role_of_that_name_that_is_not_ours_is_not_touched(self, own_stack: World) -> None:
        iam, name = own_stack.aws.client("iam"), plan_of(own_stack.owner("x"), {}).names.host_role("bot")
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)
        assert list(search(own_stack, Recorded(creating=frozenset({own_stack.owner("role-bot")})))) == []
        iam.delete_role(RoleName=name)


class TestAddresses:
    """The address on the whitelist was released, since the state named the one that had been lost before."""

    @pytest.fixture
    def allocated(self, own_stack: World) -> Iterator[Any]:
        """Allocates an address with a tag; all are released in the end."""
        ec2, made = own_stack.aws.client("ec2"), []

        def allocate(tag: str = "cexio-bot:owner") -> str:
            tags = [{"Key": tag, "Value": own_stack.owner("address-bot")}]
            specification = [{"ResourceType": "elastic-ip", "Tags": tags}]
            made.append(ec2.allocate_address(TagSpecifications=specification)["AllocationId"])
            return str(made[-1])

        yield allocate
        left = {row["AllocationId"] for row in ec2.describe_addresses()["Addresses"]}
        for id_ in left & set(made):
            ec2.release_address(AllocationId=id_)

    def state(self, world: World, *ids: str) -> Recorded:
        return Recorded(frozenset(ids), frozenset({world.owner("address-bot")}))

    def test_a_second_one_in_no_use_is_released(self, own_stack: World, allocated: Any) -> None:
        first, second = allocated(), allocated()
        (one,) = search(own_stack, self.state(own_stack, first))
        assert (second in one.id, one.fate) == (True, Fate.RELEASE)
        one.release()
        assert list(search(own_stack, self.state(own_stack, first))) == []
        left = own_stack.aws.client("ec2").describe_addresses(AllocationIds=[first])["Addresses"]
        assert [row["AllocationId"] for row in left] == [first]

    def test_one_that_a_killed_create_left_is_kept_and_its_price_named(
        self, own_stack: World, allocated: Any
    ) -> None:
        id_ = allocated()
        (one,) = search(own_stack, Recorded(creating=frozenset({own_stack.owner("address-bot")})))
        assert one.fate is Fate.KEEP
        assert "it costs" in one.why
        assert f"aws ec2 release-address --region us-east-1 --allocation-id {id_}" in one.why

    def test_one_that_was_got_back_for_a_lost_one_is_kept(self, own_stack: World, allocated: Any) -> None:
        allocated()
        (one,) = search(own_stack, self.state(own_stack, "eipalloc-0123456789abcdef0"))
        assert one.fate is Fate.KEEP

    def test_one_kept_from_before_is_no_double_of_one_brought_along(
        self, own_stack: World, allocated: Any
    ) -> None:
        kept, brought = allocated(), allocated("cexio-bot:borrowed-by")
        (one,) = search(own_stack, self.state(own_stack, brought))
        assert (kept in one.id, one.fate) == (True, Fate.KEEP)

    def test_one_in_use_is_kept(self, own_stack: World) -> None:
        """Whatever the state says of another one."""
        used = own_stack.made("ElasticIpAssociation").outs["allocationId"]
        other = own_stack.aws.client("ec2").allocate_address(
            TagSpecifications=[
                {
                    "ResourceType": "elastic-ip",
                    "Tags": [{"Key": "cexio-bot:owner", "Value": own_stack.owner("elasticip")}],
                }
            ]
        )["AllocationId"]
        recorded = Recorded(frozenset({other}), frozenset({own_stack.owner("elasticip")}))
        (one,) = [one for one in search(own_stack, recorded) if one.kind == "address"]
        assert (used in one.id, one.fate) == (True, Fate.KEEP)
        own_stack.aws.client("ec2").release_address(AllocationId=other)


class TestSecretsAndDisks:
    """What holds a key, or what a bot wrote, is nobody's leavings."""

    def test_an_empty_container_goes_and_can_be_brought_back(self, own_stack: World) -> None:
        named(own_stack, "key", "Secret")
        making = Recorded(creating=frozenset({own_stack.owner("key-bot")}))
        (one,) = search(own_stack, making)
        assert (one.kind, one.fate) == ("secret", Fate.RELEASE)
        one.release()
        found = own_stack.aws.client("secretsmanager").describe_secret(SecretId=one.id)
        assert found["DeletedDate"] > NOW + timedelta(days=6)
        assert list(search(own_stack, making)) == []  # in deletion, the next `up` restores it

    def test_one_with_a_key_in_it_stays(self, own_stack: World) -> None:
        made = named(own_stack, "key", "Secret")
        secrets = own_stack.aws.client("secretsmanager")
        secrets.put_secret_value(
            SecretId=made.id,
            SecretString=json.dumps({"key": "k"}),
            VersionStages=["AWSPENDING"],
            ClientRequestToken=str(uuid.uuid4()),
        )
        (one,) = search(own_stack, Recorded(creating=frozenset({own_stack.owner("key-bot")})))
        assert (one.fate, "a key" in one.why) == (Fate.LEAVE, True)
        secrets.delete_secret(SecretId=made.id, ForceDeleteWithoutRecovery=True)

    def test_a_disk_is_told_with_the_command_that_removes_it(self, own_stack: World) -> None:
        ec2 = own_stack.aws.client("ec2")
        tags = [{"Key": "cexio-bot:owner", "Value": own_stack.owner("host-bot")}]
        id_ = ec2.create_volume(
            AvailabilityZone="us-east-1a",
            Size=1,
            TagSpecifications=[{"ResourceType": "volume", "Tags": tags}],
        )["VolumeId"]
        ec2.get_waiter("volume_available").wait(VolumeIds=[id_], WaiterConfig={"Delay": 1, "MaxAttempts": 30})
        (one,) = search(own_stack, Recorded(creating=frozenset({own_stack.owner("host-bot")})))
        assert (one.kind, one.fate) == ("volume", Fate.LEAVE)
        assert f"aws ec2 delete-volume --volume-id {id_}" in one.why
        ec2.delete_volume(VolumeId=id_)


def test_the_sandbox_tells_when_a_machine_was_launched(live: World, aws: Aws) -> None:
    """Without it the tests above would say nothing."""
    made = live.made("Instance").id
    row = aws.client("ec2").describe_instances(InstanceIds=[made])["Reservations"][0]["Instances"][0]
    assert EARLIER < row["LaunchTime"] < LATER
