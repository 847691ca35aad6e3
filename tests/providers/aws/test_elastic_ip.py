"""aws:ElasticIp: the address comes first and outlives everything."""

from __future__ import annotations

from typing import Any

import pytest

from providers.aws.elastic_ip import ElasticIpInputs, ElasticIpProvider
from providers.endpoints import Endpoints
from providers.errors import NotFound
from tests.providers.aws.world import OBJECTS, Made, World
from tests.providers.dynamic_server import UNKNOWN


def rows(world: World) -> list[dict[str, Any]]:
    return list(world.aws.client("ec2").describe_addresses()["Addresses"])


def brought(world: World) -> dict[str, Any]:
    """An address that the user has and tags in his own way."""
    mine = [{"ResourceType": "elastic-ip", "Tags": [{"Key": "mine", "Value": "yes"}]}]
    return dict(world.aws.client("ec2").allocate_address(TagSpecifications=mine))


def release(world: World, allocation_id: str) -> None:
    world.aws.client("ec2").release_address(AllocationId=allocation_id)


class TestKept:
    """A destroy released the address, and the exchange's whitelist named somebody else's from then on."""

    @pytest.mark.parametrize("named", [None, "203.0.113.7"])
    def test_a_delete_that_does_not_name_it_is_refused_with_the_way_to_it(
        self, stack: World, named: str | None
    ) -> None:
        made = stack.made("ElasticIp")
        said = stack.refusal(lambda: stack.engine.delete(made.id, {**made.outs, "release": named}))
        assert made.outs["publicIp"] in said
        assert f"pulumi config set cexio-bot:releaseAddress {made.outs['publicIp']}" in said
        assert "$3.65 a month" in said
        assert stack.engine.read(made.id, made.outs)[0] == made.id

    def test_naming_it_in_an_update_lets_the_next_delete_release_it(self, own_stack: World) -> None:
        made = own_stack.made("ElasticIp")
        named = own_stack.update(made, retain=False, release=made.outs["publicIp"])
        own_stack.engine.delete(made.id, named.outs)
        assert made.id not in [row["AllocationId"] for row in rows(own_stack)]

    def test_an_update_that_names_another_address_is_refused(self, stack: World) -> None:
        made = stack.made("ElasticIp")
        said = stack.refusal(lambda: stack.update(made, release="203.0.113.7"))
        assert "nothing is released" in said
        assert made.outs["publicIp"] in said

    def test_a_release_that_is_done_allocates_no_other_while_it_is_still_asked_for(
        self, own_stack: World
    ) -> None:
        """The next `up` took a new address that no `destroy` could be rid of."""
        before = rows(own_stack)
        inputs = own_stack.inputs("ElasticIp", release="203.0.113.7", retain=False)
        said = own_stack.refusal(lambda: own_stack.create("ElasticIp", inputs))
        assert "has no address: nothing is allocated or released" in said
        assert rows(own_stack) == before

    def test_no_input_replaces_it(self, stack: World) -> None:
        made = stack.made("ElasticIp")
        news = {**made.inputs, "allocationId": "eipalloc-0123456789abcdef0"}
        said = stack.refusal(lambda: stack.engine.diff(made.id, made.outs, news))
        assert "never replaced" in said
        assert made.outs["publicIp"] in said
        assert stack.engine.diff(made.id, made.outs, {**made.inputs, "allocationId": UNKNOWN}) == (True, [])

    def test_one_got_back_by_hand_since_is_the_one_that_is_released(self, own_stack: World) -> None:
        made, ec2 = own_stack.made("ElasticIp"), own_stack.aws.client("ec2")
        props = {**made.outs, "release": made.outs["publicIp"]}
        tags = [{"Key": "cexio-bot:owner", "Value": made.outs["owner"]}]
        release(own_stack, made.id)
        ec2.allocate_address(
            Address=made.outs["publicIp"], TagSpecifications=[{"ResourceType": "elastic-ip", "Tags": tags}]
        )
        own_stack.engine.delete(made.id, props)
        assert made.outs["publicIp"] not in [row["PublicIp"] for row in rows(own_stack)]

    def test_an_address_that_lost_our_tag_is_not_released(self, own_stack: World) -> None:
        made = own_stack.made("ElasticIp")
        ec2 = own_stack.aws.client("ec2")
        ec2.create_tags(Resources=[made.id], Tags=[{"Key": "cexio-bot:owner", "Value": "a/b/c"}])
        props = {**made.outs, "release": made.outs["publicIp"]}
        assert "owner tag" in own_stack.refusal(lambda: own_stack.engine.delete(made.id, props))
        ec2.create_tags(Resources=[made.id], Tags=[{"Key": "cexio-bot:owner", "Value": made.outs["owner"]}])


class TestDoubled:
    """Two addresses of one owner: every run must take the same one, and the one that is in use."""

    def test_the_one_in_use_is_adopted_and_of_idle_ones_none_unnamed(self, own_stack: World) -> None:
        """The lowest id was taken, the whitelisted one then counted as a second one, and was released."""
        ec2, owner = own_stack.aws.client("ec2"), own_stack.owner("elasticip")
        tags = [{"ResourceType": "elastic-ip", "Tags": [{"Key": "cexio-bot:owner", "Value": owner}]}]
        ids = sorted(ec2.allocate_address(TagSpecifications=tags)["AllocationId"] for _ in range(2))
        inputs = own_stack.inputs("ElasticIp")
        said = own_stack.refusal(lambda: own_stack.create("ElasticIp", inputs))
        assert all(f"({id_})" in said for id_ in ids)
        assert "set cexio-bot:allocationId to the one" in said
        for id_ in ids:
            named = own_stack.create("ElasticIp", {**inputs, "allocationId": id_})
            assert (named.id, named.outs["brought"]) == (id_, False)
        own_stack.made("RouteTable")
        interface = own_stack.made("NetworkInterface").id
        link = ec2.associate_address(AllocationId=ids[1], NetworkInterfaceId=interface)["AssociationId"]
        assert own_stack.create("ElasticIp", inputs).id == ids[1]
        ec2.disassociate_address(AssociationId=link)
        for id_ in ids:
            release(own_stack, id_)


class TestBrought:
    """An address that a user brought along was released, or its tags overwritten, with the stack."""

    def test_it_gets_our_marker_alone_and_is_never_released(self, own_stack: World) -> None:
        address = brought(own_stack)
        id_, public_ip = address["AllocationId"], address["PublicIp"]
        made = own_stack.create("ElasticIp", own_stack.inputs("ElasticIp", allocationId=id_))
        assert (made.id, made.outs["publicIp"], made.outs["brought"]) == (id_, public_ip, True)
        assert self.tags(own_stack, id_) == {"mine": "yes", "cexio-bot:borrowed-by": made.outs["owner"]}
        assert own_stack.engine.diff(made.id, made.outs, made.inputs) == (False, [])
        assert own_stack.engine.read(made.id, made.outs) == (made.id, made.outs)
        said = own_stack.refusal(lambda: own_stack.update(made, release=public_ip))
        assert "brought along" in said
        own_stack.engine.delete(made.id, {**made.outs, "release": public_ip})
        assert self.tags(own_stack, id_) == {"mine": "yes"}
        release(own_stack, id_)

    def test_it_stays_when_the_setting_is_taken_back(self, own_stack: World) -> None:
        id_ = brought(own_stack)["AllocationId"]
        made = own_stack.create("ElasticIp", own_stack.inputs("ElasticIp", allocationId=id_))
        inputs = own_stack.inputs("ElasticIp")
        assert own_stack.engine.diff(made.id, made.outs, inputs) == (False, [])
        assert own_stack.engine.update(made.id, made.outs, inputs)["allocationId"] == id_
        release(own_stack, id_)

    def test_one_that_is_not_there_is_told_with_the_region(self, stack: World) -> None:
        inputs = stack.inputs("ElasticIp", allocationId="eipalloc-0123456789abcdef0")
        said = stack.refusal(lambda: stack.create("ElasticIp", inputs))
        assert "there is no eipalloc-0123456789abcdef0 in us-east-1" in said

    @pytest.mark.parametrize(
        ("row", "says"),
        [
            ({"Domain": "standard"}, "is of standard in us-east-1"),
            ({"Domain": "vpc", "NetworkBorderGroup": "us-east-1-bos-1"}, "is of vpc in us-east-1-bos-1"),
        ],
    )
    def test_one_that_no_host_of_the_region_can_have_is_refused(
        self, monkeypatch: pytest.MonkeyPatch, row: dict[str, str], says: str
    ) -> None:
        # The sandbox has addresses of one kind and place alone.
        found = {"AllocationId": "eipalloc-1", "PublicIp": "203.0.113.7", **row}
        monkeypatch.setattr("providers.aws.adoption.described", lambda *_: found)
        provider = ElasticIpProvider()
        provider.endpoints = Endpoints(
            region="us-east-1", aws="http://127.0.0.1:9", cexio="http://127.0.0.1:9", sandbox=True
        )
        with pytest.raises(NotFound, match=says):
            provider.find(ElasticIpInputs(owner="a/b/address-c", allocation_id="eipalloc-1"))

    def test_one_of_another_stack_is_refused(self, stack: World, own_stack: World) -> None:
        id_ = stack.made("ElasticIp").id
        inputs = own_stack.inputs("ElasticIp", allocationId=id_)
        said = own_stack.refusal(lambda: own_stack.create("ElasticIp", inputs))
        assert f"serves {stack.owner('elasticip')}" in said

    def test_one_in_use_elsewhere_is_refused(self, own_stack: World) -> None:
        own_stack.made("RouteTable")
        address, ec2 = brought(own_stack), own_stack.aws.client("ec2")
        theirs = {**own_stack.made("NetworkInterface").inputs, "owner": "cexio-bot/other/interface"}
        interface = own_stack.create("NetworkInterface", theirs)
        id_ = address["AllocationId"]
        link = ec2.associate_address(AllocationId=id_, NetworkInterfaceId=interface.id)["AssociationId"]
        inputs = own_stack.inputs("ElasticIp", allocationId=id_)
        assert interface.id in own_stack.refusal(lambda: own_stack.create("ElasticIp", inputs))
        ec2.disassociate_address(AssociationId=link)
        own_stack.engine.delete(interface.id, interface.outs)
        release(own_stack, id_)

    def test_one_on_our_own_host_may_have_lost_our_marker(self, own_stack: World) -> None:
        own_stack.made("RouteTable")
        id_, ec2 = brought(own_stack)["AllocationId"], own_stack.aws.client("ec2")
        interface = own_stack.made("NetworkInterface").id
        link = ec2.associate_address(AllocationId=id_, NetworkInterfaceId=interface)["AssociationId"]
        made = own_stack.create("ElasticIp", own_stack.inputs("ElasticIp", allocationId=id_))
        assert self.tags(own_stack, id_)["cexio-bot:borrowed-by"] == made.outs["owner"]
        ec2.disassociate_address(AssociationId=link)
        release(own_stack, id_)

    def test_off_the_host_it_is_free_for_another_stack(self, stack: World, own_stack: World) -> None:
        """Its marker stayed for ever, and no other stack could have the address."""
        made, address = own_stack.made("ElasticIpAssociation"), brought(own_stack)
        id_, public_ip = address["AllocationId"], address["PublicIp"]
        inputs = own_stack.inputs("ElasticIp", allocationId=id_)
        ip = own_stack.create("ElasticIp", inputs)
        on = own_stack.create(
            "ElasticIpAssociation", {**made.inputs, "allocationId": id_, "publicIp": public_ip}
        )
        own_stack.engine.delete(on.id, on.outs)
        assert self.tags(own_stack, id_) == {"mine": "yes"}
        marker = [{"Key": "cexio-bot:borrowed-by", "Value": ip.outs["owner"]}]
        own_stack.aws.client("ec2").create_tags(Resources=[id_], Tags=marker)
        news = stack.inputs("ElasticIp", owner=stack.owner("address-bot"), allocationId=id_)
        said = stack.refusal(lambda: stack.create("ElasticIp", news))
        assert f"--resources {id_} --tags Key=cexio-bot:borrowed-by" in said
        own_stack.engine.delete(on.id, on.outs)  # killed between the two calls, and run again
        there = stack.create("ElasticIp", news)
        own_stack.engine.delete(on.id, on.outs)
        assert self.tags(own_stack, id_)["cexio-bot:borrowed-by"] == there.outs["owner"]
        release(own_stack, id_)

    def test_our_own_one_named_again_stays_our_own(self, own_stack: World) -> None:
        made = own_stack.made("ElasticIp")
        again = own_stack.create("ElasticIp", {**made.inputs, "allocationId": made.id})
        assert (again.id, again.outs["brought"]) == (made.id, False)

    def test_another_name_of_the_host_takes_no_second_address(self, own_stack: World) -> None:
        owners = {name: own_stack.owner(f"address-{name}") for name in ("bot", "other")}
        inputs = own_stack.inputs("ElasticIp", owner=owners["bot"])
        made = own_stack.create("ElasticIp", inputs)
        news = {**inputs, "owner": owners["other"]}
        said = own_stack.refusal(lambda: own_stack.create("ElasticIp", news))
        assert made.outs["publicIp"] in said
        assert f"set cexio-bot:allocationId to {made.id}" in said
        taken_over = own_stack.create("ElasticIp", {**news, "allocationId": made.id})
        assert (taken_over.id, taken_over.outs["brought"]) == (made.id, False)
        assert self.tags(own_stack, made.id)["cexio-bot:owner"] == owners["other"]
        release(own_stack, made.id)

    def tags(self, world: World, id_: str) -> dict[str, str]:
        row = next(row for row in rows(world) if row["AllocationId"] == id_)
        return {tag["Key"]: tag["Value"] for tag in row.get("Tags", [])}


class TestAssociation:
    """A move of the address from a host that was not ours stopped somebody else's bot."""

    def test_it_moves_between_interfaces_of_the_stack(self, own_stack: World) -> None:
        made = own_stack.made("ElasticIpAssociation")
        other = self.interface(own_stack, own_stack.owner("other"))
        moved = own_stack.update(made, networkInterfaceId=other.id)
        assert (moved.id, moved.outs["networkInterfaceId"]) == (made.id, other.id)
        assert moved.outs["associationId"] != made.outs["associationId"]
        own_stack.engine.delete(made.id, made.outs)  # of the place it has left: not its business any more
        assert own_stack.engine.read(made.id, moved.outs)[0] == made.id
        own_stack.engine.delete(moved.id, moved.outs)
        own_stack.engine.delete(other.id, other.outs)

    def test_it_is_not_taken_from_anybody_else(self, own_stack: World) -> None:
        made = own_stack.made("ElasticIpAssociation")
        theirs = self.interface(own_stack, "cexio-bot/other/interface")
        ec2 = own_stack.aws.client("ec2")
        ec2.associate_address(AllocationId=made.id, NetworkInterfaceId=theirs.id, AllowReassociation=True)
        said = own_stack.refusal(lambda: own_stack.create("ElasticIpAssociation", made.inputs))
        assert f"is on {theirs.id}, which is not of this stack" in said
        _, drifted = own_stack.engine.read(made.id, made.outs)
        assert drifted["networkInterfaceId"] == theirs.id
        assert own_stack.engine.diff(made.id, drifted, made.inputs) == (True, [])
        row = next(row for row in rows(own_stack) if row["AllocationId"] == made.id)
        ec2.disassociate_address(AssociationId=row["AssociationId"])
        own_stack.engine.delete(theirs.id, theirs.outs)

    def test_a_host_that_moves_has_its_old_machine_ended_first(self, own_stack: World) -> None:
        made, machine = own_stack.made("ElasticIpAssociation"), own_stack.made("Instance")
        old = own_stack.made("NetworkInterface")
        tags = [{"Key": "cexio-bot:owner", "Value": old.inputs["owner"]}]
        ec2 = own_stack.aws.client("ec2")
        new = ec2.create_network_interface(
            SubnetId=old.outs["subnetId"],
            TagSpecifications=[{"ResourceType": "network-interface", "Tags": tags}],
        )["NetworkInterface"]["NetworkInterfaceId"]
        moved = own_stack.update(made, networkInterfaceId=new)
        assert moved.outs["networkInterfaceId"] == new
        row = ec2.describe_instances(InstanceIds=[machine.id])["Reservations"][0]["Instances"][0]
        assert row["State"]["Name"] == "terminated"
        own_stack.engine.delete(moved.id, moved.outs)
        ec2.delete_network_interface(NetworkInterfaceId=new)

    def interface(self, world: World, owner: str) -> Made:
        return world.create("NetworkInterface", {**world.made("NetworkInterface").inputs, "owner": owner})


def test_tags_are_not_the_address_business() -> None:
    assert "tags" not in OBJECTS["ElasticIp"].provider.inputs.names()
