"""A secret scheduled for deletion can be described, restored and nothing else, and its name is taken.

moto goes on writing to it.
https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DeleteSecret.html
"""

from __future__ import annotations

from sandbox.aws.corrections.call import SecretsCall

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
        secret = self.backend.secrets.get(name) if name else None
        if secret is None or not secret.is_deleted():
            return
        if action == "CreateSecret":
            self.refuse(
                "InvalidRequestException",
                "You can't create this secret because a secret with this name is already scheduled "
                "for deletion.",
            )
        if action in REFUSED:
            self.refuse(
                "InvalidRequestException",
                "You can't perform this operation on the secret because it was marked for deletion.",
            )
