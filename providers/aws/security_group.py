"""`aws:SecurityGroup`: who may reach the host (nobody) and whom it may reach (HTTPS).

The rules there are exactly the rules wanted: what was opened by hand, by IPv6, by another group or by prefix
list too, is shown as drift and taken back. DNS, time and metadata of Amazon need no rule.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import pulumi
from botocore.exceptions import ClientError
from pulumi.dynamic import CheckFailure, CheckResult
from pydantic import Field

from providers.aws.failures import code_of
from providers.aws.networks import RuleCidr
from providers.aws.ownership import GROUP, Row
from providers.aws.resource import Ec2Provider, OwnedInputs
from providers.aws.waiting import CLEARING, removed
from providers.contract import Inputs, Resource, known

PEERS = {
    "IpRanges": "CidrIp",
    "Ipv6Ranges": "CidrIpv6",
    "UserIdGroupPairs": "GroupId",
    "PrefixListIds": "PrefixListId",
}
HTTPS_OUT: tuple[Mapping[str, Any], ...] = ({"protocol": "tcp", "port": 443, "cidr": "0.0.0.0/0"},)


class Rule(Inputs):
    """One port to or from one IPv4 network."""

    protocol: Literal["tcp", "udp"]
    port: int = Field(ge=1, le=65535)
    cidr: RuleCidr


class SecurityGroupInputs(OwnedInputs):
    """name: unique in its network, not beginning with sg-. description: fixed by AWS once made."""

    vpc_id: str = Field(pattern=r"^vpc-")
    name: str = Field(pattern=r"^[A-Za-z0-9_ .:/()#,@\[\]+=&;{}!$*-]+$", max_length=255)
    description: str = Field(pattern=r"^[A-Za-z0-9_ .:/()#,@\[\]+=&;{}!$*-]+$", max_length=255)
    ingress: tuple[Rule, ...] = ()
    egress: tuple[Rule, ...] = (Rule(protocol="tcp", port=443, cidr="0.0.0.0/0"),)


class SecurityGroupProvider(Ec2Provider[SecurityGroupInputs]):
    """Rules change in place, new ones before old ones go."""

    inputs = SecurityGroupInputs
    kind = GROUP
    could_double = False
    replaced_by = ("vpcId", "name")

    def check(self, olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """As every provider's; AWS changes no description, and two groups of a network have two names."""
        result = super().check(olds, news)
        old, new = olds.get("description"), news.get("description")
        if isinstance(old, str) and known(new) and old != new and olds.get("name") == news.get("name"):
            reason = "cannot change on AWS: set it back, or change the group's name with it"
            result.failures.append(CheckFailure("description", reason))
        return result

    def fits(self, row: Row, wanted: SecurityGroupInputs) -> bool:
        return (row["VpcId"], row["GroupName"]) == (wanted.vpc_id, wanted.name)

    def request(self, ec2: Any, wanted: SecurityGroupInputs, tags: list[Any]) -> Any:
        return ec2.create_security_group(
            GroupName=wanted.name,
            Description=wanted.description,
            VpcId=wanted.vpc_id,
            TagSpecifications=tags,
        )

    def align(self, id_: str, wanted: SecurityGroupInputs, before: Mapping[str, Any]) -> None:
        row, ec2 = self.row(id_), self.ec2
        self._align_rules(
            id_,
            row.get("IpPermissionsEgress") or [],
            wanted.egress,
            ec2.authorize_security_group_egress,
            ec2.revoke_security_group_egress,
        )
        self._align_rules(
            id_,
            row.get("IpPermissions") or [],
            wanted.ingress,
            ec2.authorize_security_group_ingress,
            ec2.revoke_security_group_ingress,
        )
        self.align_tags(id_, wanted, before)

    def _align_rules(
        self, id_: str, there: Sequence[Row], wanted: Sequence[Rule], authorize: Any, revoke: Any
    ) -> None:
        have = _single_rules(there)
        want = {_key(rule.props()): _permission(rule) for rule in wanted}
        for change, rules, done in (
            (authorize, [rule for key, rule in want.items() if key not in have], "Duplicate"),
            (revoke, [rule for key, rule in have.items() if key not in want], "NotFound"),
        ):
            for rule in rules:
                try:
                    change(GroupId=id_, IpPermissions=[rule])
                except ClientError as error:
                    if code_of(error) != f"InvalidPermission.{done}":
                        raise

    def shown(self, row: Row, recorded: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "securityGroupId": row["GroupId"],
            "vpcId": row["VpcId"],
            "name": row["GroupName"],
            "ingress": _shown_rules(row.get("IpPermissions") or [], recorded.get("ingress") or []),
            "egress": _shown_rules(row.get("IpPermissionsEgress") or [], recorded.get("egress") or []),
        }

    def remove(self, id_: str, _recorded: Mapping[str, Any]) -> None:
        removed(lambda: self.ec2.delete_security_group(GroupId=id_), CLEARING, "InvalidGroup.InUse")


def _permission(rule: Rule) -> Row:
    return {
        "IpProtocol": rule.protocol,
        "FromPort": rule.port,
        "ToPort": rule.port,
        "IpRanges": [{"CidrIp": rule.cidr}],
    }


def _single_rules(permissions: Sequence[Row]) -> dict[str, Row]:
    """AWS's permissions with one peer each, by their key."""
    single: dict[str, Row] = {}
    for permission in permissions:
        ports: Row = {name: permission[name] for name in ("FromPort", "ToPort") if name in permission}
        for peers, name in PEERS.items():
            for peer in permission.get(peers) or ():
                rule: Row = {**ports, "IpProtocol": permission["IpProtocol"], peers: [{name: peer[name]}]}
                single[_key(_shown_rule(rule))] = rule
    return single


def _shown_rule(permission: Row) -> dict[str, Any]:
    """One permission of one peer as the state has it; a range of ports is a text."""
    first, last = permission.get("FromPort"), permission.get("ToPort")
    port: Any = first if first == last else f"{first}-{last}"
    peer = next(permission[peers][0][name] for peers, name in PEERS.items() if permission.get(peers))
    shown = {"protocol": permission["IpProtocol"], "port": port, "cidr": peer}
    return {name: value for name, value in shown.items() if value is not None}


def _shown_rules(permissions: Sequence[Row], recorded: Sequence[Any]) -> list[Any]:
    """The rules there, those recorded first and in their order, so that order is no drift."""
    there = {key: _shown_rule(rule) for key, rule in _single_rules(permissions).items()}
    order = [key for key in map(_key, recorded) if key in there]
    return [there[key] for key in [*order, *sorted(set(there) - set(order))]]


def _key(rule: Mapping[str, Any]) -> str:
    port = rule.get("port")
    number = int(port) if isinstance(port, float) else port
    return f"{rule.get('protocol')} {number} {rule.get('cidr')}"


class SecurityGroup(Resource, module="aws", name="SecurityGroup"):
    """A security group; rules are `{protocol, port, cidr}`. EC2 API: CreateSecurityGroup."""

    security_group_id: pulumi.Output[str]

    def __init__(
        self,
        resource_name: str,
        *,
        owner: pulumi.Input[str],
        vpc_id: pulumi.Input[str],
        name: pulumi.Input[str],
        description: pulumi.Input[str],
        ingress: Sequence[Mapping[str, Any]] = (),
        egress: Sequence[Mapping[str, Any]] = HTTPS_OUT,
        tags: pulumi.Input[Mapping[str, pulumi.Input[str]]] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        properties = {
            "owner": owner,
            "vpcId": vpc_id,
            "name": name,
            "description": description,
            "ingress": [dict(rule) for rule in ingress],
            "egress": [dict(rule) for rule in egress],
            "tags": tags,
            "securityGroupId": None,
        }
        super().__init__(SecurityGroupProvider(), resource_name, properties, opts)
