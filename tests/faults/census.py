"""What an account holds, asked of the sandbox's AWS itself and not through the proxy.

Objects are compared by what they are and not by their ids, as no two runs make the same ids; addresses by
their IP, as an address must be the same one. What is dead (a terminated instance) does not count, and what is
in deletion (a secret) is told as that.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

Census = dict[str, list[str]]
Objects = dict[str, set[str]]
Row = dict[str, Any]

DEAD = ("terminated", "shutting-down")
VOLATILE_TAGS = ("cexio-bot:generation", "cexio-bot:launch")  # told apart by how often was launched


def existing(aws: Any) -> Objects:
    """The ids of all that lives, by kind."""
    return {kind: {id_ for id_, _ in rows(aws)} for kind, rows in KINDS.items()}


def census_of(aws: Any, besides: Objects) -> Census:
    """By kind what there is, sorted; the ids in `besides` are left out."""
    found = {
        kind: sorted(
            json.dumps(shown, sort_keys=True) for id_, shown in rows(aws) if id_ not in besides[kind]
        )
        for kind, rows in KINDS.items()
    }
    return {kind: rows for kind, rows in found.items() if rows}


def difference(expected: Census, seen: Census) -> list[str]:
    """A line for each object that is missing, left over or doubled; nothing where the two are one."""
    lines = []
    for kind in sorted({*expected, *seen}):
        wanted, there = list(expected.get(kind, [])), list(seen.get(kind, []))
        for row in list(wanted):
            if row in there:
                wanted.remove(row)
                there.remove(row)
        lines += [f"missing {kind}: {row}" for row in wanted] + [f"too much {kind}: {row}" for row in there]
    return lines


def counts(census: Census) -> dict[str, int]:
    """How many there are of each kind."""
    return {kind: len(rows) for kind, rows in census.items()}


def _tags(row: Row) -> dict[str, str]:
    tags = {tag["Key"]: tag["Value"] for tag in row.get("Tags") or row.get("TagSet") or ()}
    return {key: value for key, value in tags.items() if key not in VOLATILE_TAGS}


def _permissions(rows: Iterable[Row]) -> list[str]:
    return sorted(
        f"{row.get('IpProtocol')} {row.get('FromPort')}-{row.get('ToPort')}"
        f" {[r['CidrIp'] for r in row.get('IpRanges', [])]}"
        for row in rows
    )


def _vpcs(aws: Any) -> list[tuple[str, Row]]:
    rows = aws.client("ec2").describe_vpcs()["Vpcs"]
    return [(row["VpcId"], {"cidr": row["CidrBlock"], "tags": _tags(row)}) for row in rows]


def _subnets(aws: Any) -> list[tuple[str, Row]]:
    rows = aws.client("ec2").describe_subnets()["Subnets"]
    return [
        (
            row["SubnetId"],
            {"cidr": row["CidrBlock"], "public": row["MapPublicIpOnLaunch"], "tags": _tags(row)},
        )
        for row in rows
    ]


def _gateways(aws: Any) -> list[tuple[str, Row]]:
    rows = aws.client("ec2").describe_internet_gateways()["InternetGateways"]
    return [
        (row["InternetGatewayId"], {"attached": len(row["Attachments"]), "tags": _tags(row)}) for row in rows
    ]


def _route_tables(aws: Any) -> list[tuple[str, Row]]:
    rows = aws.client("ec2").describe_route_tables()["RouteTables"]
    return [
        (
            row["RouteTableId"],
            {
                "routes": sorted(route.get("DestinationCidrBlock", "") for route in row["Routes"]),
                "main": any(one.get("Main") for one in row["Associations"]),
                "subnets": sum(bool(one.get("SubnetId")) for one in row["Associations"]),
                "tags": _tags(row),
            },
        )
        for row in rows
    ]


def _groups(aws: Any) -> list[tuple[str, Row]]:
    rows = aws.client("ec2").describe_security_groups()["SecurityGroups"]
    return [
        (
            row["GroupId"],
            {
                "name": row["GroupName"],
                "in": _permissions(row["IpPermissions"]),
                "out": _permissions(row["IpPermissionsEgress"]),
                "tags": _tags(row),
            },
        )
        for row in rows
    ]


def _interfaces(aws: Any) -> list[tuple[str, Row]]:
    rows = aws.client("ec2").describe_network_interfaces()["NetworkInterfaces"]
    return [
        (
            row["NetworkInterfaceId"],
            {
                "description": row["Description"],
                "groups": len(row["Groups"]),
                "address": row.get("Association", {}).get("PublicIp"),
                "instance": bool(row.get("Attachment", {}).get("InstanceId")),
                "tags": _tags(row),
            },
        )
        for row in rows
    ]


def _addresses(aws: Any) -> list[tuple[str, Row]]:
    rows = aws.client("ec2").describe_addresses()["Addresses"]
    return [
        (
            row["AllocationId"],
            {
                "address": row["PublicIp"],
                "associated": bool(row.get("NetworkInterfaceId")),
                "tags": _tags(row),
            },
        )
        for row in rows
    ]


def _instances(aws: Any) -> list[tuple[str, Row]]:
    found = aws.client("ec2").describe_instances()["Reservations"]
    return [
        (
            row["InstanceId"],
            {
                "type": row["InstanceType"],
                "state": row["State"]["Name"],
                "image": row["ImageId"],
                "imds": row["MetadataOptions"]["HttpTokens"],
                "profile": row.get("IamInstanceProfile", {}).get("Arn"),
                "address": row.get("PublicIpAddress"),
                "tags": _tags(row),
            },
        )
        for reservation in found
        for row in reservation["Instances"]
        if row["State"]["Name"] not in DEAD
    ]


def _volumes(aws: Any) -> list[tuple[str, Row]]:
    rows = aws.client("ec2").describe_volumes()["Volumes"]
    return [
        (row["VolumeId"], {"gib": row["Size"], "encrypted": row["Encrypted"], "tags": _tags(row)})
        for row in rows
    ]


def _roles(aws: Any) -> list[tuple[str, Row]]:
    iam = aws.client("iam")
    rows = []
    for name in [row["RoleName"] for row in iam.list_roles()["Roles"]]:
        policies = {
            policy: iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
            for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]
        }
        for statement in (one for policy in policies.values() for one in policy["Statement"]):
            if "secret:" in str(statement["Resource"]):
                statement["Resource"] = str(statement["Resource"])[:-7]  # the six random characters
        tags = _tags(iam.list_role_tags(RoleName=name))
        rows.append((name, {"name": name, "policies": policies, "tags": tags}))
    return rows


def _profiles(aws: Any) -> list[tuple[str, Row]]:
    iam = aws.client("iam")
    return [
        (
            row["InstanceProfileName"],
            {
                "name": row["InstanceProfileName"],
                "roles": [role["RoleName"] for role in row["Roles"]],
                "tags": _tags(row),
            },
        )
        for row in iam.list_instance_profiles()["InstanceProfiles"]
    ]


def _secrets(aws: Any) -> list[tuple[str, Row]]:
    client = aws.client("secretsmanager")
    rows = []
    for listed in client.list_secrets(IncludePlannedDeletion=True)["SecretList"]:
        row = client.describe_secret(SecretId=listed["ARN"])
        shown = {"name": row["Name"], "in deletion": bool(row.get("DeletedDate"))}
        if not row.get("DeletedDate"):
            policy = client.get_resource_policy(SecretId=row["ARN"]).get("ResourcePolicy")
            shown |= {
                "tags": _tags(row),
                "stages": sorted(stage for stages in row["VersionIdsToStages"].values() for stage in stages),
                "policy": len(json.loads(policy)["Statement"]) if policy else 0,
            }
        rows.append((listed["ARN"], shown))
    return rows


KINDS: dict[str, Callable[[Any], list[tuple[str, Row]]]] = {
    "instance": _instances,
    "volume": _volumes,
    "network interface": _interfaces,
    "address": _addresses,
    "security group": _groups,
    "route table": _route_tables,
    "internet gateway": _gateways,
    "subnet": _subnets,
    "VPC": _vpcs,
    "instance profile": _profiles,
    "role": _roles,
    "secret": _secrets,
}
