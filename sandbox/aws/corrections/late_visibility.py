"""What was just made is not seen yet, when the sandbox is asked to be late (`--visibility`).

A young object is left out of what Describe and List show, and its id is "not found", also for the calls that
would change it. What AWS checks in its own store still collides: names, overlapping ranges, client tokens.
https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_general.html#troubleshoot_general_eventual-consistency
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sandbox.aws.corrections.call import Call, Ec2Call, IamCall, SecretsCall
from sandbox.aws.object_ids import named, not_found
from sandbox.aws.visibility import ec2_ids, iam_ids, secret_ids, without

LOOKING = ("Describe", "Get", "List", "BatchGet", "Search", "Simulate")


class LateVisibility(Call):
    """Stands before the checks of what a call asks for and after those of who asks."""

    def call_action(self) -> Any:
        with self.cloud.turn:
            self.cloud.agenda.settle()
            unseen = self.cloud.visibility.unseen()
            if self._get_action().startswith(LOOKING):
                unseen |= self.cloud.visibility.unlisted() if self._get_action() == "ListSecrets" else set()
                if not unseen:
                    return super().call_action()
                with without(str(self.service_name), self._backend(), unseen):
                    return super().call_action()
            answer = super().call_action()
            self.cloud.visibility.note(self._all())
            return answer

    def admit(self) -> None:
        super().admit()
        unseen = self.cloud.visibility.unseen()
        if unseen and not self._get_action().startswith(LOOKING) and not self._is_repeated():
            self._refuse_unseen(unseen)

    def _backend(self) -> Any:
        raise NotImplementedError

    def _all(self) -> Iterable[str]:
        raise NotImplementedError

    def _refuse_unseen(self, unseen: frozenset[str]) -> None:
        raise NotImplementedError

    def _is_repeated(self) -> bool:
        return False


class LateEc2(LateVisibility, Ec2Call):
    def _backend(self) -> Any:
        return self.cloud.ec2

    def _all(self) -> Iterable[str]:
        return ec2_ids(self.cloud.ec2)

    def _is_repeated(self) -> bool:
        """A known client token brings up what it made, seen or not."""
        return (self._get_action(), str(self._get_param("ClientToken"))) in self.cloud.tokens

    def _refuse_unseen(self, unseen: frozenset[str]) -> None:
        for id_ in named(self._get_params()):
            if id_ in unseen:
                self.refuse(*not_found(id_, self._get_action()))


class LateIam(LateVisibility, IamCall):
    def _backend(self) -> Any:
        return self.cloud.iam

    def _all(self) -> Iterable[str]:
        return iam_ids(self.cloud.iam)

    def _refuse_unseen(self, unseen: frozenset[str]) -> None:
        action = self._get_action()
        for parameter, kind, table in (
            ("RoleName", "role", self.cloud.iam.roles),
            ("InstanceProfileName", "instance profile", self.cloud.iam.instance_profiles),
        ):
            name = self._get_param(parameter)
            if action in ("CreateRole", "CreateInstanceProfile") or not name:
                continue
            if any(item.name == name and item.id in unseen for item in table.values()):
                self.refuse("NoSuchEntity", f"The {kind} with name {name} cannot be found.")


class LateSecrets(LateVisibility, SecretsCall):
    def _backend(self) -> Any:
        return self.backend

    def _all(self) -> Iterable[str]:
        return secret_ids(self.backend)

    def _refuse_unseen(self, unseen: frozenset[str]) -> None:
        name = self._get_param("SecretId")
        secret = self.backend.secrets.get(name) if name else None
        if secret is not None and secret.arn in unseen:
            self.refuse("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
