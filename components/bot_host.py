"""One machine that leaves from one static address: interface, role, instance.

The address is on the network interface before the machine starts, so its first packet leaves from it. The
role may be an SSM-managed host and read this one secret, nothing else. No key pair, no ingress, IMDSv2 only,
an encrypted disk. A replacement ends the old machine before the new one starts: never two bots on one key.
"""

from __future__ import annotations

import json
from typing import Any

import pulumi
from pydantic import BaseModel, ConfigDict

from providers.aws.elastic_ip_association import ElasticIpAssociation
from providers.aws.instance import Instance
from providers.aws.instance_profile import InstanceProfile
from providers.aws.network_interface import NetworkInterface
from providers.aws.role import Role
from providers.aws.secret_policy import via_secrets_manager
from providers.names import Names

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
MANAGED_HOST = [
    "ssm:UpdateInstanceInformation",
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
    "ec2messages:AcknowledgeMessage",
    "ec2messages:DeleteMessage",
    "ec2messages:FailMessage",
    "ec2messages:GetEndpoint",
    "ec2messages:GetMessages",
    "ec2messages:SendReply",
]
READ_SECRET = ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"]


class BotHostArgs(BaseModel):
    """The pieces that the host is made of; `after` is what its address needs to be reachable (the route)."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, arbitrary_types_allowed=True
    )

    names: Names
    host: str
    subnet_id: str | pulumi.Output[str]
    security_group_id: str | pulumi.Output[str]
    allocation_id: str | pulumi.Output[str]
    public_ip: str | pulumi.Output[str]
    secret_arn: str | pulumi.Output[str]
    secret_kms_key: str | None
    after: list[pulumi.Resource]
    instance_type: str
    architecture: str
    image_id: str | None
    image_request: str | None = None
    root_volume_gib: int
    user_data: str
    tags: dict[str, str]


class BotHost(pulumi.ComponentResource):
    """Network interface with its address, role with its profile, instance."""

    def __init__(self, name: str, args: BotHostArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cexio-bot:components:BotHost", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        names, host = args.names, args.host

        self.interface = NetworkInterface(
            f"{name}-interface",
            owner=names.owner("interface", host),
            subnet_id=args.subnet_id,
            security_group_ids=[args.security_group_id],
            description=f"CEX.IO bot host {host}",
            tags=args.tags,
            opts=child,
        )
        self.association = ElasticIpAssociation(
            f"{name}-association",
            owner=names.owner("association", host),
            allocation_id=args.allocation_id,
            network_interface_id=self.interface.network_interface_id,
            public_ip=args.public_ip,
            opts=pulumi.ResourceOptions(parent=self, depends_on=args.after),
        )
        self.role = Role(
            f"{name}-role",
            owner=names.owner("role", host),
            name=names.host_role(host),
            secret_arn=args.secret_arn,
            assume_role_policy=json.dumps(TRUST, sort_keys=True),
            inline_policies={
                "managed-host": json.dumps(_allow(MANAGED_HOST, "*"), sort_keys=True),
                "read-key": pulumi.Output.from_input(args.secret_arn).apply(
                    lambda arn: json.dumps(read_key(arn, args.secret_kms_key), sort_keys=True)
                ),
            },
            tags=args.tags,
            opts=child,
        )
        self.profile = InstanceProfile(
            f"{name}-profile",
            owner=names.owner("profile", host),
            name=names.host_profile(host),
            role_name=self.role.role_name,
            tags=args.tags,
            opts=child,
        )
        self.instance = Instance(
            f"{name}-instance",
            owner=names.owner("host", host),
            name=names.name("host", host, limit=255),
            network_interface_id=self.interface.network_interface_id,
            instance_profile_name=self.profile.profile_name,
            instance_type=args.instance_type,
            architecture=args.architecture,
            image_id=args.image_id,
            image_request=args.image_request,
            user_data=args.user_data,
            root_volume_gib=args.root_volume_gib,
            tags=args.tags,
            # said here too: a replacement by `--replace` or `state taint` is not put to the provider's diff,
            # and would adopt the very machine that is ended after it
            opts=pulumi.ResourceOptions(
                parent=self, depends_on=[self.association, self.role], delete_before_replace=True
            ),
        )
        self.instance_id: pulumi.Output[str] = self.instance.instance_id
        self.register_outputs({"instanceId": self.instance_id})


def read_key(secret_arn: str, kms_key: str | None) -> dict[str, Any]:
    """The right to read one secret, and to use a KMS key of one's own for that alone."""
    document = _allow(READ_SECRET, secret_arn)
    if kms_key is not None:
        _, partition, _, region, *_ = kms_key.split(":")
        for_this_secret = {
            "kms:EncryptionContext:SecretARN": secret_arn,
            "kms:ViaService": via_secrets_manager(region, partition),
        }
        decrypt = _allow(["kms:Decrypt"], kms_key)["Statement"][0]
        document["Statement"].append({**decrypt, "Condition": {"StringEquals": for_this_secret}})
    return document


def _allow(actions: list[str], resource: str) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": actions, "Resource": resource}],
    }
