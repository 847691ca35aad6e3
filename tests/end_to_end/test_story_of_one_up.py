"""The main job, from nothing to a proven key and back to nothing, as a user runs it."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.conftest import Clone, running

pytestmark = pytest.mark.end_to_end
PERMISSIONS = ["Account balance", "Open orders", "Place order", "Cancel order"]


@dataclass
class Life:
    """What was seen at each step of a stack's life."""

    said: dict[str, str] = field(default_factory=dict)
    exits: dict[str, int] = field(default_factory=dict)
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    secrets: list[str] = field(default_factory=list)
    found: dict[str, list[str]] = field(default_factory=dict)
    addresses: dict[str, list[str]] = field(default_factory=dict)
    secret_calls: list[str] = field(default_factory=list)
    left_running: list[str] = field(default_factory=list)
    left_on_disk: list[str] = field(default_factory=list)

    def note(self, step: str, done: subprocess.CompletedProcess[str]) -> None:
        self.said[step], self.exits[step] = done.stdout, done.returncode


def where_secret_is(clone: Clone, secret: str, said: str) -> list[str]:
    """The places outside Secrets Manager and the exchange's own store that hold this secret."""
    import httpx

    places = ["output"] if secret in said else []
    for path in clone.folder.rglob("*"):
        inside = path.relative_to(clone.folder).parts
        if inside[0] == ".venv" or inside[:2] == (".sandbox", "exchange") or not path.is_file():
            continue
        if secret.encode() in path.read_bytes():
            places.append("/".join(inside))
    recorded = httpx.get(clone.endpoints()["aws"] + "/_sandbox/recorded", trust_env=False).text
    return places + (["what the fake AWS recorded"] if secret in recorded else [])


def exchange_secrets(clone: Clone) -> list[str]:
    """The secrets of the keys in the sandbox exchange's own store."""
    text = "".join(p.read_text() for p in (clone.world / "exchange").rglob("*.json"))
    return re.findall(r'"secret":\s*"([^"]{20,})"', text)


@pytest.fixture(scope="module")
def life(clone: Clone) -> Iterator[Life]:
    """up, up, destroy, up, down: each with what it printed and what it left."""
    seen = Life()
    for step in ("first up", "second up", "destroy", "up after destroy"):
        seen.note(step, clone.story("destroy" if step == "destroy" else "up"))
        assert seen.exits[step] == 0, seen.said[step]
        addresses = clone.client("ec2").describe_addresses()["Addresses"]
        seen.addresses[step] = [a["PublicIp"] for a in addresses]
        if step != "destroy":
            seen.outputs[step] = clone.outputs()
        for secret in exchange_secrets(clone):
            seen.found[step] = where_secret_is(clone, secret, seen.said[step])
            seen.secrets.append(secret)
    log = (clone.world / "aws" / "requests.jsonl").read_text().splitlines()
    calls = [call for call in map(json.loads, log) if call["service"] == "secretsmanager"]
    seen.secret_calls = [call["operation"] for call in calls if call["status"] == 200]
    seen.note("down", clone.run(clone.python, "-m", "sandbox", "stop"))
    seen.left_running = running(clone.folder)
    seen.left_on_disk = [p.name for p in Path(clone.folder).iterdir() if p.name == ".sandbox"]
    return seen


class TestTheKeyIsProvenBeforeItIsUsed:
    """A key that trades from anywhere, or can withdraw, looks just like a good one until it is stolen."""

    def test_the_first_up_ends_verified(self, life: Life) -> None:
        assert life.outputs["first up"]["status"] == "verified"

    def test_each_of_the_four_permissions_is_granted_from_the_address(self, life: Life) -> None:
        outputs = life.outputs["first up"]
        rows = {row["name"]: row for row in outputs["verification"]["permissions"]}
        assert list(rows) == PERMISSIONS
        assert {row["verdict"] for row in rows.values()} == {"granted"}
        assert {row["address"] for row in rows.values()} == {outputs["address"]}

    def test_funds_permissions_are_refused(self, life: Life) -> None:
        assert {row["verdict"] for row in life.outputs["first up"]["verification"]["funds"]} == {"refused"}

    def test_the_evidence_comes_from_two_addresses(self, life: Life) -> None:
        evidence = life.outputs["first up"]["verification"]["evidence"]
        assert len({row["address"] for row in evidence if row.get("address")}) == 2

    def test_a_call_from_elsewhere_was_refused(self, life: Life) -> None:
        elsewhere = life.outputs["first up"]["verification"]["elsewhere"]
        assert elsewhere["verdict"] == "refused"
        assert elsewhere["address"] != life.outputs["first up"]["address"]

    def test_no_key_is_put_before_the_secret_is_closed_to_others(self, life: Life) -> None:
        calls = life.secret_calls
        assert calls.count("PutResourcePolicy") == 1  # and it outlived the destroy
        assert calls.index("CreateSecret") < calls.index("PutResourcePolicy") < calls.index("PutSecretValue")
        assert "DeleteResourcePolicy" not in calls
        assert "RestoreSecret" in calls

    def test_the_key_is_the_current_version(self, life: Life) -> None:
        assert life.outputs["first up"]["secret"]["stage"] == "AWSCURRENT"


class TestTheSummaryTellsWhatAPersonWantsToKnow:
    """An operator who has to look things up in three consoles looks nothing up."""

    @pytest.mark.parametrize(
        "fact",
        ["address", "allocationId", "instanceId", "reviewDue", "status"],
    )
    def test_it_has_each_fact_of_the_outputs(self, life: Life, fact: str) -> None:
        assert str(life.outputs["first up"][fact]) in life.said["first up"]

    def test_it_names_the_secret_by_arn_and_stage(self, life: Life) -> None:
        said = life.said["first up"].replace("\n", "")
        assert life.outputs["first up"]["secret"]["arn"] in said
        assert "AWSCURRENT" in said

    def test_it_has_each_permission_and_where_it_was_measured(self, life: Life) -> None:
        for name in PERMISSIONS:
            assert re.search(rf"{name}.*granted.*host", life.said["first up"])

    def test_it_tells_the_next_steps(self, life: Life) -> None:
        assert "real account" in life.said["first up"]

    def test_it_tells_the_engine(self, life: Life) -> None:
        assert life.said["first up"].startswith("Engine: ")


class TestTheAccountIsLookedAt:
    """A key was proven on an account that could not trade, and the guide's first step was thought done."""

    def test_what_the_proof_showed_is_measured_and_the_rest_is_asked(self, life: Life) -> None:
        settled = {row["item"]: row["settled"] for row in life.outputs["first up"]["readiness"]}
        assert settled == {
            "two-factor login": "open",
            "country of the account": "open",
            "API requirements": "open",
            "country of the host": "measured",
            "sub-account for API orders": "measured",
            "funds in the sub-account": "measured",
            "fee tier": "measured",
        }

    def test_the_summary_counts_and_the_readme_has_them(self, life: Life) -> None:
        assert "4 measured; left: two-factor login" in life.said["first up"]
        for row in life.outputs["first up"]["readiness"]:
            assert f"| {row['item']} | {row['settled']} |" in life.outputs["first up"]["readme"]


class TestARunAgainChangesNothing:
    """A second run that touches anything is a second chance to break what works."""

    def test_the_second_up_leaves_the_outputs_as_they_are(self, life: Life) -> None:
        assert life.outputs["second up"] == life.outputs["first up"]

    def test_it_says_so(self, life: Life) -> None:
        assert "Nothing changed" in life.said["second up"]
        assert not re.search(r"\d+ (created|updated|deleted|replaced)", life.said["second up"])


class TestTheAddressOutlivesTheStack:
    """A lost address is an outage with human steps: the whitelist must be edited and the key activated."""

    def test_destroy_keeps_and_names_it(self, life: Life) -> None:
        address = life.outputs["first up"]["address"]
        assert life.addresses["destroy"] == [address]
        assert address in life.said["destroy"]

    def test_the_next_up_adopts_it(self, life: Life) -> None:
        assert life.addresses["up after destroy"] == life.addresses["first up"]
        assert life.outputs["up after destroy"]["address"] == life.outputs["first up"]["address"]

    def test_the_key_is_proven_again_without_a_human(self, life: Life) -> None:
        assert life.outputs["up after destroy"]["status"] == "verified"
        assert "stand-in for you" not in life.said["up after destroy"]


class TestTheSecretHasOnePath:
    """A secret in a state file, a log or a history is a secret of everyone who can read it."""

    def test_there_was_a_secret_to_look_for(self, life: Life) -> None:
        assert life.secrets

    def test_it_is_nowhere_else(self, life: Life) -> None:
        assert {step: places for step, places in life.found.items() if places} == {}


class TestDownLeavesNothing:
    """A server left running keeps a port, and a store left behind keeps a secret."""

    def test_it_says_so(self, life: Life) -> None:
        assert life.exits["down"] == 0
        assert "nothing is left running" in life.said["down"].lower()

    def test_no_process_and_no_file_is_left(self, life: Life) -> None:
        assert life.left_running == []
        assert life.left_on_disk == []

    def test_the_tracked_files_are_as_they_were(self, life: Life, clone: Clone) -> None:
        root = Path(__file__).resolve().parents[2]
        assert (clone.folder / "Pulumi.sandbox.yaml").read_text() == (
            root / "Pulumi.sandbox.yaml"
        ).read_text()


def test_outputs_are_plain_json(life: Life) -> None:
    assert json.loads(json.dumps(life.outputs["first up"])) == life.outputs["first up"]
