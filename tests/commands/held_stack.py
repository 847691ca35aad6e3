"""A whole stack whose deployer has the generated policy and nothing else; what it then does to AWS."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from commands.deployer_policy import Scope
from tests.end_to_end.conftest import Clone

SCOPE = Scope(account="123456789012")
USER = "deployer"
PREFIXES = {"service-quotas": "servicequotas"}


def bind(iam: Any, documents: Iterable[dict[str, Any]]) -> None:
    """Hold the deployer to these policies, in the place of those before."""
    names = [user["UserName"] for user in iam.list_users()["Users"]]
    if USER not in names:
        iam.create_user(UserName=USER)
    for row in iam.list_attached_user_policies(UserName=USER)["AttachedPolicies"]:
        iam.detach_user_policy(UserName=USER, PolicyArn=row["PolicyArn"])
        iam.delete_policy(PolicyArn=row["PolicyArn"])
    for number, document in enumerate(documents):
        made = iam.create_policy(PolicyName=f"{USER}-{number}", PolicyDocument=json.dumps(document))
        iam.attach_user_policy(UserName=USER, PolicyArn=made["Policy"]["Arn"])


def without(documents: Iterable[dict[str, Any]], *actions: str) -> list[dict[str, Any]]:
    """The policies with some actions taken out."""
    return [
        {
            **document,
            "Statement": [
                {**statement, "Action": kept}
                for statement in document["Statement"]
                if (kept := [action for action in statement["Action"] if action not in actions])
            ],
        }
        for document in documents
    ]


def made_by_the_deployer(log: str) -> set[str]:
    """The actions in a sandbox's request log that the providers made, as IAM names them."""
    rows = [json.loads(line) for line in log.splitlines()]
    return {
        f"{PREFIXES.get(row['service'], row['service'])}:{row['operation']}"
        for row in rows
        if row["access_key"] == "sandbox"
    }


def configured(clone: Clone, **config: str) -> None:
    """Add settings to the sandbox's stack."""
    file = clone.folder / "Pulumi.sandbox.yaml"
    given = tuple(f"  cexio-bot:{name}:" for name in config)
    kept = [line for line in file.read_text().splitlines() if not line.startswith(given)]
    rows = [f"  cexio-bot:{name}: {json.dumps(value)}" for name, value in config.items()]
    file.write_text("\n".join([*kept, *rows]) + "\n")


def acknowledged(clone: Clone, address: str) -> None:
    """Let a reviewer agree that the address is let go."""
    file = clone.folder / "policies" / "config" / "sandbox.json"
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps({"address-is-kept": {"acknowledgedReleases": [address]}}))


def tampered(clone: Clone) -> str:
    """All that a hand at the console can do and an `up` repairs; a route table that is then idle."""
    ec2, iam, secrets = (clone.client(name) for name in ("ec2", "iam", "secretsmanager"))
    role, profile = "cexio-bot-sandbox-role-bot-us-east-1", "cexio-bot-sandbox-profile-bot-us-east-1"

    def ours(describe: str, rows: str) -> dict[str, Any]:
        by_owner = [{"Name": "tag:cexio-bot:owner", "Values": ["cexio-bot/sandbox/*"]}]
        return dict(getattr(ec2, describe)(Filters=by_owner)[rows][-1])

    vpc, subnet = ours("describe_vpcs", "Vpcs")["VpcId"], ours("describe_subnets", "Subnets")["SubnetId"]
    table = ours("describe_route_tables", "RouteTables")
    group = ours("describe_security_groups", "SecurityGroups")["GroupId"]
    interface = ours("describe_network_interfaces", "NetworkInterfaces")["NetworkInterfaceId"]
    instance = ours("describe_instances", "Reservations")["Instances"][0]["InstanceId"]
    tag = {"Key": "team", "Value": "none"}

    ec2.create_tags(Resources=[vpc], Tags=[tag])
    ec2.modify_subnet_attribute(SubnetId=subnet, MapPublicIpOnLaunch={"Value": True})
    other = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    association = next(row for row in table["Associations"] if row.get("SubnetId"))["RouteTableAssociationId"]
    ec2.replace_route_table_association(AssociationId=association, RouteTableId=other)
    ec2.replace_route(
        RouteTableId=table["RouteTableId"], DestinationCidrBlock="0.0.0.0/0", NetworkInterfaceId=interface
    )
    anybody = [{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=anybody)
    ec2.modify_network_interface_attribute(NetworkInterfaceId=interface, Description={"Value": "by hand"})
    ec2.modify_instance_metadata_options(InstanceId=instance, HttpTokens="optional")
    ec2.stop_instances(InstanceIds=[instance])
    iam.put_role_policy(RoleName=role, PolicyName="by-hand", PolicyDocument=ANYTHING)
    iam.attach_role_policy(RoleName=role, PolicyArn="arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore")
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=TRUSTS_ALL)
    iam.remove_role_from_instance_profile(InstanceProfileName=profile, RoleName=role)
    secrets.update_secret(SecretId="cexio-bot-sandbox-key-bot", Description="by hand")
    return str(other)


def document(**statement: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})


ANYTHING = document(Action="*", Resource="*")
TRUSTS_ALL = document(Action="sts:AssumeRole", Principal={"AWS": "*"})
