"""The static address outlives everything: losing it means a new whitelist and a new activation by a person.

Prevents, on inputs: an address that is not retained, a release that nobody acknowledged.
Reports, on the stack: a release that names another address than its own.
Deletions are not shown to policies; the provider refuses one unless `release` is that very address.
`retain_on_delete` is not shown to policies either (the SDK passes on `protect` but not that option): the
component sets the option from the `retain` input, so the input is what is judged.
"""

from collections.abc import Sequence

from addresses import ipv4
from pulumi_policy import PolicyComplianceFramework, PolicyResource, Severity
from rule import Findings, Properties, Rule, Run, is_list, on_inputs, on_stack, output

ELASTIC_IP = "pulumi-python:dynamic/aws:ElasticIp"

RULE = Rule(
    name="address-is-kept",
    description="The bot's static address is retained, and released only when asked for by name.",
    severity=Severity.HIGH,
    framework=PolicyComplianceFramework(
        name="CEX.IO key guide",
        reference="step 5",
        specification="Whitelist the bot's static IP address",
    ),
    remediation=(
        "Keep `retain: true` and leave `release` out. To let an address go: set `retain: false` and "
        "`release` to exactly that address, and let a reviewer add it to `acknowledgedReleases` of this "
        "rule in the pack's configuration file. The key needs a new whitelist and a new activation then."
    ),
    settings={
        "acknowledgedReleases": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Addresses whose release a reviewer has agreed to.",
        }
    },
)


def judge(properties: Properties, run: Run, findings: Findings) -> None:
    """Judge what is declared of one address."""
    with findings.clause():
        retain = properties.get("retain")
        if not isinstance(retain, bool):
            findings.report("`retain` is not stated as true or false; set it to true.")
        elif not retain and properties.get("release") is None:
            findings.report(
                "`retain` is off and no `release` says which address may go; set `retain` to true."
            )
    with findings.clause():
        release = properties.get("release")
        if release is None:
            return
        if ipv4(release) is None:
            findings.report("`release` is not one IPv4 address; give exactly the address, or leave it out.")
        elif release not in _acknowledged(run):
            findings.report(
                "`release` asks to let the address go and nobody has acknowledged it; a reviewer adds the "
                "address to `acknowledgedReleases` in the file that `--policy-pack-config` names."
            )


def judge_stack(resources: Sequence[PolicyResource], run: Run, findings: Findings) -> None:
    """Judge that a release names the very address it is set on."""
    for resource in resources:
        if resource.resource_type != ELASTIC_IP:
            continue
        with findings.clause():
            release = resource.props.get("release")
            if release is not None and release != output(resource.props, "publicIp", run):
                findings.report(
                    "`release` names another address than this one; correct it or leave it out.", resource.urn
                )


def _acknowledged(run: Run) -> Sequence[object]:
    addresses = run.settings.get("acknowledgedReleases")
    return addresses if is_list(addresses) else ()


POLICIES = [on_inputs(RULE, [ELASTIC_IP], judge), on_stack(RULE, judge_stack)]
