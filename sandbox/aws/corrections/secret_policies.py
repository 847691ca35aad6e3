"""A secret takes only a policy that AWS would take.

moto stores anything. That the policy is then heard is the matter of `authorization`.
https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutResourcePolicy.html
https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ValidateResourcePolicy.html
"""

from __future__ import annotations

import json
from typing import Any

from sandbox.aws.cloud import ACCOUNT
from sandbox.aws.corrections.call import SecretsCall

POLICY_CHARACTERS = 20_480


class SecretPolicies(SecretsCall):
    def put_resource_policy(self) -> Any:
        text = str(self._get_param("ResourcePolicy") or "")
        fault = self._malformed(text)
        if fault is not None:
            self.refuse("MalformedPolicyDocumentException", fault)
        if self._get_param("BlockPublicPolicy") is True and _is_public(text):
            self.refuse("PublicPolicyException", "The resource policy grants broad access to the secret.")
        return super().put_resource_policy()

    def validate_resource_policy(self) -> str:
        text = str(self._get_param("ResourcePolicy") or "")
        fault = self._malformed(text)
        errors = [{"CheckName": "SYNTAX", "ErrorMessage": fault}] if fault else []
        if fault is None and _is_public(text):
            errors.append({"CheckName": "PUBLIC_ACCESS", "ErrorMessage": "The policy grants broad access."})
        return json.dumps({"PolicyValidationPassed": not errors, "ValidationErrors": errors})

    def _malformed(self, text: str) -> str | None:
        if not 1 <= len(text) <= POLICY_CHARACTERS:
            return f"This resource policy must have 1 to {POLICY_CHARACTERS} characters."
        try:
            statements = _statements(text)
        except (ValueError, AttributeError):
            return "This resource policy contains invalid Json"
        for statement in statements:
            if statement.get("Effect") not in ("Allow", "Deny") or not (
                {"Principal", "NotPrincipal"} & set(statement)
            ):
                return "This resource policy contains a statement without effect or principal"
        for name in {name for statement in statements for name in _principals(statement)}:
            prefix = f"arn:aws:iam::{ACCOUNT}:role/"
            if name.startswith(prefix) and not any(
                role.arn == name for role in self.cloud.iam.roles.values()
            ):
                return f"This resource policy contains an unsupported principal: {name} does not exist"
        return None


def _statements(text: str) -> list[dict[str, Any]]:
    statements = json.loads(text).get("Statement", [])
    return statements if isinstance(statements, list) else [statements]


def _principals(statement: dict[str, Any]) -> list[str]:
    given = statement.get("Principal", statement.get("NotPrincipal", []))
    named = given.get("AWS", []) if isinstance(given, dict) else given
    return [str(name) for name in (named if isinstance(named, list) else [named])]


def _is_public(text: str) -> bool:
    return any(
        statement["Effect"] == "Allow" and "*" in _principals(statement) and not statement.get("Condition")
        for statement in _statements(text)
    )
