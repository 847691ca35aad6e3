"""A key is declared with the guide's four permissions and nothing else, above all nothing that moves funds.

Prevents, on inputs of the whitelist record and of the trading key. It judges what is *declared*; what the key
really can do is measured by the trading key's own verification.
"""

from collections.abc import Mapping, Sequence

from pulumi_policy import PolicyComplianceFramework, Severity
from rule import Findings, Properties, Rule, Run, is_list, on_inputs

WHITELIST = "pulumi-python:dynamic/cexio:Whitelist"
TRADING_KEY = "pulumi-python:dynamic/cexio:TradingKey"

FOUR = ("Account balance", "Open orders", "Place order", "Cancel order")
SPOT = ("Read", "Trade")
MOVES_FUNDS = ("withdraw", "transfer", "deposit", "fund", "wallet", "payout")

RULE = Rule(
    name="permissions-are-exactly-the-four",
    description="A key has exactly the guide's four permissions and none that moves funds.",
    severity=Severity.CRITICAL,
    framework=PolicyComplianceFramework(
        name="CEX.IO key guide",
        reference="step 4",
        specification="Grant balance, open orders, place order, cancel order; never withdrawal",
    ),
    remediation=f"Declare exactly: {', '.join(FOUR)}. On the key page all else is off, withdrawal first.",
)


def judge(properties: Properties, _run: Run, findings: Findings) -> None:
    """Judge the permissions that one record or key declares."""
    permissions = properties.get("permissions")
    if not is_list(permissions):
        findings.report("`permissions` is not a list of permissions; declare the four.")
        return
    declared: list[object] = []
    for place in range(len(permissions)):
        with findings.clause():
            declared.append(_judge_entry(permissions[place], f"permissions[{place}]", findings))
    if len(declared) < len(permissions):
        return
    for name in FOUR:
        if declared.count(name) == 0:
            findings.report(f"`permissions` lacks {name}.")
        elif declared.count(name) > 1:
            findings.report(f"`permissions` has {name} more than once.")


def _judge_entry(entry: object, where: str, findings: Findings) -> object:
    """Judge one entry, a guide name or a {guide, spot} pair, and give the guide name it declares."""
    if isinstance(entry, Mapping):
        _judge_name(entry.get("spot"), SPOT, f"{where}.spot", findings)
        return _judge_name(entry.get("guide"), FOUR, f"{where}.guide", findings)
    return _judge_name(entry, FOUR, where, findings)


def _judge_name(name: object, allowed: Sequence[str], where: str, findings: Findings) -> object:
    if not isinstance(name, str):
        findings.report(f"`{where}` is not the name of a permission.")
    elif any(word in name.lower() for word in MOVES_FUNDS):
        findings.report(f"`{where}` moves funds; remove it here and on the key page.")
    elif name not in allowed:
        findings.report(f"`{where}` is none of {', '.join(allowed)}.")
    return name


POLICIES = [on_inputs(RULE, [WHITELIST, TRADING_KEY], judge)]
