"""A sandbox with a host in it, which runs host/probe.py from its address, and two provider processes."""

from __future__ import annotations

import base64
import json
import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from components.cloud_config import cloud_config
from providers.aws.secret_policy import closed_to_all_but
from tests.providers.dynamic_server import DynamicServer
from tests.providers.sandbox_processes import Aws, Exchange, endpoints_file

DEPLOYER = "arn:aws:iam::123456789012:user/deployer"
PLACEHOLDER = '{"status":"awaiting key"}'
RIGHTS = ["ssm:UpdateInstanceInformation", "secretsmanager:GetSecretValue"]
IMAGE = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"


class Sandbox:
    """The servers, one host with its address, and secrets to order."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.aws = Aws(folder)
        self.exchange = Exchange(folder)
        endpoints_file(folder, self.aws.url, self.exchange.url)
        self.secrets = self.aws.client("secretsmanager")
        self.instance, self.address = self._host()
        self.offer = folder / "offered.json"
        self.offer.touch(0o600)
        config = {"cexio-bot:sandbox": "true"}
        environment = {"CEXIO_BOT_SANDBOX_DIR": str(folder)}
        self.silent = DynamicServer(config, environment)
        # two runs of one stack never live at once: of these two neither claims it from the other
        apart = {"CEXIO_KEY_FILE": str(self.offer), "PULUMI_HOME": str(folder / "offering")}
        self.offering = DynamicServer(config, {**environment, **apart})

    def stop(self) -> str:
        """End all processes; everything that the providers printed."""
        said = self.silent.stop() + self.offering.stop()
        self.aws.stop()
        self.exchange.stop()
        return said

    def provider(self, offered: dict[str, str] | None) -> DynamicServer:
        """The provider's process of a run that is offered this key, or none."""
        if offered is None:
            return self.silent
        self.offer.write_text(json.dumps(offered))
        return self.offering

    def leaks_into(self, texts: str) -> bool:
        """Whether the secret of any key of the exchange is in a text, plain or in Base64."""
        kept = "".join(file.read_text() for file in self.exchange.store.rglob("*.json"))
        secrets = re.findall(r'"secret": ?"(\w{20,})"', kept)
        assert secrets or not kept.count("permissions")
        return any(
            form in texts
            for secret in secrets
            for form in (secret, base64.b64encode(secret.encode()).decode().rstrip("="))
        )

    def aws_files(self) -> str:
        """All that the sandbox's AWS and its hosts wrote, the key store of Secrets Manager aside."""
        files = (file for file in self.aws.store.rglob("*") if file.is_file())
        return "".join(file.read_text(errors="replace") for file in files)

    def secret(self) -> str:
        """A new container with its placeholder version, closed, as the stack makes it."""
        made = self.secrets.create_secret(Name=f"s/{uuid.uuid4().hex}.x", SecretString=PLACEHOLDER)
        self.close(made["ARN"], DEPLOYER)
        return str(made["ARN"])

    def close(self, arn: str, *deployers: str) -> None:
        """Put the policy that lets the host and these at the value."""
        policy = closed_to_all_but(arn, "host", deployers)
        self.secrets.put_resource_policy(SecretId=arn, ResourcePolicy=policy, BlockPublicPolicy=True)

    def stages(self, arn: str) -> dict[str, str]:
        """Version id by label."""
        found = self.secrets.describe_secret(SecretId=arn)["VersionIdsToStages"]
        return {label: version for version, labels in found.items() for label in labels}

    def value(self, arn: str, stage: str = "AWSCURRENT") -> dict[str, str]:
        """What the version with a label says."""
        return dict(
            json.loads(self.secrets.get_secret_value(SecretId=arn, VersionStage=stage)["SecretString"])
        )

    def requests(self) -> list[dict[str, Any]]:
        """The calls that AWS was asked so far."""
        log = (self.aws.store / "requests.jsonl").read_text().splitlines()
        return [json.loads(line) for line in log]

    def _host(self) -> tuple[str, str]:
        ec2, iam, ssm = (self.aws.client(service) for service in ("ec2", "iam", "ssm"))
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/24")["Vpc"]["VpcId"]
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
        gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
        interface = ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"]
        address = ec2.allocate_address()
        ec2.associate_address(AllocationId=address["AllocationId"], NetworkInterfaceId=interface)
        iam.create_role(RoleName="host", AssumeRolePolicyDocument="{}")
        allowed = {"Effect": "Allow", "Action": RIGHTS, "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
        iam.put_role_policy(RoleName="host", PolicyName="rights", PolicyDocument=document)
        iam.create_instance_profile(InstanceProfileName="host")
        iam.add_role_to_instance_profile(InstanceProfileName="host", RoleName="host")
        launched = ec2.run_instances(
            MinCount=1,
            MaxCount=1,
            ImageId=ssm.get_parameter(Name=IMAGE)["Parameter"]["Value"],
            InstanceType="t4g.micro",
            NetworkInterfaces=[{"DeviceIndex": 0, "NetworkInterfaceId": interface}],
            IamInstanceProfile={"Name": "host"},
            UserData=cloud_config(),
        )
        return launched["Instances"][0]["InstanceId"], address["PublicIp"]


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    made = Sandbox(tmp_path_factory.mktemp("world"))
    yield made
    files = made.aws_files()
    assert not made.leaks_into(files + made.stop())
