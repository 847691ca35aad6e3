"""What a call to EC2 needs to be allowed: itself on each object it names or makes, its tags, its role.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html
Describe calls know no object. An object that a call makes is known by the tags that it asks for, one that is
there by its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

from sandbox.aws.cloud import ACCOUNT, REGION
from sandbox.aws.corrections.authorization import Asked, Authorization
from sandbox.aws.corrections.call import Ec2Call
from sandbox.aws.policy_evaluation import Context

KINDS = {
    "ami": "image",
    "eipalloc": "elastic-ip",
    "eni": "network-interface",
    "i": "instance",
    "igw": "internet-gateway",
    "rtb": "route-table",
    "sg": "security-group",
    "sgr": "security-group-rule",
    "subnet": "subnet",
    "vol": "volume",
    "vpc": "vpc",
}
MAKES = {
    "AllocateAddress": ("elastic-ip",),
    "CreateInternetGateway": ("internet-gateway",),
    "CreateNetworkInterface": ("network-interface",),
    "CreateRouteTable": ("route-table",),
    "CreateSecurityGroup": ("security-group",),
    "CreateSubnet": ("subnet",),
    "CreateVolume": ("volume",),
    "CreateVpc": ("vpc",),
    "RunInstances": ("instance", "volume"),
}
ID = re.compile(rf"({'|'.join(KINDS)}|eipassoc|rtbassoc)-[0-9a-f]{{8,17}}")


class Ec2Authorization(Authorization, Ec2Call):
    def _asked(self, action: str) -> Iterator[Asked]:
        name = action.partition(":")[2]
        if name.startswith("Describe"):
            yield Asked(action, "*")
            return
        made = {kind: self._requested_tags(kind) for kind in MAKES.get(name, ())}
        for kind, tags in made.items():
            yield Asked(action, _arn(kind, "*"), _conditions("RequestTag", tags))
            if tags:
                told = {**_conditions("RequestTag", tags), "ec2:CreateAction": name}
                yield Asked("ec2:CreateTags", _arn(kind, "*"), told)
        named = self._ids()
        written = _conditions("RequestTag", self._tags()) if name.endswith("Tags") else {}
        for id_ in named:
            there = _conditions("ResourceTag", self.ec2_backend.tags.get(id_, {}))
            yield Asked(action, _arn(KINDS[id_.partition("-")[0]], id_), {**there, **written})
        if not made and not named:
            yield Asked(action, "*")
        if name == "RunInstances":
            yield from self._passed_role()

    def _ids(self) -> list[str]:
        """The objects that a call is about, those behind an association or an interface included."""
        body = self.normalized_request.environ["sandbox.body"].decode()
        given = [value for _, value in parse_qsl(body) if ID.fullmatch(value)]
        ids = {id_: None for value in given for id_ in self._behind(value)}
        return list(ids)

    def _behind(self, id_: str) -> list[str]:
        if id_.startswith("eipassoc-"):
            return [
                part
                for address in self.ec2_backend.addresses
                if address.association_id == id_
                for part in (address.allocation_id, address.eni.id if address.eni else None)
                if part
            ]
        if id_.startswith("rtbassoc-"):
            rows = [row for table in self.ec2_backend.route_tables.values() for row in table.associations]
            row: dict[str, str] = next((row for row in rows if row["RouteTableAssociationId"] == id_), {})
            # A replacement names the new table; that AWS asks about the one before is nowhere told.
            before = () if self._get_action() == "ReplaceRouteTableAssociation" else ("RouteTableId",)
            return [row[name] for name in (*before, "SubnetId") if name in row]
        interface = self.ec2_backend.enis.get(id_)
        if interface is not None and self._get_action() == "RunInstances":
            return [id_, interface.subnet.id, *(group.id for group in interface.group_set)]
        return [id_]

    def _requested_tags(self, kind: str) -> dict[str, str]:
        return {
            tag["Key"]: tag.get("Value", "")
            for part in self._get_param("TagSpecifications", [])
            if part.get("ResourceType") == kind
            for tag in part.get("Tags", [])
        }

    def _tags(self) -> dict[str, str]:
        return {tag["Key"]: tag.get("Value", "") for tag in self._get_param("Tags", [])}

    def _passed_role(self) -> Iterator[Asked]:
        name = (self._get_param("IamInstanceProfile") or {}).get("Name")
        profile = next((one for one in self.cloud.iam.instance_profiles.values() if one.name == name), None)
        for role in profile.roles if profile else ():
            yield Asked("iam:PassRole", role.arn, {"iam:PassedToService": "ec2.amazonaws.com"})


def _arn(kind: str, id_: str) -> str:
    account = "" if kind == "image" else ACCOUNT
    return f"arn:aws:ec2:{REGION}:{account}:{kind}/{id_}"


def _conditions(word: str, tags: dict[str, Any]) -> Context:
    keys = {"aws:TagKeys": list(tags)} if word == "RequestTag" and tags else {}
    return {**{f"aws:{word}/{key}": str(value) for key, value in tags.items()}, **keys}
