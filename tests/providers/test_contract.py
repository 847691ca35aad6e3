"""providers/contract.py: what lies in people's state, and what leaves a provider that failed."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterator
from typing import Any

import pulumi
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from pulumi.dynamic.dynamic import serialize_provider

from providers.aws.elastic_ip import ElasticIp
from providers.aws.elastic_ip_association import ElasticIpAssociation
from providers.aws.existing_network import ExistingNetwork
from providers.aws.instance import Instance
from providers.aws.instance_profile import InstanceProfile
from providers.aws.internet_gateway import InternetGateway
from providers.aws.network_interface import NetworkInterface
from providers.aws.role import Role
from providers.aws.route_table import RouteTable
from providers.aws.secret import Secret
from providers.aws.security_group import SecurityGroup
from providers.aws.subnet import Subnet
from providers.aws.tags import Tags
from providers.aws.vpc import Vpc
from providers.contract import Provider, known
from providers.errors import NotOurs, ProviderError
from tests.providers.aws.world import OBJECTS

# type token's name: class path of the provider, input names. Changing one needs an alias: see the docstring.
PINNED = {
    Vpc: ("providers.aws.vpc.VpcProvider", "owner tags cidr"),
    Subnet: ("providers.aws.subnet.SubnetProvider", "owner tags vpcId cidr availabilityZone instanceType"),
    InternetGateway: ("providers.aws.internet_gateway.GatewayProvider", "owner tags vpcId"),
    RouteTable: (
        "providers.aws.route_table.RouteTableProvider",
        "owner tags vpcId subnetId internetGatewayId",
    ),
    ExistingNetwork: ("providers.aws.existing_network.ExistingProvider", "vpcId subnetId"),
    SecurityGroup: (
        "providers.aws.security_group.SecurityGroupProvider",
        "owner tags vpcId name description ingress egress",
    ),
    ElasticIp: (
        "providers.aws.elastic_ip.ElasticIpProvider",
        "owner allocationId retain release lostAddress",
    ),
    Tags: ("providers.aws.tags.TagsProvider", "owner resourceId tags"),
    NetworkInterface: (
        "providers.aws.network_interface.InterfaceProvider",
        "owner tags subnetId securityGroupIds description",
    ),
    ElasticIpAssociation: (
        "providers.aws.elastic_ip_association.AssocProvider",
        "owner allocationId networkInterfaceId publicIp",
    ),
    Role: (
        "providers.aws.role.RoleProvider",
        "owner tags name secretArn assumeRolePolicy inlinePolicies managedPolicies",
    ),
    InstanceProfile: ("providers.aws.instance_profile.ProfileProvider", "owner tags name roleName"),
    Secret: (
        "providers.aws.secret.SecretProvider",
        "owner tags name description recoveryWindowDays hostRoleName deployers kmsKeyId",
    ),
    Instance: (
        "providers.aws.instance.InstanceProvider",
        (
            "owner tags name networkInterfaceId instanceProfileName instanceType architecture userData "
            "imageId imageRequest metadata rootVolume"
        ),
    ),
}


class TestPinned:
    """A class that moved could not be loaded from the state any more, and its objects not be deleted."""

    @pytest.mark.parametrize("resource", PINNED, ids=lambda resource: resource.__name__)
    def test_token_class_path_and_property_names_stay(self, resource: type[pulumi.Resource]) -> None:
        provider = OBJECTS[resource.__name__].provider
        path, names = PINNED[resource]
        assert resource._resource_type_name == f"dynamic/aws:{resource.__name__}"
        assert f"{type(provider).__module__}.{type(provider).__qualname__}" == path
        assert " ".join(provider.inputs.names()) == names

    @pytest.mark.parametrize("name", OBJECTS)
    def test_a_provider_is_kept_by_reference(self, name: str) -> None:
        provider = OBJECTS[name].provider
        kept = serialize_provider(provider)
        assert len(kept) < 100
        assert type(provider).__name__.encode() in base64.b64decode(kept)
        assert vars(provider) == {}

    def test_every_resource_is_pinned_and_tried(self) -> None:
        assert {resource.__name__ for resource in PINNED} == set(OBJECTS)


class Mocks(pulumi.runtime.Mocks):
    """Registers what the program asks for; every object answers with its inputs."""

    def __init__(self) -> None:
        self.asked: dict[str, dict[str, Any]] = {}

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        self.asked[args.typ] = args.inputs
        return "id", {**args.inputs, "vpcId": "vpc-1", "subnetId": "subnet-1"}

    def call(self, args: pulumi.runtime.MockCallArgs) -> dict[str, Any]:
        return {}


class TestProgramSide:
    """A program that read a property by the wrong name stopped in the middle of a deployment."""

    @pytest.fixture(autouse=True)
    def loop(self) -> Iterator[None]:
        """A loop for the SDK to find: an `asyncio.run` in an earlier test leaves the thread without one."""
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        yield
        asyncio.set_event_loop(None)
        loop.close()

    def test_properties_are_read_in_snake_case_and_registered_in_camel_case(self) -> None:
        mocks = Mocks()
        asyncio.set_event_loop(
            asyncio.new_event_loop()
        )  # an earlier asyncio.run leaves the thread without one
        pulumi.runtime.set_mocks(mocks, project="cexio-bot", stack="dev")
        seen: list[Any] = []

        @pulumi.runtime.test
        def program() -> pulumi.Output[Any]:
            vpc = Vpc("v", owner="cexio-bot/dev/vpc", cidr="10.0.0.0/24", tags={"my_tag": "x"})
            subnet = Subnet("s", owner="cexio-bot/dev/subnet", vpc_id=vpc.vpc_id, cidr="10.0.0.0/24")
            with pytest.raises(AttributeError, match="no property nonsense"):
                _ = subnet.nonsense
            return pulumi.Output.all(vpc.vpc_id, subnet.subnet_id, vpc.tags).apply(seen.append)

        program()
        assert seen == [["vpc-1", "subnet-1", {"my_tag": "x"}]]
        asked = mocks.asked["pulumi-python:dynamic/aws:Subnet"]
        assert {"owner", "vpcId", "cidr", "__provider"} == set(asked)


class Failing(Provider):
    """Raises what it is told to."""

    def delete(self, _id: str, props: dict[str, Any]) -> None:
        raise props["error"]


def line_of(error: Exception) -> str:
    with pytest.raises(ProviderError) as raised:
        Failing().delete("i-1", {"owner": "cexio-bot/dev/host", "error": error})
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__
    text = str(raised.value)
    assert "\n" not in text
    return text


class TestOneLine:
    """A traceback of a provider hid what to do under forty lines, and once showed a header with a key."""

    def test_a_foreseen_error_keeps_its_text_on_one_line(self) -> None:
        assert line_of(NotOurs("it is\n  theirs")) == "it is theirs"

    def test_an_error_of_aws_names_object_action_code_request_and_remedy(self) -> None:
        message = "You may not.\nEncoded authorization failure message: abc"
        answer: Any = {
            "Error": {"Code": "UnauthorizedOperation", "Message": message},
            "ResponseMetadata": {"RequestId": "r-1", "HTTPStatusCode": 403, "Action": "ec2:DeleteVpc"},
        }
        assert line_of(ClientError(answer, "DeleteVpc")) == (
            "Failing cexio-bot/dev/host: ec2:DeleteVpc was refused: UnauthorizedOperation: You may not "
            "(request r-1): allow ec2:DeleteVpc to these credentials, or run as a role that may"
        )

    def test_no_answer_of_aws_is_told_as_that(self) -> None:
        text = line_of(EndpointConnectionError(endpoint_url="https://ec2.amazonaws.com"))
        assert "got no answer (EndpointConnectionError)" in text
        assert "run the same command again" in text

    def test_an_unforeseen_error_is_told_by_type_and_place_without_its_text(self) -> None:
        text = line_of(KeyError("the-secret"))
        assert "KeyError at test_contract.py:" in text
        assert "the-secret" not in text


class TestUnknown:
    """A value still to be computed was taken for a text, and a resource replaced for it."""

    def test_an_unknown_is_found_at_any_depth(self) -> None:
        unknown = pulumi.output.Unknown()
        assert not known(unknown)
        assert not known({"a": [{"b": unknown}]})
        assert known({"a": [{"b": None}], "c": ("d", 1)})
