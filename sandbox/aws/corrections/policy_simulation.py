"""SimulatePrincipalPolicy answers; moto has no such call.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
A role is judged by its policies; the deployer may do everything unless policies bind him, as elsewhere in the
sandbox. As on AWS, the missing context values are those of all the policies, whatever was asked about
(github.com/boto/boto3 issue 3111).
"""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult

from sandbox.aws.cloud import ACCOUNT, DEPLOYER, role_documents
from sandbox.aws.corrections.call import IamCall
from sandbox.aws.held_deployer import deployers_documents
from sandbox.aws.policy_evaluation import Decision, condition_keys, decide


class PolicySimulation(IamCall):
    def simulate_principal_policy(self) -> ActionResult:
        arn = str(self._get_param("PolicySourceArn"))
        role = next((role for role in self.cloud.iam.roles.values() if role.arn == arn), None)
        if not arn.startswith(f"arn:aws:iam::{ACCOUNT}:"):
            self.refuse(
                "InvalidInput", f"Invalid Entity Arn: {arn} does not name a user, group or role of IAM"
            )
        if role is None and arn != DEPLOYER:
            self.refuse("NoSuchEntity", f"The entity {arn} cannot be found.")
        documents = role_documents(role) if role else deployers_documents(self.cloud)
        context: dict[str, str | list[str]] = {
            entry["ContextKeyName"]: _values(entry)
            for entry in self._get_param("ContextEntries", [])
            if entry.get("ContextKeyValues")
        }
        told = {key.lower() for key in context}
        missing = sorted(key for key in condition_keys(documents or []) if key.lower() not in told)
        results = [
            _row(
                action,
                resource,
                None if documents is None else decide(documents, action, resource, context),
                missing,
            )
            for action in self._get_param("ActionNames", [])
            for resource in self._get_param("ResourceArns", []) or ["*"]
        ]
        return ActionResult({"EvaluationResults": results, "IsTruncated": False})


def _values(entry: dict[str, Any]) -> str | list[str]:
    values: list[str] = entry["ContextKeyValues"]
    return values if str(entry.get("ContextKeyType", "")).endswith("List") else values[0]


def _row(action: str, resource: str, decision: Decision | None, missing: list[str]) -> dict[str, Any]:
    return {
        "EvalActionName": action,
        "EvalResourceName": resource,
        "EvalDecision": (decision or Decision.ALLOWED).value,
        "MatchedStatements": [],
        "MissingContextValues": missing,
    }
