"""Versions and stages of a secret move as AWS moves them.

moto moves the stages again when a known token is put, and lets AWSCURRENT be taken off: a promotion that
relied on either would pass here and fail there.
https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html
https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecretVersionStage.html
"""

from __future__ import annotations

import json
import time
import uuid
from typing import Any

from sandbox.aws.corrections.call import SecretsCall

CURRENT, PREVIOUS = "AWSCURRENT", "AWSPREVIOUS"
VALUE_BYTES = 65_536
HIDDEN_WHEN_DEPRECATED = ("VersionIdsToStages", "SecretVersionsToStages")


class SecretVersions(SecretsCall):
    """No message here names a value."""

    def put_secret_value(self) -> str:
        secret = self._secret()
        value = {
            name: self._get_param(parameter)
            for name, parameter in (("secret_string", "SecretString"), ("secret_binary", "SecretBinary"))
            if self._get_param(parameter)
        }
        if len(value) != 1:
            self.refuse("InvalidRequestException", "You must provide either SecretString or SecretBinary.")
        if len(next(iter(value.values())).encode()) > VALUE_BYTES:
            self.refuse("InvalidParameterException", f"The secret value is longer than {VALUE_BYTES} bytes.")
        token = self._get_param("ClientRequestToken") or str(uuid.uuid4())
        if not 32 <= len(token) <= 64:
            self.refuse("InvalidParameterException", "ClientRequestToken must be 32-64 characters long.")
        known = secret.versions.get(token)
        if known is not None:
            if any(known.get(name) != value.get(name) for name in ("secret_string", "secret_binary")):
                self.refuse(
                    "ResourceExistsException",
                    f"You can't use ClientRequestToken {token} because that value is already in use for a "
                    f"version of secret {secret.arn}.",
                )
            return self._described(secret, token)
        stages = list(self._get_param("VersionStages") or [CURRENT])
        if _holder(secret, CURRENT) is None and CURRENT not in stages:
            stages.append(CURRENT)
        secret.versions[token] = {
            "createdate": int(time.time()),
            "version_id": token,
            "version_stages": [],
            **value,
        }
        for stage in stages:
            _move(secret, stage, token)
        return self._described(secret, token)

    def update_secret_version_stage(self) -> str:
        secret = self._secret()
        stage = self._get_param("VersionStage")
        source, target = self._get_param("RemoveFromVersionId"), self._get_param("MoveToVersionId")
        holder = _holder(secret, stage)
        if not source and not target:
            self._refuse_parameter("You must provide RemoveFromVersionId or MoveToVersionId.")
        for version_id in filter(None, (source, target)):
            if version_id not in secret.versions:
                self._refuse_parameter(f"Not a valid version: {version_id}")
        if source and source != holder:
            self._refuse_parameter(f"Version stage {stage} not found in version {source}")
        if not target:
            if stage == CURRENT:
                self._refuse_parameter(
                    "You can only move staging label AWSCURRENT to a different secret version. It can't be "
                    "completely removed."
                )
            secret.versions[source]["version_stages"].remove(stage)
        else:
            if holder not in (None, target) and not source:
                self._refuse_parameter(
                    f"The parameter RemoveFromVersionId can't be empty. Staging label {stage} is currently "
                    f"attached to version {holder}, so you must explicitly reference that version in "
                    "RemoveFromVersionId."
                )
            _move(secret, stage, target)
        return json.dumps({"ARN": secret.arn, "Name": secret.name})

    def describe_secret(self) -> str:
        return _without_deprecated(super().describe_secret())

    def list_secret_version_ids(self) -> str:
        described = json.loads(super().list_secret_version_ids())
        if not self._get_param("IncludeDeprecated"):
            described["Versions"] = [version for version in described["Versions"] if version["VersionStages"]]
        return json.dumps(described)

    def _secret(self) -> Any:
        secret = self.backend.secrets.get(self._get_param("SecretId"))
        if secret is None:
            self.refuse("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
        return secret

    def _described(self, secret: Any, version_id: str) -> str:
        stages = secret.versions[version_id]["version_stages"]
        return json.dumps(
            {"ARN": secret.arn, "Name": secret.name, "VersionId": version_id, "VersionStages": stages}
        )

    def _refuse_parameter(self, message: str) -> None:
        self.refuse("InvalidParameterException", message)


def _holder(secret: Any, stage: str) -> str | None:
    return next((name for name, kept in secret.versions.items() if stage in kept["version_stages"]), None)


def _move(secret: Any, stage: str, target: str) -> None:
    """Put the label on `target` and off any other version; AWSPREVIOUS follows AWSCURRENT by itself."""
    left = _holder(secret, stage)
    if left == target:
        return
    if left is not None:
        secret.versions[left]["version_stages"].remove(stage)
    secret.versions[target]["version_stages"].append(stage)
    if stage == CURRENT:
        # moto reads AWSCURRENT by this mark.
        secret.set_default_version_id(target)
        if PREVIOUS in secret.versions[target]["version_stages"]:
            secret.versions[target]["version_stages"].remove(PREVIOUS)
        if left is not None:
            _move(secret, PREVIOUS, left)


def _without_deprecated(description: str) -> str:
    described = json.loads(description)
    for key in HIDDEN_WHEN_DEPRECATED:
        if key in described:
            described[key] = {version: stages for version, stages in described[key].items() if stages}
    return json.dumps(described)
