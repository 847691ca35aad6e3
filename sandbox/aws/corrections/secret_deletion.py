"""A secret scheduled for deletion can be described, restored and nothing else, and its name is taken.

moto goes on writing to it.
https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DeleteSecret.html
"""

from __future__ import annotations

from typing import Any

from sandbox.aws.corrections.call import SecretsCall

DELETION_SECONDS = 1.0
REFUSED = frozenset(
    (
        "CancelRotateSecret",
        "DeleteResourcePolicy",
        "GetResourcePolicy",
        "GetSecretValue",
        "PutResourcePolicy",
        "PutSecretValue",
        "ReplicateSecretToRegions",
        "RotateSecret",
        "TagResource",
        "UntagResource",
        "UpdateSecret",
        "UpdateSecretVersionStage",
    )
)


class SecretDeletion(SecretsCall):
    def admit(self) -> None:
        super().admit()
        action = self._get_action()
        name = self._get_param("Name") if action == "CreateSecret" else self._get_param("SecretId")
        if action == "CreateSecret" and self.cloud.names_in_deletion.get(name, 0.0) > self.cloud.clock.now():
            self._refuse_name()
        secret = self.backend.secrets.get(name) if name else None
        if secret is None or not secret.is_deleted():
            return
        if action == "CreateSecret":
            self._refuse_name()
        if action in REFUSED:
            self.refuse(
                "InvalidRequestException",
                "You can't perform this operation on the secret because it was marked for deletion.",
            )

    def delete_secret(self) -> Any:
        """Without recovery the secret is gone at once, but its name only after a while."""
        secret = self.backend.secrets.get(self._get_param("SecretId"))
        result = super().delete_secret()
        if secret is not None and self._get_param("ForceDeleteWithoutRecovery"):
            clock = self.cloud.clock
            self.cloud.names_in_deletion[secret.name] = clock.now() + DELETION_SECONDS * clock.pace
        return result

    def _refuse_name(self) -> None:
        self.refuse(
            "InvalidRequestException",
            "You can't create this secret because a secret with this name is already scheduled for deletion.",
        )
