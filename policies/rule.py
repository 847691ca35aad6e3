"""How a rule becomes policies: on inputs before an object is made, on outputs after the run, on the stack.

A rule is a *judge*: a function that is given properties (or all resources), what is known of the run, and
`Findings` to report to. What this module adds is what every rule must get right:

- an unknown value (a preview) leaves one clause undecided and lets the others speak. What stayed undecided
  is said once, as Pulumi's own advisory note, and is judged again when the value is there;
- a finding names the resource and the property, never a value: policies see secrets in plain.

It does not catch other exceptions. One would end the whole operation, so judges must be total: a value of the
wrong type is a violation.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeGuard

import pulumi
from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyComplianceFramework,
    PolicyConfigSchema,
    PolicyResource,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    Severity,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, UnknownValueError

Properties = Mapping[str, Any]


@dataclass(frozen=True)
class Rule:
    """What a reviewer is told of a rule."""

    name: str
    description: str
    severity: Severity
    framework: PolicyComplianceFramework
    remediation: str
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """JSON schema of the fields that the rule takes from the pack's configuration file."""


@dataclass(frozen=True)
class Run:
    """What a rule may know beside the resources."""

    sandbox: bool = False
    preview: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict)


class Findings:
    """Collects the findings of one run of one rule on one resource or stack."""

    def __init__(self, report: ReportViolation) -> None:
        self._report = report
        self._undecided: UnknownValueError | None = None

    def report(self, message: str, urn: str | None = None) -> None:
        """Report a violation; `message` is one line and holds no property value."""
        self._report(message, urn)

    @contextmanager
    def clause(self) -> Iterator[None]:
        """Run one clause: an unknown value ends this clause alone."""
        try:
            yield
        except UnknownValueError as unknown:
            self._undecided = self._undecided or unknown

    def finish(self) -> None:
        """Tell Pulumi, by its own exception, what could not be decided yet."""
        if self._undecided is not None:
            raise self._undecided


Judge = Callable[[Properties, Run, Findings], None]
StackJudge = Callable[[Sequence[PolicyResource], Run, Findings], None]


def on_inputs(rule: Rule, resource_types: Sequence[str], judge: Judge) -> Policy:
    """The policy that stops an object before it is made or changed."""

    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        if args.resource_type not in resource_types:
            return
        findings = Findings(report)
        with findings.clause():
            judge(args.props, _run(args), findings)
        findings.finish()

    return ResourceValidationPolicy(validate=validate, **_described(rule, rule.name))


def on_outputs(rule: Rule, resource_types: Sequence[str], judge: Judge) -> Policy:
    """The policy that judges what was really made, or what a refresh found, by the same judge.

    Silent in a preview, which has no outputs yet and has `on_inputs` for what is declared.
    """

    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        run = _run(args)
        if run.preview:
            args.not_applicable("judges what was made; a preview makes nothing")
        findings = Findings(report)
        for resource in args.resources:
            if resource.resource_type in resource_types:
                own = _OfOneResource(findings, resource.urn)
                with findings.clause():
                    judge(resource.props, run, own)
                with findings.clause():
                    own.finish()
        findings.finish()

    return StackValidationPolicy(validate=validate, **_described(rule, f"{rule.name}-as-made"))


def on_stack(rule: Rule, judge: StackJudge) -> Policy:
    """The policy that judges how the resources of a stack fit together."""

    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        findings = Findings(report)
        with findings.clause():
            judge(args.resources, _run(args), findings)
        findings.finish()

    return StackValidationPolicy(validate=validate, **_described(rule, f"{rule.name}-in-stack"))


def output(properties: Properties, name: str, run: Run) -> Any:
    """An output by name. One that a preview has not got yet is unknown, not missing."""
    value = properties.get(name)
    if value is None and run.preview:
        raise UnknownValueError(UNKNOWN_STRING_VALUE, [name])
    return value


def is_list(value: object) -> TypeGuard[Sequence[Any]]:
    """Whether a property is a list: policies are given proxies, which are no `list`."""
    return isinstance(value, Sequence) and not isinstance(value, str)


class _OfOneResource(Findings):
    """Findings that carry the URN of the resource they are about."""

    def __init__(self, findings: Findings, urn: str) -> None:
        super().__init__(lambda message, _urn=None: findings.report(message, urn))


def _run(args: ResourceValidationArgs | StackValidationArgs) -> Run:
    provider = getattr(args, "provider", None)
    return Run(
        sandbox=_is_sandbox(provider.props if provider else {}),
        preview=os.environ.get("PULUMI_DRY_RUN") == "true",
        settings=args.get_config(),
    )


def _is_sandbox(provider_settings: Properties) -> bool:
    # During a run the stack's configuration is at hand. The analysis of an exported state has none, but there
    # the provider's recorded settings hold it. With neither, the stack counts as real: the stricter reading.
    configured = pulumi.Config("cexio-bot").get("sandbox")
    return "true" in (configured, provider_settings.get("cexio-bot:sandbox"))


def _described(rule: Rule, name: str) -> dict[str, Any]:
    return {
        "name": name,
        "description": rule.description,
        "enforcement_level": EnforcementLevel.MANDATORY,
        "severity": rule.severity,
        "framework": rule.framework,
        "remediation_steps": rule.remediation,
        "config_schema": (
            PolicyConfigSchema({key: dict(schema) for key, schema in rule.settings.items()})
            if rule.settings
            else None
        ),
    }
