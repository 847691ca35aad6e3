"""`aws:Tags`: the user's own tags on an object, apart from it.

Made for the Elastic IP: an update of the address itself would make it unknown in a preview. Writes and
removes the keys that it was given and no others; owner and marker are not its business.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
from botocore.exceptions import ClientError
from pydantic import Field

from providers.aws import session
from providers.aws.failures import is_gone
from providers.aws.resource import AwsProvider, UserTags, write_tags
from providers.contract import Inputs, Resource


class TagsInputs(Inputs):
    """resourceId: an EC2 object's id. owner: whose run it is; the tags are written to the object alone."""

    owner: str = Field(min_length=3, max_length=256)
    resource_id: str = Field(pattern=r"^[a-z]+-[0-9a-f]+$")
    tags: UserTags = Field(default_factory=dict)


class TagsProvider(AwsProvider[TagsInputs]):
    """Its id is the object's; without tags there is nothing to do."""

    inputs = TagsInputs
    replaced_by = ("resourceId",)

    def find(self, wanted: TagsInputs) -> str | None:
        return wanted.resource_id

    def align(self, id_: str, wanted: TagsInputs, before: Mapping[str, Any]) -> None:
        ec2 = session.client("ec2", self.endpoints)
        write_tags(ec2, id_, self._there(id_), wanted.tags, before.get("tags") or {})

    def look(self, id_: str, recorded: Mapping[str, Any]) -> dict[str, Any] | None:
        there = self._there(id_) if recorded.get("tags") else {}
        ours = {key: there[key] for key in recorded.get("tags") or {} if key in there}
        return {"resourceId": id_, "tags": ours}

    def remove(self, id_: str, recorded: Mapping[str, Any]) -> None:
        keys = sorted(recorded.get("tags") or {})
        if not keys:
            return
        try:
            ec2 = session.client("ec2", self.endpoints)
            ec2.delete_tags(Resources=[id_], Tags=[{"Key": key} for key in keys])
        except ClientError as error:
            if not is_gone(error):
                raise

    def _there(self, id_: str) -> dict[str, str]:
        of_object: list[Any] = [{"Name": "resource-id", "Values": [id_]}]
        pages = session.client("ec2", self.endpoints).get_paginator("describe_tags")
        found = pages.paginate(Filters=of_object)
        return {tag["Key"]: tag["Value"] for page in found for tag in page["Tags"]}


class Tags(Resource, module="aws", name="Tags"):
    """Tags on an EC2 object. EC2 API: CreateTags, DeleteTags."""

    def __init__(
        self,
        resource_name: str,
        *,
        owner: pulumi.Input[str],
        resource_id: pulumi.Input[str],
        tags: pulumi.Input[Mapping[str, pulumi.Input[str]]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        properties = {"owner": owner, "resourceId": resource_id, "tags": tags}
        super().__init__(TagsProvider(), resource_name, properties, opts)
