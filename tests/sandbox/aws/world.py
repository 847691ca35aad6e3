"""One sandbox AWS in this process, for one test: what is launched in it ends with it."""

from __future__ import annotations

import base64
import gzip
import json
import threading
import time
import urllib.request
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from moto.ec2.models import ec2_backends
from moto.iam.models import iam_backends
from moto.secretsmanager.models import secretsmanager_backends

from sandbox.aws.cloud import ACCOUNT, REGION
from sandbox.aws.server import build

SSM_RIGHTS = {"Effect": "Allow", "Action": "ssm:UpdateInstanceInformation", "Resource": "*"}
REPORTER = "print('it ran')"


@cache
def client(service: str, url: str, **credentials: str) -> Any:
    """A client that tries once, as the deployer unless other credentials are given."""
    keys = {"aws_access_key_id": "AKIASANDBOXSANDBOX00", "aws_secret_access_key": "none", **credentials}
    once = Config(retries={"total_max_attempts": 1})
    return boto3.client(service, endpoint_url=url, region_name="us-east-1", config=once, **keys)


class World:
    """Clients and short cuts. Once its pace is large, time moves by `forward` alone."""

    def __init__(self, url: str, cloud: Any) -> None:
        self.url = url
        self.cloud = cloud

    def __getattr__(self, service: str) -> Any:
        return client(service, self.url)

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(self.url + path) as answer:
            return json.load(answer)

    def client(self, service: str) -> Any:
        return client(service, self.url)

    def post(self, path: str) -> None:
        urllib.request.urlopen(urllib.request.Request(self.url + path, method="POST")).close()

    def forward(self, seconds: float) -> None:
        self.post(f"/_sandbox/forward?seconds={seconds}")

    def network(self, *, gateway: bool = True) -> dict[str, str]:
        """A network with one interface; ids by name."""
        vpc = self.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnet = self.ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
        made = {"vpc": vpc, "subnet": subnet, "interface": self.interface(subnet)}
        if gateway:
            made["gateway"] = self.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
            self.ec2.attach_internet_gateway(InternetGatewayId=made["gateway"], VpcId=vpc)
        return made

    def interface(self, subnet: str, **more: Any) -> str:
        return self.ec2.create_network_interface(SubnetId=subnet, **more)["NetworkInterface"][
            "NetworkInterfaceId"
        ]

    def address(self, interface: str | None = None) -> dict[str, str]:
        made = self.ec2.allocate_address()
        if interface:
            self.ec2.associate_address(AllocationId=made["AllocationId"], NetworkInterfaceId=interface)
        return made

    def profile(self, *statements: dict[str, Any], name: str = "host") -> str:
        """An instance profile whose role may register with SSM, and do what the statements say."""
        self.iam.create_role(RoleName=name, AssumeRolePolicyDocument="{}")
        document = json.dumps({"Version": "2012-10-17", "Statement": [SSM_RIGHTS, *statements]})
        self.iam.put_role_policy(RoleName=name, PolicyName="rights", PolicyDocument=document)
        self.iam.create_instance_profile(InstanceProfileName=name)
        self.iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
        return name

    def image(self, architecture: str = "arm64") -> str:
        name = f"/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-{architecture}"
        return self.ssm.get_parameter(Name=name)["Parameter"]["Value"]

    def launch(self, interface: str, **more: Any) -> str:
        return self.run(interface, **more)["Instances"][0]["InstanceId"]

    def run(self, interface: str, **more: Any) -> Any:
        asked = {
            "MinCount": 1,
            "MaxCount": 1,
            "ImageId": self.image(),
            "InstanceType": "t4g.micro",
            "NetworkInterfaces": [{"DeviceIndex": 0, "NetworkInterfaceId": interface}],
            **more,
        }
        return self.ec2.run_instances(**asked)

    def host(self, program: str = REPORTER, *statements: dict[str, Any]) -> tuple[str, str]:
        """A host that is online and has `program` as /opt/cexio-bot/probe.py: its id and its Elastic IP."""
        network = self.network()
        address = self.address(network["interface"])
        profile = self.profile(*statements)
        instance = self.launch(
            network["interface"], UserData=user_data(program), IamInstanceProfile={"Name": profile}
        )
        self.state(instance)
        return instance, address["PublicIp"]

    def state(self, instance: str) -> str:
        return self.described(instance)["State"]["Name"]

    def described(self, instance: str) -> dict[str, Any]:
        return self.ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]

    def send(
        self, instance: str, line: str = "/usr/bin/python3 -I /opt/cexio-bot/probe.py", **more: Any
    ) -> str:
        parameters = {"commands": [line], **more.pop("Parameters", {})}
        sent = self.ssm.send_command(
            InstanceIds=[instance], DocumentName="AWS-RunShellScript", Parameters=parameters, **more
        )
        return sent["Command"]["CommandId"]

    def invocation(self, command: str, instance: str) -> dict[str, Any]:
        return self.ssm.get_command_invocation(CommandId=command, InstanceId=instance)

    def ended(self, command: str, instance: str) -> dict[str, Any]:
        def look() -> dict[str, Any] | None:
            seen = self.invocation(command, instance)
            return None if seen["Status"] in ("Pending", "InProgress") else seen

        return eventually(look)

    def output(
        self, instance: str, line: str = "/usr/bin/python3 -I /opt/cexio-bot/probe.py"
    ) -> dict[str, Any]:
        return self.ended(self.send(instance, line), instance)


def user_data(program: str) -> str:
    packed = base64.b64encode(gzip.compress(program.encode())).decode()
    return (
        "#cloud-config\nwrite_files:\n- path: /opt/cexio-bot/probe.py\n"
        f"  encoding: gz+b64\n  permissions: '0755'\n  content: {packed}\n"
        "runcmd:\n- [systemctl, start, bot]\n"
    )


def eventually(look: Callable[[], Any]) -> Any:
    """What `look` returns once it is true; fails after a generous while."""
    for _ in range(1000):
        if seen := look():
            return seen
        time.sleep(0.02)
    raise AssertionError("it never came about")


@contextmanager
def refused(code: str) -> Iterator[list[str]]:
    """The call inside fails with this code; the list holds its message afterwards."""
    messages: list[str] = []
    with pytest.raises(ClientError) as caught:
        yield messages
    assert caught.value.response["Error"]["Code"] == code, caught.value.response["Error"]
    messages.append(caught.value.response["Error"]["Message"])


_ports = [0]


def _build(store: Path, pace: float) -> Any:
    """On the port of the test before if it is free, because making clients takes longer than most tests."""
    try:
        built = build("127.0.0.1", _ports[-1], store, "world-of-a-test", pace)
    except OSError:
        built = build("127.0.0.1", 0, store, "world-of-a-test", pace)
    _ports.append(built[0].port)
    return built


@cache
def _untouched_moto() -> list[tuple[Any, dict[str, Any]]]:
    """moto keeps its state in the process, and making all its public images anew takes half a second."""
    backends = (
        ec2_backends[ACCOUNT][REGION],
        iam_backends[ACCOUNT]["aws"],
        secretsmanager_backends[ACCOUNT][REGION],
    )
    return [(backend, _two_levels(vars(backend))) for backend in backends]


def _two_levels(state: dict[str, Any]) -> dict[str, Any]:
    copied = {
        name: copy(value) if isinstance(value, dict | list | set) else value for name, value in state.items()
    }
    for value in copied.values():
        if type(value) in (dict, defaultdict):
            for name, item in value.items():
                value[name] = copy(item) if isinstance(item, dict) else item
    return copied


@contextmanager
def running(store: Path, pace: float = 0.0) -> Iterator[World]:
    server, cloud = _build(store, pace)
    untouched = _untouched_moto()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield World(cloud.endpoint, cloud)
    finally:
        server.shutdown()
        server.server_close()
        cloud.close()
        thread.join()
        for backend, state in untouched:
            vars(backend).clear()
            vars(backend).update(_two_levels(state))
