"""aws:Instance: never two bots on one key."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from providers.aws.instance import InstanceProvider
from providers.aws.instance_inputs import InstanceInputs
from providers.endpoints import Endpoints
from providers.errors import NotFound
from tests.faults.proxy import Proxy, answer, once
from tests.providers.aws.conftest import NO_EXCHANGE
from tests.providers.aws.world import Engine, World
from tests.providers.sandbox_processes import Aws, Server, endpoints_file

FULL = (
    "<Response><Errors><Error><Code>{code}</Code><Message>no room</Message></Error></Errors>"
    "<RequestID>r-1</RequestID></Response>"
)
NOW_OTHER = "#cloud-config\nruncmd: [[echo, other]]\n"


class SlowAws(Server):
    """The sandbox's AWS with its delays: a machine takes its time to start and to end."""

    client = Aws.client

    def __init__(self, folder: Path) -> None:
        super().__init__("sandbox.aws.server", folder / "aws", "--pace", "1")


@pytest.fixture(scope="module")
def slow_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("slow")
    aws = SlowAws(folder)
    endpoints_file(folder, aws.url, "http://127.0.0.1:9")
    engine = Engine({"cexio-bot:sandbox": "true"}, {"CEXIO_BOT_SANDBOX_DIR": str(folder)})
    yield World(engine, aws)
    engine.stop()
    aws.stop()


def instances(world: World) -> dict[str, str]:
    """The states of the stack's instances by id."""
    owner = world.owner("instance")
    found = world.aws.client("ec2").describe_instances(
        Filters=[{"Name": "tag:cexio-bot:owner", "Values": [owner]}]
    )
    rows = [row for reservation in found["Reservations"] for row in reservation["Instances"]]
    return {row["InstanceId"]: row["State"]["Name"] for row in rows}


def running(world: World) -> list[str]:
    return [id_ for id_, state in instances(world).items() if state not in ("terminated", "shutting-down")]


def generation(world: World) -> str:
    interface = world.made("NetworkInterface").id
    found = world.aws.client("ec2").describe_network_interfaces(NetworkInterfaceIds=[interface])
    tags = {tag["Key"]: tag["Value"] for tag in found["NetworkInterfaces"][0]["TagSet"]}
    return tags.get("cexio-bot:generation", "0")


class TestNeverTwo:
    """Two hosts traded on one key for minutes, because the old one was still shutting down."""

    def test_a_delete_is_done_when_the_machine_has_ended_and_not_before(self, slow_stack: World) -> None:
        made = slow_stack.made("Instance")
        del slow_stack.objects["Instance"]
        slow_stack.engine.delete(made.id, made.outs)
        assert instances(slow_stack)[made.id] == "terminated"

    def test_a_create_waits_for_the_end_of_a_machine_that_is_shutting_down(self, slow_stack: World) -> None:
        made = slow_stack.made("Instance")
        slow_stack.aws.client("ec2").terminate_instances(InstanceIds=[made.id])
        assert instances(slow_stack)[made.id] == "shutting-down"
        new = slow_stack.objects["Instance"] = slow_stack.create("Instance", made.inputs)
        assert running(slow_stack) == [new.id]
        assert instances(slow_stack)[made.id] == "terminated"

    def test_a_machine_of_ours_with_other_inputs_is_ended_before_the_launch(self, own_stack: World) -> None:
        old = own_stack.made("Instance")
        new = own_stack.create("Instance", {**old.inputs, "userData": NOW_OTHER})
        own_stack.objects["Instance"] = new
        assert new.id != old.id
        assert running(own_stack) == [new.id]

    def test_a_create_that_was_killed_while_the_machine_started_adopts_it(self, own_stack: World) -> None:
        made = own_stack.made("Instance")
        ec2 = own_stack.aws.client("ec2")
        ec2.stop_instances(InstanceIds=[made.id])
        again = own_stack.create("Instance", made.inputs)
        assert (again.id, again.outs["state"]) == (made.id, "running")
        assert running(own_stack) == [made.id]


class TestRoomOfTheEnded:
    """Its old machine's vCPUs still counted for a minute: the new one was refused at once, and the host
    stayed down until a person ran the same command again."""

    def test_it_is_waited_for_while_the_host_is_down_and_at_no_other_time(
        self, own_stack: World, proxy: Proxy
    ) -> None:
        made, provider = own_stack.made("Instance"), InstanceProvider()
        provider.endpoints = Endpoints(sandbox=True, region="us-east-1", aws=proxy.url, cexio=NO_EXCHANGE)

        def launch(code: str) -> int:
            proxy.forget(once("RunInstances", answer(400, FULL.format(code=code))))
            with contextlib.suppress(ClientError):
                provider.make(InstanceInputs.of(made.inputs))
            return proxy.sent("RunInstances")

        for code in ("VcpuLimitExceeded", "InstanceLimitExceeded"):
            own_stack.engine.delete(made.id, made.outs)
            assert launch(code) == 2
            made = own_stack.objects["Instance"] = own_stack.create("Instance", made.inputs)
            assert running(own_stack) == [made.id]
        own_stack.aws.client("ec2").terminate_instances(InstanceIds=[made.id])
        assert launch("VcpuLimitExceeded") == 1


class TestGeneration:
    """A client token of yesterday's machine answered that it had been terminated, for a day."""

    def test_a_replacement_counts_one_more_and_launches_anew(self, own_stack: World) -> None:
        made = own_stack.made("Instance")
        before = int(generation(own_stack))
        own_stack.engine.delete(made.id, made.outs)
        assert int(generation(own_stack)) == before + 1
        own_stack.objects["Instance"] = own_stack.create("Instance", made.inputs)
        assert running(own_stack) == [own_stack.objects["Instance"].id]

    def test_a_machine_ended_by_hand_is_made_anew_by_the_next_run(self, own_stack: World) -> None:
        made = own_stack.made("Instance")
        own_stack.aws.client("ec2").terminate_instances(InstanceIds=[made.id])
        assert own_stack.engine.read(made.id, made.outs)[0] == ""
        new = own_stack.objects["Instance"] = own_stack.create("Instance", made.inputs)
        assert running(own_stack) == [new.id] != [made.id]
        assert generation(own_stack) == "1"


class TestAsWanted:
    """A machine that ran with a looser setting than the review had seen."""

    def test_it_is_launched_as_the_design_says(self, stack: World) -> None:
        made, ec2 = stack.made("Instance"), stack.aws.client("ec2")
        row = self.row(stack, made.id)
        options = row["MetadataOptions"]
        assert (options["HttpTokens"], options["HttpPutResponseHopLimit"]) == ("required", 1)
        assert "KeyName" not in row
        assert [one["NetworkInterfaceId"] for one in row["NetworkInterfaces"]] == [
            stack.made("NetworkInterface").id
        ]
        assert made.outs["rootVolume"] == {"encrypted": True, "type": "gp3", "size": 8}
        credit = ec2.describe_instance_credit_specifications(InstanceIds=[made.id])
        assert credit["InstanceCreditSpecifications"][0]["CpuCredits"] == "standard"

    def test_its_first_packet_leaves_from_the_address(self, stack: World) -> None:
        row = self.row(stack, stack.made("Instance").id)
        assert row["PublicIpAddress"] == stack.made("ElasticIp").outs["publicIp"]

    def test_none_is_launched_on_an_interface_without_an_address(
        self, own_stack: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("providers.aws.instance.ASSOCIATED", 0.1)
        endpoints = Endpoints(
            region="us-east-1", aws=own_stack.aws.url, cexio="http://127.0.0.1:9", sandbox=True
        )
        own_stack.made("RouteTable")
        interface = own_stack.made("NetworkInterface").id
        inputs = own_stack.inputs("Instance", networkInterfaceId=interface)
        own_stack.objects.pop("ElasticIpAssociation")
        ec2, on_it = own_stack.aws.client("ec2"), [{"Name": "network-interface-id", "Values": [interface]}]
        for row in ec2.describe_addresses(Filters=on_it)["Addresses"]:
            ec2.disassociate_address(AssociationId=row["AssociationId"])
        provider = InstanceProvider()
        provider.endpoints = endpoints
        with pytest.raises(NotFound, match="no Elastic IP on it"):
            provider.make(InstanceInputs.of(inputs))
        assert running(own_stack) == []

    def test_a_stopped_machine_is_drift_and_is_started_again(self, own_stack: World) -> None:
        made = own_stack.made("Instance")
        own_stack.aws.client("ec2").stop_instances(InstanceIds=[made.id])
        _, outs = own_stack.engine.read(made.id, made.outs)
        assert outs["state"] in ("stopping", "stopped")
        assert own_stack.engine.diff(made.id, outs, made.inputs) == (True, [])
        assert own_stack.engine.update(made.id, outs, made.inputs)["state"] == "running"

    def test_the_image_stays_until_another_is_asked_for(self, stack: World) -> None:
        made = stack.made("Instance")
        assert made.outs["imageId"].startswith("ami-")
        assert "imageId" not in made.inputs
        newer = {**made.outs, "imageId": "ami-00000000000000001"}  # what AWS published since does not matter
        assert stack.engine.diff(made.id, newer, made.inputs) == (False, [])

    def test_an_image_that_is_gone_is_told_with_the_way_on(self, own_stack: World) -> None:
        inputs = own_stack.inputs("Instance", imageId="ami-00000000000000001")
        said = own_stack.refusal(lambda: own_stack.create("Instance", inputs))
        assert "no such image in us-east-1" in said
        assert "pulumi config rm cexio-bot:imageId" in said

    def test_a_type_of_another_architecture_is_refused_by_ec2_in_one_line(self, own_stack: World) -> None:
        inputs = own_stack.inputs("Instance", instanceType="t3.micro")
        said = own_stack.refusal(lambda: own_stack.create("Instance", inputs))
        assert f"Instance {own_stack.owner('instance')}: ec2:RunInstances was refused" in said

    def row(self, world: World, id_: str) -> dict[str, Any]:
        found = world.aws.client("ec2").describe_instances(InstanceIds=[id_])
        return dict(found["Reservations"][0]["Instances"][0])
