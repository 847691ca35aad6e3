"""The pack in its own process, asked over gRPC as an engine asks it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2, struct_pb2
from policy_cases import DYNAMIC, OURS, UNKNOWN, assert_no_value, changed, stack, urn_of
from pulumi.runtime.proto import analyzer_pb2 as wire
from pulumi.runtime.proto.analyzer_pb2_grpc import AnalyzerStub

ROOT = Path(__file__).resolve().parents[2]
SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}
LOOPBACK = "127.38.74.76"


@contextmanager
def served(config: Mapping[str, str], *, preview: bool = False) -> Iterator[AnalyzerStub]:
    """The pack as `python -m pulumi.policy ENGINE PACK` serves it."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PULUMI_")},
        "PULUMI_CONFIG": json.dumps(config),
        "PULUMI_PROJECT": "cexio-bot",
        "PULUMI_STACK": "dev",
        "PULUMI_DRY_RUN": "true" if preview else "false",
    }
    pack = ROOT / "policies"
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "pulumi.policy", "127.0.0.1:1", str(pack)],
        cwd=pack,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        with grpc.insecure_channel(f"127.0.0.1:{process.stdout.readline().strip()}") as channel:
            yield AnalyzerStub(channel)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture(scope="module")
def pack() -> Iterator[AnalyzerStub]:
    with served({}) as stub:
        yield stub


@pytest.fixture(scope="module")
def pack_in_preview() -> Iterator[AnalyzerStub]:
    with served({}, preview=True) as stub:
        yield stub


def told(response: wire.AnalyzeResponse) -> dict[str, str]:
    """Level of each finding by the policy's name; the messages are looked at here, for all tests."""
    for diagnostic in response.diagnostics:
        assert diagnostic.message.startswith((diagnostic.description, "can't run policy"))
    return {
        diagnostic.policyName: wire.EnforcementLevel.Name(diagnostic.enforcementLevel).lower()
        for diagnostic in response.diagnostics
    }


def struct(properties: Mapping[str, Any]) -> struct_pb2.Struct:
    made = struct_pb2.Struct()
    made.update(properties)
    return made


def analyze(
    pack: AnalyzerStub, kind: str, properties: Mapping[str, Any], **more: Any
) -> wire.AnalyzeResponse:
    response = pack.Analyze(
        wire.AnalyzeRequest(
            type=kind, properties=struct(properties), urn=urn_of("it", kind), name="it", **more
        )
    )
    assert_no_value(
        [text for one in response.diagnostics for text in one.message.splitlines()[1:]], [properties]
    )
    return response


def analyze_stack(
    pack: AnalyzerStub, resources: Mapping[str, tuple[str, Mapping[str, Any]]]
) -> wire.AnalyzeResponse:
    return pack.AnalyzeStack(
        wire.AnalyzeStackRequest(
            resources=[
                wire.AnalyzerResource(
                    type=kind, properties=struct(outputs), urn=urn_of(name, kind), name=name
                )
                for name, (kind, outputs) in resources.items()
            ]
        )
    )


class TestWhatThePackSaysOfItself:
    """A rule without level, severity or remedy is advice that nobody can act on."""

    def test_every_policy_is_mandatory_and_tells_severity_reference_and_remedy(self, pack):
        policies = pack.GetAnalyzerInfo(empty_pb2.Empty()).policies
        names = [policy.name for policy in policies]
        assert len(names) == len(set(names)) == 9
        for policy in policies:
            assert policy.enforcementLevel == wire.MANDATORY
            assert policy.severity in (wire.POLICY_SEVERITY_HIGH, wire.POLICY_SEVERITY_CRITICAL)
            assert policy.framework.name
            assert policy.framework.reference
            assert policy.remediation_steps
            assert policy.description

    def test_every_rule_file_is_listed(self, pack):
        files = {path.stem.replace("_", "-") for path in (ROOT / "policies" / "rules").glob("[a-z]*.py")}
        names = {policy.name for policy in pack.GetAnalyzerInfo(empty_pb2.Empty()).policies}
        assert files <= names


class TestGoodIsLetThrough:
    """A pack that flags what is safe is switched off by the first person in a hurry."""

    def test_inputs_of_a_good_stack_give_no_finding(self, pack):
        for kind, properties in stack().values():
            assert not told(analyze(pack, kind, properties))

    def test_a_good_stack_gives_no_finding(self, pack):
        assert not told(analyze_stack(pack, stack()))

    def test_other_types_of_resources_are_none_of_its_business(self, pack):
        for kind in ("pulumi:pulumi:Stack", "pulumi:providers:pulumi-python", DYNAMIC + "worlds:Thing"):
            assert not told(analyze(pack, kind, {"ingress": [1], "metadata": 1, "retain": False}))


class TestBadIsStopped:
    """One accident for each rule, through the real server: the wiring, not the clauses."""

    ACCIDENTS = (
        ("address", {"retain": False}, "address-is-kept"),
        ("whitelist", {"addresses": []}, "whitelist-is-exactly-the-hosts"),
        ("whitelist", {"permissions": ["Withdrawal"]}, "permissions-are-exactly-the-four"),
        ("key", {"permissions": ["Withdrawal"]}, "permissions-are-exactly-the-four"),
        ("host", {"metadata": {}}, "imdsv2-is-required"),
        ("firewall", {"ingress": [{"port": 22}]}, "no-ingress"),
    )

    @pytest.mark.parametrize(("name", "changes", "rule"), ACCIDENTS)
    def test_an_accident_in_the_inputs_is_a_mandatory_finding(self, pack, name, changes, rule):
        kind, properties = stack()[name]
        assert told(analyze(pack, kind, changed(properties, **changes))) == {rule: "mandatory"}

    @pytest.mark.parametrize(
        ("name", "changes", "policy"),
        [
            ("address", {"release": "51.15.20.30"}, "address-is-kept-in-stack"),
            ("host", {"metadata": {}}, "imdsv2-is-required-as-made"),
            ("firewall", {"ingress": [{"port": 22}]}, "no-ingress-as-made"),
            (
                "whitelist",
                {"addresses": [{"address": "51.15.20.30"}]},
                "whitelist-is-exactly-the-hosts-in-stack",
            ),
        ],
    )
    def test_an_accident_in_the_outputs_is_reported_after_the_run(self, pack, name, changes, policy):
        resources = stack()
        resources[name][1].update(changes)
        assert told(analyze_stack(pack, resources)) == {policy: "mandatory"}

    def test_a_finding_of_a_stack_names_the_resource(self, pack):
        resources = stack()
        resources["firewall"][1]["ingress"] = [{"port": 22}]
        (diagnostic,) = analyze_stack(pack, resources).diagnostics
        assert diagnostic.urn == urn_of("firewall", resources["firewall"][0])

    def test_a_secret_address_is_judged_like_any_other_and_not_shown(self, pack):
        kind, properties = stack()["whitelist"]
        hidden = [{"address": {**SECRET, "value": "192.168.77.5"}}]
        response = analyze(pack, kind, changed(properties, addresses=hidden))
        assert told(response) == {"whitelist-is-exactly-the-hosts": "mandatory"}
        assert "192.168.77.5" not in str(response)


class TestWhatAPreviewCannotKnow:
    """An unknown must neither block a good first preview nor pass for decided."""

    def test_a_rule_that_meets_an_unknown_says_that_it_is_undecided(self, pack_in_preview):
        kind, properties = stack()["whitelist"]
        response = analyze(pack_in_preview, kind, changed(properties, addresses=[{"address": UNKNOWN}]))
        assert told(response) == {"whitelist-is-exactly-the-hosts": "advisory"}

    def test_an_accident_beside_an_unknown_is_still_mandatory(self, pack_in_preview):
        kind, properties = stack()["whitelist"]
        addresses = [{"address": "0.0.0.0"}, {"address": UNKNOWN}]
        response = analyze(pack_in_preview, kind, changed(properties, addresses=addresses))
        assert [one.enforcementLevel for one in response.diagnostics] == [wire.MANDATORY, wire.ADVISORY]

    def test_a_first_preview_of_a_good_stack_blocks_nothing(self, pack_in_preview):
        resources = stack()
        for name in ("publicIp", "allocationId"):
            del resources["address"][1][name]
        for name in ("instanceId", "networkInterfaceId"):
            resources["host"][1][name] = UNKNOWN
        assert told(analyze_stack(pack_in_preview, resources)) == {
            "whitelist-is-exactly-the-hosts-in-stack": "advisory"
        }

    def test_a_finding_on_inputs_is_not_told_again_by_the_stack_policy(self, pack_in_preview):
        resources = stack()
        resources["firewall"][1]["ingress"] = [{"port": 22}]
        response = analyze_stack(pack_in_preview, resources)
        assert not told(response)
        assert "no-ingress-as-made" in {one.policy_name for one in response.not_applicable}


class TestLoopbackIsForTheSandbox:
    """A real key tied to a loopback address locks the bot out; a sandbox has no other addresses."""

    RECORD = (DYNAMIC + "cexio:Whitelist", {"addresses": [{"address": LOOPBACK}]})

    def analyze(self, pack: AnalyzerStub, **more: Any) -> set[str]:
        kind, properties = stack()["whitelist"]
        return set(told(analyze(pack, kind, changed(properties, addresses=[{"address": LOOPBACK}]), **more)))

    def test_loopback_is_refused_in_a_stack_that_is_not_a_sandbox(self, pack):
        assert self.analyze(pack)

    def test_loopback_passes_where_the_stack_says_sandbox(self):
        with served({"cexio-bot:sandbox": "true"}) as sandbox:
            assert not self.analyze(sandbox)

    def test_another_namespace_opens_nothing(self):
        with served({"other:sandbox": "true", "cexio-bot:sandbox": "false"}) as real:
            assert self.analyze(real)

    def test_an_exported_state_tells_by_its_providers_settings(self, pack):
        def provider(value: str) -> wire.AnalyzerProviderResource:
            return wire.AnalyzerProviderResource(
                type="pulumi:providers:pulumi-python", properties=struct({"cexio-bot:sandbox": value})
            )

        assert not self.analyze(pack, provider=provider("true"))
        assert self.analyze(pack, provider=provider("false"))


class TestReleaseIsAcknowledgedInThePacksConfiguration:
    """The acknowledgement is a second pair of eyes: it lies where the reviewer keeps it, not in the stack."""

    def test_an_acknowledged_release_passes_and_is_forgotten_with_the_configuration(self):
        kind, properties = stack()["address"]
        leaving = changed(properties, retain=False, release=OURS)
        agreed = wire.PolicyConfig(
            enforcementLevel=wire.MANDATORY, properties=struct({"acknowledgedReleases": [OURS]})
        )
        with served({}) as pack:
            assert told(analyze(pack, kind, leaving)) == {"address-is-kept": "mandatory"}
            pack.Configure(wire.ConfigureAnalyzerRequest(policyConfig={"address-is-kept": agreed}))
            assert not told(analyze(pack, kind, leaving))
            assert not told(analyze_stack(pack, stack() | {"address": (kind, leaving)}))
            pack.Configure(wire.ConfigureAnalyzerRequest())
            assert told(analyze(pack, kind, leaving))
