"""A key answers to the addresses of the hosts that use it and to no other; no whitelist means any address.

Prevents, on inputs: an empty list, anything that is not one public IPv4 address, a blank reason. Loopback
passes in a stack whose configuration says `sandbox: true`, where the providers refuse every endpoint off
loopback.
Reports, on the stack, once the addresses are known: a host that is not listed, a listed address that is no
host's and has no reason, a key that expects other addresses than a record lists.
"""

from collections.abc import Mapping, Sequence

from addresses import ipv4, is_reachable_from_the_exchange
from pulumi_policy import PolicyComplianceFramework, PolicyResource, Severity
from rule import Findings, Properties, Rule, Run, is_list, on_inputs, on_stack, output

WHITELIST = "pulumi-python:dynamic/cexio:Whitelist"
TRADING_KEY = "pulumi-python:dynamic/cexio:TradingKey"
ELASTIC_IP = "pulumi-python:dynamic/aws:ElasticIp"
ASSOCIATION = "pulumi-python:dynamic/aws:ElasticIpAssociation"
INSTANCE = "pulumi-python:dynamic/aws:Instance"

RULE = Rule(
    name="whitelist-is-exactly-the-hosts",
    description="A key's whitelist is exactly the addresses of the hosts that use it, and never empty.",
    severity=Severity.CRITICAL,
    framework=PolicyComplianceFramework(
        name="CEX.IO key guide",
        reference="step 5",
        specification="Whitelist the bot's static IP address, then activate",
    ),
    remediation=(
        "Take the addresses from the hosts' static addresses instead of writing them down. Give every "
        "further address a `reason`, and remove the ones that have none."
    ),
)


def judge(properties: Properties, run: Run, findings: Findings) -> None:
    """Judge the form of one whitelist record's addresses."""
    entries = properties.get("addresses")
    if not is_list(entries):
        findings.report("`addresses` is not a list; give the hosts' addresses.")
        return
    if len(entries) == 0:
        findings.report(
            "`addresses` is empty, which lets a key be used from anywhere; give the hosts' addresses."
        )
    for place in range(len(entries)):
        with findings.clause():
            _judge_entry(entries[place], f"addresses[{place}]", run, findings)


def _judge_entry(entry: object, where: str, run: Run, findings: Findings) -> None:
    if not isinstance(entry, Mapping):
        findings.report(f"`{where}` is not an address with its reason.")
        return
    with findings.clause():
        address = ipv4(entry.get("address"))
        if address is None:
            findings.report(f"`{where}.address` is not one IPv4 address.")
        elif not is_reachable_from_the_exchange(address, sandbox=run.sandbox):
            findings.report(f"`{where}.address` is not a public address.")
    with findings.clause():
        reason = entry.get("reason")
        if reason is not None and not isinstance(reason, str):
            findings.report(f"`{where}.reason` is not a text.")
        elif reason is not None and not reason.strip():
            findings.report(f"`{where}.reason` is blank; say whose address it is and why it may use the key.")


def judge_stack(resources: Sequence[PolicyResource], run: Run, findings: Findings) -> None:
    """Judge that records, keys and hosts speak of the same addresses."""
    hosts = _addresses_of_hosts(resources, run)
    records = [(record, _addresses(record.props)) for record in _of_type(resources, WHITELIST)]
    keys = [
        (key, _addresses(key.props), output(key.props, "instanceId", run))
        for key in _of_type(resources, TRADING_KEY)
    ]
    for record, listed in records:
        users = [instance for _, expected, instance in keys if expected == listed]
        own = {address for instance, address in hosts.items() if instance in users or not users}
        _judge_record(record, own, findings)
    for key, expected, _ in keys:
        if all(expected != listed for _, listed in records):
            findings.report("`addresses` of the key are those of no whitelist record.", key.urn)
    everything = frozenset[str]().union(*(listed for _, listed in records))
    if records and not everything.issuperset(hosts.values()):
        findings.report("A host's address is in no whitelist record, so its bot would be refused.")


def _judge_record(record: PolicyResource, own: set[str], findings: Findings) -> None:
    if not own & _addresses(record.props):
        findings.report("`addresses` names no host that uses the key.", record.urn)
    for place, (address, reason) in enumerate(_entries(record.props)):
        given = isinstance(reason, str) and reason.strip() != ""
        if not given and not (isinstance(address, str) and address in own):
            findings.report(
                f"`addresses[{place}]` is of no host that uses the key, and gives no `reason`.",
                record.urn,
            )


def _addresses_of_hosts(resources: Sequence[PolicyResource], run: Run) -> dict[str, str]:
    """Each host's static address by its instance id, found by way of its network interface."""
    public = _pairs(resources, ELASTIC_IP, ("allocationId", "publicIp"), run)
    linked = _pairs(resources, ASSOCIATION, ("networkInterfaceId", "allocationId"), run)
    interfaces = _pairs(resources, INSTANCE, ("instanceId", "networkInterfaceId"), run)
    return {
        instance: public[linked[interface]]
        for instance, interface in interfaces.items()
        if linked.get(interface) in public
    }


def _pairs(
    resources: Sequence[PolicyResource], resource_type: str, names: tuple[str, str], run: Run
) -> dict[str, str]:
    pairs = (
        tuple(output(resource.props, name, run) for name in names)
        for resource in _of_type(resources, resource_type)
    )
    return {key: value for key, value in pairs if isinstance(key, str) and isinstance(value, str)}


def _entries(properties: Properties) -> list[tuple[object, object]]:
    """Address and reason of each entry, which a record keeps as a pair and a key as a plain text."""
    entries = properties.get("addresses")
    if not is_list(entries):
        return []
    return [
        (entry.get("address"), entry.get("reason")) if isinstance(entry, Mapping) else (entry, None)
        for entry in entries
    ]


def _addresses(properties: Properties) -> frozenset[str]:
    return frozenset(address for address, _ in _entries(properties) if isinstance(address, str))


def _of_type(resources: Sequence[PolicyResource], resource_type: str) -> list[PolicyResource]:
    return [resource for resource in resources if resource.resource_type == resource_type]


POLICIES = [on_inputs(RULE, [WHITELIST], judge), on_stack(RULE, judge_stack)]
