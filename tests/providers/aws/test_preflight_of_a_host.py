"""Preflight of a stack whose host is there: what keeps it running, and what would take its place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from providers.aws import preflight
from providers.aws.caller import caller
from providers.aws.checks.finding import Outcome
from providers.endpoints import Endpoints
from providers.errors import PreflightRefused
from tests.faults.proxy import Call, Fate, answer
from tests.providers.aws.asking import ARM64, NOT_OFFERED, OWNER, allowed_but, lines
from tests.providers.aws.conftest import NO_EXCHANGE
from tests.providers.sandbox_processes import Aws

HOST, INTERFACE = "cexio-bot/preflighted/host-bot", "cexio-bot/preflighted/interface-bot"


def tagged(kind: str, owner: str, **tags: str) -> list[Any]:
    rows = [{"Key": key, "Value": value} for key, value in {"cexio-bot:owner": owner, **tags}.items()]
    return [{"ResourceType": kind, "Tags": rows}]


class Host:
    """A running host of the stack, on an image that can be withdrawn."""

    def __init__(self, ec2: Any) -> None:
        self.ec2 = ec2
        self.image = ec2.copy_image(Name="ours", SourceImageId=ARM64, SourceRegion="us-east-1")["ImageId"]
        here = [{"Name": "availability-zone", "Values": ["us-east-1a"]}]
        subnet = ec2.describe_subnets(Filters=here)["Subnets"][0]["SubnetId"]
        self.interface = ec2.create_network_interface(
            SubnetId=subnet,
            TagSpecifications=tagged(
                "network-interface", INTERFACE, **{"cexio-bot:image": f"{self.image} arm64 -"}
            ),
        )["NetworkInterface"]["NetworkInterfaceId"]
        self.id = ec2.run_instances(
            ImageId=self.image,
            InstanceType="t4g.micro",
            MinCount=1,
            MaxCount=1,
            NetworkInterfaces=[{"DeviceIndex": 0, "NetworkInterfaceId": self.interface}],
            TagSpecifications=tagged("instance", HOST),
        )["Instances"][0]["InstanceId"]

    def withdraw(self) -> None:
        self.ec2.deregister_image(ImageId=self.image)

    def end(self) -> None:
        self.ec2.terminate_instances(InstanceIds=[self.id])
        self.ec2.get_waiter("instance_terminated").wait(
            InstanceIds=[self.id], WaiterConfig={"Delay": 1, "MaxAttempts": 60}
        )
        self.ec2.delete_network_interface(NetworkInterfaceId=self.interface)


@pytest.fixture(scope="module")
def host(aws: Aws) -> Iterator[Host]:
    made = Host(aws.client("ec2"))
    made.withdraw()
    yield made
    made.end()


class TestAHostThatStays:
    """A tag was to be edited, and the run was refused for want of an image that nobody needed."""

    def test_its_image_may_be_withdrawn(self, asked: Any, host: Host) -> None:
        for wished in ({}, {"imageId": host.image}, {"refreshImage": "", "instanceType": "t4g.micro"}):
            findings = asked(**wished)
            assert not lines(findings, Outcome.REFUSED)
            assert f"the host is there and keeps {host.image}" in lines(findings, Outcome.FINE)

    def test_its_type_may_be_offered_no_more(self, asked: Any, host: Host) -> None:
        def rule(call: Call) -> Fate | None:
            return answer(200, NOT_OFFERED) if call.action == "DescribeInstanceTypeOfferings" else None

        assert not lines(asked(rule), Outcome.REFUSED)
        assert "t4g.small is offered nowhere" in lines(asked(rule, instanceType="t4g.small"), Outcome.REFUSED)

    def test_nobody_is_asked_for_the_right_to_launch(self, asked: Any, host: Host, deployer: Any) -> None:
        deployer(allowed_but("ec2:RunInstances"))
        assert not lines(asked(), Outcome.REFUSED)


class TestAHostThatIsReplaced:
    """The old host was ended, and then there was no image, or no right, to start the new one from."""

    @pytest.mark.parametrize(
        "wished",
        [
            {"instanceType": "t4g.small"},
            {"availabilityZone": "us-east-1d"},
            {"subnetId": "subnet-0123456789abcdef0", "vpcId": "vpc-0123456789abcdef0"},
            {"imageId": "ami-0123456789abcdef0"},
        ],
    )
    def test_its_image_must_be_there(self, asked: Any, host: Host, wished: dict[str, str]) -> None:
        image = wished.get("imageId", host.image)
        assert f"{image}: there is no such image" in lines(asked(**wished), Outcome.REFUSED)

    def test_the_right_to_launch_is_asked_for(self, asked: Any, host: Host, deployer: Any) -> None:
        deployer(allowed_but("ec2:RunInstances", "iam:PassRole", "ec2:CreateNetworkInterface"))
        said = lines(asked(refreshImage="7", instanceType="t4g.small"), Outcome.REFUSED)
        assert "may not ec2:RunInstances, iam:PassRole:" in said
        assert "image" not in said  # a new one was asked for
        assert "may not ec2:RunInstances" in lines(asked(refreshImage="7"), Outcome.REFUSED)


class TestAFaultInACheck:
    """A check met what nobody had foreseen: one resource failed, and all others went on unchecked."""

    def test_nothing_goes_on_unchecked(self, aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
        def faulty(*_: Any) -> Any:
            raise KeyError("unforeseen")

        caller.cache_clear()
        monkeypatch.setattr(preflight, "_done", {"making"})
        monkeypatch.setattr(preflight, "_stopped", [])
        monkeypatch.setitem(preflight.CHECKS, "role", faulty)
        endpoints = Endpoints(sandbox=True, region="us-east-1", aws=aws.url, cexio=NO_EXCHANGE)
        for _ in range(2):
            with pytest.raises((KeyError, PreflightRefused)):
                preflight.passed({"owner": OWNER}, endpoints, {})
