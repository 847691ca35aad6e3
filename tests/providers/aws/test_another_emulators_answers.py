"""Answers with less in them than AWS's, as other emulators give them; the sandbox leaves nothing out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from providers.aws.elastic_ip_association import AssocProvider
from providers.aws.instance import InstanceProvider
from tests.faults.proxy import Call, Fate, Proxy, answer
from tests.providers.aws.conftest import NO_EXCHANGE
from tests.providers.aws.world import Engine, World
from tests.providers.sandbox_processes import Aws

UNKNOWN_CALL = (
    "<Response><Errors><Error><Code>InvalidAction</Code><Message>Unknown</Message></Error></Errors>"
    "<RequestID>r-1</RequestID></Response>"
)


@pytest.fixture
def unknown(aws: Aws) -> Iterator[Any]:
    """A provider process whose AWS does not know one call."""
    proxy = Proxy(aws.url)
    named = {"awsEndpoint": proxy.url, "cexioEndpoint": NO_EXCHANGE, "sandbox": "true"}
    end = Engine({f"cexio-bot:{name}": value for name, value in named.items()}, {})

    def rule(action: str) -> Callable[[Call], Fate | None]:
        fate = answer(400, UNKNOWN_CALL, {"Content-Type": "text/xml"})
        return lambda call: fate if call.action == action else None

    yield lambda action: (proxy.forget(rule(action)), World(end, aws))[1]
    end.stop()
    proxy.stop()


INSTANCE = {
    "InstanceId": "i-1",
    "ImageId": "ami-1",
    "InstanceType": "t4g.micro",
    "State": {"Name": "running"},
    "Placement": {"AvailabilityZone": "us-east-1a"},
}
RECORDED = {"networkInterfaceId": "eni-1", "metadata": {"httpTokens": "required"}, "associationId": "a-1"}


class TestWhatAnAnswerLeavesOutIsAsRecorded:
    """An emulator that leaves a field out made every refresh a drift and every `up` a new host."""

    @pytest.fixture(autouse=True)
    def _no_disk(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(InstanceProvider, "_root_volume", lambda *_: None)

    def test_of_an_instance(self) -> None:
        shown = InstanceProvider().shown(INSTANCE, RECORDED)
        assert shown["networkInterfaceId"] == "eni-1"
        assert shown["metadata"] == {"httpTokens": "required"}

    def test_what_is_told_counts(self) -> None:
        row = {
            **INSTANCE,
            "MetadataOptions": {"HttpTokens": "optional"},
            "NetworkInterfaces": [{"NetworkInterfaceId": "eni-2"}],
        }
        shown = InstanceProvider().shown(row, RECORDED)
        assert shown["networkInterfaceId"] == "eni-2"
        assert shown["metadata"]["httpTokens"] == "optional"

    @pytest.mark.parametrize(
        ("told", "holder"),
        [
            ({"AssociationId": "a-1"}, "eni-1"),
            ({"AssociationId": "a-2"}, ""),
            ({"AssociationId": "a-1", "NetworkInterfaceId": "eni-2"}, "eni-2"),
        ],
    )
    def test_of_an_address(self, told: dict[str, str], holder: str, monkeypatch: pytest.MonkeyPatch) -> None:
        row = {"AllocationId": "eipalloc-1", "PublicIp": "203.0.113.7", **told}
        monkeypatch.setattr(AssocProvider, "_address", lambda *_: row)
        shown = AssocProvider().look("eipalloc-1", RECORDED)
        assert shown is not None
        assert shown["networkInterfaceId"] == holder


class TestACallThatIsNotThere:
    """What another emulator cannot do must be one line that says so, and only where it is needed."""

    def test_the_line_names_the_call_and_where_to_look(self, unknown: Any) -> None:
        world = unknown("AllocateAddress")
        said = world.refusal(lambda: world.made("ElasticIp"))
        assert "ec2:AllocateAddress" in said
        assert "cexio-bot:awsEndpoint" in said

    def test_a_subnet_is_made_where_offers_cannot_be_asked_for(self, unknown: Any) -> None:
        world = unknown("DescribeInstanceTypeOfferings")
        inputs = world.inputs("Subnet", instanceType="t4g.micro")
        assert world.create("Subnet", inputs).id.startswith("subnet-")
