"""providers/aws/successor.py: no machine is ended for one that could not start."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from botocore.exceptions import ClientError

from providers.aws import successor
from providers.aws.caller import caller
from providers.aws.checks.finding import Outcome
from providers.aws.checks.permitted import DryRun, permissions
from providers.aws.image import image_for
from providers.aws.instance import InstanceProvider
from providers.aws.instance_inputs import InstanceInputs, of_plan
from providers.aws.ownership import INSTANCE, VOLUME
from providers.aws.permissions import LAUNCHING
from providers.aws.plan import plan_of
from providers.endpoints import Endpoints
from tests.faults.proxy import Call, Fate, Proxy, answer
from tests.providers.aws.asking import ARM64, NOT_OFFERED, OWNER, VCPUS, allowed_but, denied, set_quota
from tests.providers.aws.conftest import NO_EXCHANGE
from tests.providers.aws.world import Engine, World
from tests.providers.sandbox_processes import Aws, endpoints_file

EMPTY = "<DescribeInstancesResponse><reservationSet/></DescribeInstancesResponse>"
OTHER_PROGRAM = "#cloud-config\nruncmd: []\n"


@dataclass
class Tried:
    """What was said to each try to replace a running machine, and how the machine was afterwards."""

    refusals: dict[str, str] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    said: str = ""


@pytest.fixture(scope="module")
def tried(aws: Aws, proxy: Proxy, tmp_path_factory: pytest.TempPathFactory) -> Tried:
    """One host, which a program's change would replace, while one thing after another is amiss."""
    folder: Path = tmp_path_factory.mktemp("successor")
    endpoints_file(folder, proxy.url, NO_EXCHANGE)
    proxy.forget()
    ec2, iam, seen = aws.client("ec2"), aws.client("iam"), Tried()
    environment = {"CEXIO_BOT_SANDBOX_DIR": str(folder)}
    process = Engine({"cexio-bot:sandbox": "true"}, environment)
    world = World(process, aws)
    image = ec2.copy_image(Name="theirs", SourceImageId=ARM64, SourceRegion="us-east-1")["ImageId"]
    host = world.create("Instance", world.inputs("Instance", imageId=image))
    inputs = world.inputs("Instance", userData=OTHER_PROGRAM)

    def state() -> str:
        [found] = ec2.describe_instances(InstanceIds=[host.id])["Reservations"]
        return str(found["Instances"][0]["State"]["Name"])

    def refused_by_check(name: str) -> None:
        seen.refusals[name] = world.refusal(lambda: process.delete(host.id, host.outs))
        seen.states[name] = state()

    def refused(name: str, **wished: Any) -> None:
        assert process.diff(host.id, host.outs, {**inputs, **wished})[1]
        refused_by_check(name)

    def not_offered(call: Call) -> Fate | None:
        return answer(200, NOT_OFFERED) if call.action == "DescribeInstanceTypeOfferings" else None

    proxy.forget(not_offered)
    refused("zone")
    proxy.forget()
    set_quota(aws, VCPUS, 1)
    refused("quota", instanceType="t4g.small")
    set_quota(aws, VCPUS, 32)
    iam.create_user(UserName="deployer")
    policy = {"UserName": "deployer", "PolicyName": "p"}
    iam.put_user_policy(**policy, PolicyDocument=allowed_but("ec2:RunInstances"))
    refused("right")
    iam.delete_user_policy(**policy)
    iam.delete_user(UserName="deployer")
    ec2.deregister_image(ImageId=image)
    refused("image")
    refused("named image", imageId="ami-0123456789abcdef0")
    seen.refusals["adopting"] = world.refusal(lambda: process.create(inputs))
    seen.states["adopting"] = state()
    association = world.made("ElasticIpAssociation")
    second = ec2.create_network_interface(
        SubnetId=world.made("Subnet").id,
        TagSpecifications=[
            {
                "ResourceType": "network-interface",
                "Tags": [{"Key": "cexio-bot:owner", "Value": world.out("NetworkInterface", "owner")}],
            }
        ],
    )["NetworkInterface"]["NetworkInterfaceId"]
    seen.refusals["move"] = world.refusal(lambda: world.update(association, networkInterfaceId=second))
    seen.states["move"] = state()
    ec2.delete_network_interface(NetworkInterfaceId=second)

    proxy.forget(lambda call: denied(call) if call.action == "SimulatePrincipalPolicy" else None)
    assert process.diff(host.id, host.outs, {**inputs, "imageId": ARM64})[1]
    process.delete(host.id, host.outs)
    seen.states["unasked"] = state()
    proxy.forget()

    host = world.create("Instance", {**inputs, "imageId": ARM64})
    bad = world.inputs("Instance", imageId="ami-0123456789abcdef0")
    refused_by_check("replaced by hand")
    assert process.diff(host.id, host.outs, host.inputs) == (False, [])
    refused_by_check("replaced without a reason")
    late = [EMPTY]
    proxy.forget(
        lambda call: answer(200, late.pop()) if call.action == "DescribeInstances" and late else None
    )
    refused_by_check("not seen")
    assert process.diff(host.id, host.outs, bad)[1]
    seen.said = process.stop()
    world.engine = Engine({"cexio-bot:sandbox": "true"}, environment)
    world.engine.delete(host.id, host.outs)
    seen.states["taken down"] = state()
    world.take_down()
    world.engine.stop()
    return seen


@pytest.mark.long
class TestNoMachineEndsForOneThatCannotStart:
    """The image had been withdrawn: the old host was ended for a new program, and no other could start, so
    the bot was down until somebody found out which setting to change."""

    @pytest.mark.parametrize(
        ("name", "part"),
        [
            ("zone", "t4g.micro is offered nowhere"),
            ("quota", "0 of 1 in use"),
            ("right", "may not ec2:RunInstances"),
            ("image", "there is no such image"),
            ("named image", "ami-0123456789abcdef0: there is no such image"),
            ("adopting", "there is no such image"),
            ("replaced by hand", "ami-0123456789abcdef0: there is no such image"),
            ("replaced without a reason", "ami-0123456789abcdef0: there is no such image"),
            ("not seen", "ami-0123456789abcdef0: there is no such image"),
            ("move", "there is no such image"),
        ],
    )
    def test_it_goes_on_and_is_told_why(self, tried: Tried, name: str, part: str) -> None:
        assert tried.refusals[name].startswith("HostKept: i-")
        assert "is not ended" in tried.refusals[name]
        assert part in tried.refusals[name]
        assert tried.states[name] == "running"

    def test_what_could_not_be_asked_is_said_and_stops_nothing(self, tried: Tried) -> None:
        assert tried.states["unasked"] == "terminated"
        assert "could not be asked of its successor: permissions" in tried.said

    def test_a_machine_that_is_only_removed_needs_no_successor(self, tried: Tried) -> None:
        assert tried.states["taken down"] == "terminated"


class TestDryRunOfALaunch:
    """Where the simulator may not be asked, EC2 can be; but not of an interface still in use."""

    def test_it_tells_yes_no_and_that_it_cannot_tell(self, aws: Aws, deployer: Any) -> None:
        ec2 = aws.client("ec2")
        here = [{"Name": "availability-zone", "Values": ["us-east-1a"]}]
        subnet = ec2.describe_subnets(Filters=here)["Subnets"][0]["SubnetId"]
        interface = ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"]
        launch = {
            "ImageId": ARM64,
            "InstanceType": "t4g.micro",
            "MinCount": 1,
            "MaxCount": 1,
            "NetworkInterfaces": [{"DeviceIndex": 0, "NetworkInterfaceId": interface}],
        }
        call = DryRun("run_instances", (INSTANCE, VOLUME), launch, also=LAUNCHING)
        endpoints = Endpoints(sandbox=True, region="us-east-1", aws=aws.url, cexio=NO_EXCHANGE)
        caller.cache_clear()

        def asked(*but: str) -> list[Any]:
            deployer(allowed_but("iam:SimulatePrincipalPolicy", *but))
            known = {"ec2:RunInstances": call}
            plan, who = plan_of(OWNER, {}), caller(endpoints)
            return list(permissions(plan, endpoints, who, LAUNCHING, dry_runs=True, known=known))

        assert [one.outcome for one in asked()] == [Outcome.FINE]
        [no] = asked("ec2:RunInstances")
        assert no.outcome is Outcome.REFUSED
        assert "a dry run of ec2:RunInstances was refused" in no.line
        machine = ec2.run_instances(**launch)["Instances"][0]["InstanceId"]
        findings = asked()
        assert {one.outcome for one in findings} == {Outcome.UNASKED}
        assert "InvalidNetworkInterface.InUse" in findings[0].line
        ec2.terminate_instances(InstanceIds=[machine])

    def test_it_asks_for_the_very_launch(self, own_stack: World, proxy: Proxy) -> None:
        endpoints = Endpoints(sandbox=True, region="us-east-1", aws=proxy.url, cexio=NO_EXCHANGE)
        plan = plan_of(own_stack.owner("host-bot"), {"tags": '{"CostCenter": "7"}'})
        wanted = InstanceInputs.of(own_stack.inputs("Instance", tags=plan.tags))
        by_settings = of_plan(plan, wanted.network_interface_id)
        image = image_for(endpoints, "arm64", ARM64)
        provider = InstanceProvider()
        provider.endpoints = endpoints
        caller.cache_clear()
        no = ("SimulatePrincipalPolicy", "RunInstances")
        proxy.forget(lambda call: denied(call) if call.action in no else None)
        with pytest.raises(ClientError):
            provider.make(wanted.model_copy(update={"image_id": ARM64}))
        for one in (wanted, by_settings):
            known = {"ec2:RunInstances": successor.launch(one, image)}
            who = caller(endpoints)
            assert list(permissions(plan, endpoints, who, LAUNCHING, dry_runs=True, known=known))
        launched, asked, by_plan = [
            asked_for(call.body) for call in proxy.calls if call.action == "RunInstances"
        ]
        proxy.forget()
        assert asked.pop("DryRun") == by_plan.pop("DryRun") == "true"
        for each in (launched, asked, by_plan):
            assert each.pop("ClientToken")
        assert asked == launched
        of_program = ("UserData", "IamInstanceProfile.Name")
        assert by_plan.keys() == launched.keys()
        assert {name for name in launched if launched[name] != by_plan[name]} == set(of_program)


def asked_for(body: bytes) -> dict[str, str]:
    """A call's parameters; of tags the keys alone, as a dry run is under a name of its own."""
    given = dict(parse_qsl(body.decode(), keep_blank_values=True))
    return {name: value for name, value in given.items() if not re.search(r"\.Tag\.\d+\.Value$", name)}
