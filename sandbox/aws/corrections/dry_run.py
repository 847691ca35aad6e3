"""A dry run never acts; moto creates a network all the same.

https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-permissions.html
"""

from __future__ import annotations

from sandbox.aws.corrections.call import Ec2Call, Refusal
from sandbox.aws.object_ids import named, not_found
from sandbox.aws.visibility import ec2_ids


class DryRunOperation(Refusal):
    """The answer that means "it would have been done"."""

    status_code = 412


class DryRun(Ec2Call):
    """Stops every dry run at the door; what it names must be there, and RunInstances is looked at closer."""

    def admit(self) -> None:
        super().admit()
        if self._get_param("DryRun") is True and self._get_action() != "RunInstances":
            there = set(ec2_ids(self.ec2_backend))
            for id_ in named(self._get_params()):
                if id_ not in there:
                    self.refuse(*not_found(id_, self._get_action()))
            raise DryRunOperation("DryRunOperation", "Request would have succeeded, but DryRun flag is set.")
