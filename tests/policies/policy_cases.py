"""What the tests of the rules share: properties as a policy is given them, and what a rule says of them.

Properties go through the SDK's own deserializer and proxies, as the policy server does it, because plain
dicts are kinder than the real thing. Every verdict is checked for the one thing that no message may do: show
a value.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pulumi_policy import PolicyCustomTimeouts, PolicyResource, PolicyResourceOptions
from pulumi_policy.deserialize import deserialize_properties
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE as UNKNOWN
from pulumi_policy.proxy import UnknownValueError, unknown_checking_proxy
from rule import Findings, Judge, Run, StackJudge

DYNAMIC = "pulumi-python:dynamic/"
OURS = "18.132.10.20"
OURS_TOO = "18.132.10.21"
FOREIGN = "51.15.20.30"
FOUR = ["Account balance", "Open orders", "Place order", "Cancel order"]
OUR_OWN_WORDS = {*FOUR, "Read", "Trade", "required", "optional", "enabled", "disabled", "true"}


@dataclass(frozen=True)
class Verdict:
    """What a rule reported, and whether it left something undecided."""

    messages: tuple[str, ...]
    undecided: bool

    @property
    def passes(self) -> bool:
        return not self.messages and not self.undecided


def on_properties(judge: Judge, properties: Mapping[str, Any], run: Run | None = None) -> Verdict:
    """What a rule says of one resource's properties."""
    seen = unknown_checking_proxy(deserialize_properties(copy.deepcopy(dict(properties))))
    return _verdict(lambda findings: judge(seen, run or Run(), findings), [properties])


def on_resources(
    judge: StackJudge, resources: Mapping[str, tuple[str, Mapping[str, Any]]], run: Run | None = None
) -> Verdict:
    """What a rule says of a stack, given as name to (type, outputs)."""
    seen = [_resource(name, *of) for name, of in resources.items()]
    return _verdict(
        lambda findings: judge(seen, run or Run(), findings), [outputs for _, outputs in resources.values()]
    )


def changed(properties: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    """The properties with some changed; `...` leaves one out."""
    merged = {**copy.deepcopy(dict(properties)), **changes}
    return {name: value for name, value in merged.items() if value is not ...}


def stack() -> dict[str, tuple[str, dict[str, Any]]]:
    """The outputs of a good stack of one host, by name."""
    listed = [{"address": OURS, "reason": "host bot"}]
    return {
        "address": (
            DYNAMIC + "aws:ElasticIp",
            {"retain": True, "allocationId": "eipalloc-0a1", "publicIp": OURS},
        ),
        "interface": (DYNAMIC + "aws:NetworkInterface", {"networkInterfaceId": "eni-0a1"}),
        "association": (
            DYNAMIC + "aws:ElasticIpAssociation",
            {"allocationId": "eipalloc-0a1", "networkInterfaceId": "eni-0a1", "publicIp": OURS},
        ),
        "firewall": (DYNAMIC + "aws:SecurityGroup", {"ingress": []}),
        "host": (
            DYNAMIC + "aws:Instance",
            {
                "instanceId": "i-0a1",
                "networkInterfaceId": "eni-0a1",
                "metadata": {"httpTokens": "required", "httpEndpoint": "enabled", "hopLimit": 1},
            },
        ),
        "whitelist": (DYNAMIC + "cexio:Whitelist", {"addresses": listed, "permissions": list(FOUR)}),
        "key": (
            DYNAMIC + "cexio:TradingKey",
            {"addresses": [OURS], "instanceId": "i-0a1", "permissions": list(FOUR)},
        ),
    }


def with_second_host(resources: dict[str, tuple[str, dict[str, Any]]]) -> None:
    """Add another host with an address, a record and a key of its own."""
    renamed = {"eipalloc-0a1": "eipalloc-0b2", "eni-0a1": "eni-0b2", "i-0a1": "i-0b2", OURS: OURS_TOO}
    for name, (kind, outputs) in stack().items():
        resources[f"{name}-2"] = (kind, _renamed(outputs, renamed))


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _renamed(inner, names) for key, inner in value.items()}
    if isinstance(value, list):
        return [_renamed(inner, names) for inner in value]
    return names.get(value, value) if isinstance(value, str) else value


def _resource(name: str, resource_type: str, outputs: Mapping[str, Any]) -> PolicyResource:
    options = PolicyResourceOptions(
        protect=False,
        ignore_changes=[],
        delete_before_replace=None,
        aliases=[],
        custom_timeouts=PolicyCustomTimeouts(0, 0, 0),
        additional_secret_outputs=[],
    )
    seen = unknown_checking_proxy(deserialize_properties(copy.deepcopy(dict(outputs))))
    return PolicyResource(resource_type, seen, urn_of(name, resource_type), name, options, None, None, [], {})


def urn_of(name: str, resource_type: str) -> str:
    """The URN of a resource of the test stack."""
    return f"urn:pulumi:dev::cexio-bot::{resource_type}::{name}"


def _verdict(judge: Callable[[Findings], None], given: Sequence[object]) -> Verdict:
    messages: list[str] = []
    findings = Findings(lambda message, _urn=None: messages.append(message))
    undecided = False
    try:
        with findings.clause():
            judge(findings)
        findings.finish()
    except UnknownValueError:
        undecided = True
    assert_no_value(messages, given)
    return Verdict(tuple(messages), undecided)


def assert_no_value(messages: Sequence[str], given: object) -> None:
    """No message is longer than a line, and none holds a text that was given as a property."""
    values = {value for value in _texts(given) if len(value) > 3} - OUR_OWN_WORDS
    for message in messages:
        assert "\n" not in message
        assert not [value for value in values if value in message]


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, Sequence):
        for inner in value:
            yield from _texts(inner)


__all__ = ["DYNAMIC", "FOREIGN", "FOUR", "OURS", "OURS_TOO", "UNKNOWN", "Verdict"]
