"""Role credentials are handed out only to a session of the machine itself: IMDSv2, one hop.

With IMDSv1 any request forged through the bot reads the credentials that read the secret; with more than one
hop a container or proxy on the machine reads them too. Prevents, on inputs; reports drift, on outputs.
"""

from collections.abc import Mapping

from pulumi_policy import PolicyComplianceFramework, Severity
from rule import Findings, Properties, Rule, Run, on_inputs, on_outputs

INSTANCE = "pulumi-python:dynamic/aws:Instance"

RULE = Rule(
    name="imdsv2-is-required",
    description="The host's metadata service demands session tokens (IMDSv2) and answers over one hop only.",
    severity=Severity.HIGH,
    framework=PolicyComplianceFramework(
        name="AWS Foundational Security Best Practices",
        reference="EC2.8",
        specification="EC2 instances should use Instance Metadata Service Version 2",
    ),
    remediation='Leave `metadata` at its default, or set in it `httpTokens` to "required", `hopLimit` to 1.',
)


def judge(properties: Properties, _run: Run, findings: Findings) -> None:
    """Judge the metadata options of one host: the same on inputs and on outputs."""
    metadata = properties.get("metadata")
    if not isinstance(metadata, Mapping):
        findings.report("`metadata` is not stated; leave it at its default.")
        return
    with findings.clause():
        if metadata.get("httpTokens") != "required":
            findings.report('`metadata.httpTokens` is not "required": IMDSv1 would answer.')
    with findings.clause():
        hops = metadata.get("hopLimit")
        if isinstance(hops, bool) or hops != 1:
            findings.report("`metadata.hopLimit` is not 1: more than the host itself could ask.")
    with findings.clause():
        if metadata.get("httpEndpoint") not in ("enabled", "disabled"):
            findings.report('`metadata.httpEndpoint` is neither "enabled" nor "disabled".')


POLICIES = [on_inputs(RULE, [INSTANCE], judge), on_outputs(RULE, [INSTANCE], judge)]
