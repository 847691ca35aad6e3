"""Evaluates IAM policy documents: explicit deny, else allow, else implicit deny.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
Knows identity and resource policies of one account and the condition operators on strings, ARNs, booleans and
absence, of one value or (ForAllValues, ForAnyValue) of several. No boundaries, service control policies or
policy variables; an operator it does not know is refused aloud, not guessed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from enum import Enum
from functools import lru_cache
from typing import Any

Context = Mapping[str, "str | Sequence[str]"]
"""What a request tells beside action and resource; some keys, such as aws:TagKeys, have several values."""


class Decision(str, Enum):
    """In the words of SimulatePrincipalPolicy."""

    ALLOWED = "allowed"
    EXPLICIT_DENY = "explicitDeny"
    IMPLICIT_DENY = "implicitDeny"


class UnknownOperatorError(NotImplementedError):
    """A policy uses a condition operator that the sandbox cannot evaluate."""


def decide(
    documents: Sequence[str],
    action: str,
    resource: str,
    context: Context,
    principals: frozenset[str] | None = None,
) -> Decision:
    """What the documents say to `action` on `resource`.

    `principals` are the ARNs the caller goes by, for resource policies; None for identity policies, which
    have no Principal. Context keys are compared without case.
    """
    lowered = {
        key.lower(): [value] if isinstance(value, str) else list(value) for key, value in context.items()
    }
    effects = {
        statement.get("Effect")
        for document in documents
        for statement in _list(json.loads(document).get("Statement", []))
        if _applies(statement, action, resource, lowered, principals)
    }
    if "Deny" in effects:
        return Decision.EXPLICIT_DENY
    return Decision.ALLOWED if "Allow" in effects else Decision.IMPLICIT_DENY


def condition_keys(documents: Sequence[str]) -> set[str]:
    """The context keys that the documents' conditions ask for."""
    return {
        key
        for document in documents
        for statement in _list(json.loads(document).get("Statement", []))
        for keys in statement.get("Condition", {}).values()
        for key in keys
    }


def _applies(
    statement: Mapping[str, Any],
    action: str,
    resource: str,
    context: Mapping[str, list[str]],
    principals: frozenset[str] | None,
) -> bool:
    return (
        _named(statement, "Action", action, case=False)
        and _named(statement, "Resource", resource, case=True)
        and (principals is None or _principal(statement, principals))
        and all(
            _condition(operator, key.lower(), _list(wanted), context)
            for operator, keys in statement.get("Condition", {}).items()
            for key, wanted in keys.items()
        )
    )


def _named(statement: Mapping[str, Any], element: str, value: str, *, case: bool) -> bool:
    if "Not" + element in statement:
        return not _any_like(_list(statement["Not" + element]), value, case=case)
    return _any_like(_list(statement.get(element, [])), value, case=case)


def _principal(statement: Mapping[str, Any], principals: frozenset[str]) -> bool:
    element = "NotPrincipal" if "NotPrincipal" in statement else "Principal"
    given = statement.get(element, [])
    named = _list(given.get("AWS", []) if isinstance(given, dict) else given)
    return ("*" in named or not principals.isdisjoint(named)) == (element == "Principal")


def _condition(operator: str, key: str, wanted: list[Any], context: Mapping[str, list[str]]) -> bool:
    qualifier, _, operator = operator.rpartition(":")
    values = context.get(key, [])
    if qualifier == "ForAllValues":
        return all(_condition(operator, key, wanted, {key: [value]}) for value in values)
    if qualifier == "ForAnyValue":
        return any(_condition(operator, key, wanted, {key: [value]}) for value in values)
    if qualifier or len(values) > 1:
        raise UnknownOperatorError(
            f"condition operator {qualifier}:{operator} on {len(values)} values in a policy"
        )
    if operator == "Null":
        return (key not in context) == (str(wanted[0]).lower() == "true")
    bare = operator[: -len("IfExists")] if operator.endswith("IfExists") else operator
    negated = "Not" in bare
    kind = bare.replace("Not", "")
    if kind not in ("StringEquals", "StringEqualsIgnoreCase", "StringLike", "ArnEquals", "ArnLike", "Bool"):
        raise UnknownOperatorError(f"condition operator {operator} in a policy")
    if key not in context:
        return negated or bare != operator
    value = values[0]
    texts = [str(text).lower() if kind == "Bool" else str(text) for text in wanted]
    if kind == "StringEquals":
        return (value in texts) != negated
    if kind == "StringLike":
        return _any_like(texts, value, case=True) != negated
    if kind.startswith("Arn"):
        return any(_arn_like(text, value) for text in texts) != negated
    return (value.lower() in [text.lower() for text in texts]) != negated


def _arn_like(pattern: str, arn: str) -> bool:
    """ArnEquals and ArnLike are one: the six parts are compared one by one, so no wildcard spans a colon.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
    """
    wanted, found = pattern.split(":", 5), arn.split(":", 5)
    return len(wanted) == len(found) == 6 and all(
        _like(part, case=True).fullmatch(text) for part, text in zip(wanted, found, strict=True)
    )


def _any_like(patterns: list[Any], value: str, *, case: bool) -> bool:
    return any(_like(str(pattern), case=case).fullmatch(value) for pattern in patterns)


@lru_cache(maxsize=1024)
def _like(pattern: str, *, case: bool) -> re.Pattern[str]:
    text = "".join({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in pattern)
    return re.compile(text, re.DOTALL if case else re.DOTALL | re.IGNORECASE)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
