"""Tags go on what is there, and keys that begin with `aws:` are AWS's own.

moto takes any key, and tags ids that nobody ever had.
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html#tag-restrictions
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateTags.html
"""

from __future__ import annotations

from typing import Any

from sandbox.aws.corrections.call import Ec2Call
from sandbox.aws.object_ids import named, not_found
from sandbox.aws.visibility import ec2_ids

KEY_CHARACTERS = 128
VALUE_CHARACTERS = 256


class TagRules(Ec2Call):
    def admit(self) -> None:
        super().admit()
        written: list[dict[str, Any]] = []
        if self._get_action() == "CreateTags":
            written += self._get_param("Tags", [])
        for specification in self._get_param("TagSpecifications", []) or []:
            written += specification.get("Tags", [])
        for tag in written:
            self._check_tag(str(tag.get("Key", "")), str(tag.get("Value", "")))

    def create_tags(self) -> Any:
        there = set(ec2_ids(self.ec2_backend))
        for id_ in named(self._get_param("Resources", [])):
            if id_ not in there:
                self.refuse(*not_found(id_, "CreateTags"))
        return super().create_tags()

    def _check_tag(self, key: str, value: str) -> None:
        if key.lower().startswith("aws:"):
            self.refuse(
                "InvalidParameterValue",
                f"Value ( {key} ) for parameter key is invalid. "
                "Tag keys starting with 'aws:' are reserved for internal use",
            )
        if not 1 <= len(key) <= KEY_CHARACTERS or len(value) > VALUE_CHARACTERS:
            self.refuse(
                "InvalidParameterValue",
                f"A tag has a key of 1 to {KEY_CHARACTERS} characters and a value of at most "
                f"{VALUE_CHARACTERS}.",
            )
