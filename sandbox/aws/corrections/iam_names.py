"""Names of roles and profiles: not too long, and one only, whatever the case of its letters.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sandbox.aws.corrections.call import IamCall

ROLE_CHARACTERS = 64
PROFILE_CHARACTERS = 128


class IamNames(IamCall):
    def create_role(self) -> Any:
        self._check("role", "RoleName", ROLE_CHARACTERS, self.cloud.iam.roles.values())
        return super().create_role()

    def create_instance_profile(self) -> Any:
        profiles = self.cloud.iam.instance_profiles.values()
        self._check("instance profile", "InstanceProfileName", PROFILE_CHARACTERS, profiles)
        return super().create_instance_profile()

    def _check(self, kind: str, parameter: str, longest: int, taken: Iterable[Any]) -> None:
        name = str(self._get_param(parameter))
        if len(name) > longest:
            self.refuse("ValidationError", f"The name of a {kind} has at most {longest} characters.")
        if any(other.name.lower() == name.lower() for other in taken):
            self.refuse("EntityAlreadyExists", f"The {kind} with name {name} already exists.")
