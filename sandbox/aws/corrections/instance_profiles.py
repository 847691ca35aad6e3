"""EC2 learns of an instance profile, and of the role in it, a moment after IAM says so.

moto answers NoSuchEntity for an unknown profile and launches with a profile that has no role. A host
launched so has no credentials for ever.
https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_general.html#troubleshoot_general_eventual-consistency
"""

from __future__ import annotations

from typing import Any

from sandbox.aws.corrections.call import Ec2Call, IamCall

KNOWN_AFTER_SECONDS = 0.4


class ProfilesTakeTime(IamCall):
    """Notes when a profile changes, so that EC2 can be late."""

    def create_instance_profile(self) -> Any:
        return self._note(super().create_instance_profile())

    def add_role_to_instance_profile(self) -> Any:
        return self._note(super().add_role_to_instance_profile())

    def _note(self, result: Any) -> Any:
        clock = self.cloud.clock
        self.cloud.profile_known_at[self._get_param("InstanceProfileName")] = (
            clock.now() + KNOWN_AFTER_SECONDS * clock.pace
        )
        return result


class ProfilesAreKnown(Ec2Call):
    """Refuses a launch, tried or dry, with a profile that EC2 does not know yet."""

    def run_instances(self) -> Any:
        name, arn = self._get_param("IamInstanceProfile.Name"), self._get_param("IamInstanceProfile.Arn")
        if name or arn:
            self._check(name, arn)
        return super().run_instances()

    def _check(self, name: str | None, arn: str | None) -> None:
        asked, field = (name, "name") if name else (arn, "arn")
        found = [
            profile
            for profile in self.cloud.iam.instance_profiles.values()
            if name in (None, profile.name) and arn in (None, profile.arn)
        ]
        late = found and self.cloud.profile_known_at.get(found[0].name, 0.0) > self.cloud.clock.now()
        if not found or (late and not found[0].roles):
            self.refuse(
                "InvalidParameterValue",
                f"Value ({asked}) for parameter iamInstanceProfile.{field} is invalid. "
                f"Invalid IAM Instance Profile {field}",
            )
        if late or not found[0].roles:
            self.refuse(
                "InvalidParameterValue", f'IAM Instance Profile "{found[0].arn}" has no associated IAM Roles'
            )
