"""Nothing reaches the host from outside: it asks, nobody asks it. Operators come in through Session Manager.

Prevents, on inputs; reports rules that somebody added by hand and a refresh found, on outputs.
"""

from pulumi_policy import PolicyComplianceFramework, Severity
from rule import Findings, Properties, Rule, Run, is_list, on_inputs, on_outputs

SECURITY_GROUP = "pulumi-python:dynamic/aws:SecurityGroup"

RULE = Rule(
    name="no-ingress",
    description="The host's security group lets nothing in, from nowhere and on no port.",
    severity=Severity.HIGH,
    framework=PolicyComplianceFramework(
        name="AWS Foundational Security Best Practices",
        reference="EC2.18, EC2.19",
        specification="Security groups should not allow unrestricted access",
    ),
    remediation="Set `ingress` to an empty list. Session Manager reaches the host without an open port.",
)


def judge(properties: Properties, _run: Run, findings: Findings) -> None:
    """Judge one security group: the same on inputs and on outputs."""
    ingress = properties.get("ingress")
    if not is_list(ingress):
        findings.report("`ingress` is not stated as a list; set it to an empty list.")
    elif len(ingress) > 0:
        findings.report("`ingress` has rules; set it to an empty list.")


POLICIES = [on_inputs(RULE, [SECURITY_GROUP], judge), on_outputs(RULE, [SECURITY_GROUP], judge)]
