"""Calls to IAM and Systems Manager that are about a named thing, and what else they need to be allowed.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html
"""

from __future__ import annotations

from collections.abc import Iterator

from sandbox.aws.cloud import ACCOUNT, REGION
from sandbox.aws.corrections.authorization import Asked, Authorization
from sandbox.aws.corrections.call import IamCall, SsmCall


class IamAuthorization(Authorization, IamCall):
    """A profile where one is named, else a role; a role that goes into a profile is handed to EC2."""

    def _asked(self, action: str) -> Iterator[Asked]:
        profile, role = self._get_param("InstanceProfileName"), self._get_param("RoleName")
        simulated = self._get_param("PolicySourceArn")
        if profile:
            yield Asked(action, f"arn:aws:iam::{ACCOUNT}:instance-profile/{profile}")
        elif role:
            yield Asked(action, self._role_arn(role))
        else:
            yield Asked(action, simulated or "*")
        if action == "iam:AddRoleToInstanceProfile":
            yield Asked("iam:PassRole", self._role_arn(role), {"iam:PassedToService": "ec2.amazonaws.com"})

    def _role_arn(self, name: str) -> str:
        there = self.cloud.role_named(name)
        return str(there.arn) if there else f"arn:aws:iam::{ACCOUNT}:role/{name}"


class SsmAuthorization(Authorization, SsmCall):
    """A command is about its document and each of its hosts; a parameter of AWS's is of no account."""

    def _asked(self, action: str) -> Iterator[Asked]:
        if action == "ssm:SendCommand":
            yield Asked(action, f"arn:aws:ssm:{REGION}::document/{self._get_param('DocumentName')}")
            for id_ in self._get_param("InstanceIds", []):
                tags = self.cloud.ec2.tags.get(id_, {})
                told = {f"ssm:resourceTag/{key}": str(value) for key, value in tags.items()}
                yield Asked(action, f"arn:aws:ec2:{REGION}:{ACCOUNT}:instance/{id_}", told)
        elif action == "ssm:GetParameter":
            name = str(self._get_param("Name"))
            account = "" if name.startswith("/aws/") else ACCOUNT
            yield Asked(action, f"arn:aws:ssm:{REGION}:{account}:parameter/{name.lstrip('/')}")
        else:
            yield Asked(action, "*")
