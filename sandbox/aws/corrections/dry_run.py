"""A dry run never acts; moto creates a network all the same.

https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-permissions.html
"""

from __future__ import annotations

from sandbox.aws.corrections.call import Ec2Call, Refusal


class DryRunOperation(Refusal):
    """The answer that means "it would have been done"."""

    status_code = 412


class DryRun(Ec2Call):
    """Stops every dry run at the door; only RunInstances is looked at closer, as AWS does."""

    def admit(self) -> None:
        super().admit()
        if self._get_param("DryRun") is True and self._get_action() != "RunInstances":
            raise DryRunOperation("DryRunOperation", "Request would have succeeded, but DryRun flag is set.")
