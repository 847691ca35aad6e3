"""commands/recover.py against the sandbox's AWS, with an engine that answers what a test wants it to."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from commands import recover
from providers import intents, run
from providers.endpoints import Endpoints
from tests.commands.engine_on_paper import EngineOnPaper
from tests.faults.proxy import Proxy, answer
from tests.providers.sandbox_processes import Aws, endpoints_file

NO_EXCHANGE = "http://127.0.0.1:9"
VPC = "cexio-bot/live/vpc"
ADDRESS = "cexio-bot/live/address-bot"
REFUSED = (
    "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>no</Message></Error></Errors>"
    "<RequestID>r-1</RequestID></Response>"
)


def state(*creating: str, ago: float = 0, **ids: str) -> dict[str, Any]:
    """An exported state: what it knows by owner's last part, and what a killed run was making."""
    written = datetime.now(timezone.utc) - timedelta(seconds=ago)
    return {
        "deployment": {
            "manifest": {"time": written.isoformat()},
            "resources": [
                {"id": id_, "inputs": {"owner": f"cexio-bot/live/{role}"}} for role, id_ in ids.items()
            ],
            "pending_operations": [
                {"type": "creating", "resource": {"inputs": {"owner": owner}}} for owner in creating
            ],
        }
    }


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    server = Aws(tmp_path_factory.mktemp("recover"))
    server.client("ec2").describe_vpcs()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def proxy(aws: Aws) -> Iterator[Proxy]:
    made = Proxy(aws.url)
    yield made
    made.stop()


@pytest.fixture
def engine(tmp_path: Path, proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> Iterator[EngineOnPaper]:
    """An engine with one stack of the sandbox, `live`, that has nothing."""
    made = EngineOnPaper(tmp_path / "bin")
    monkeypatch.setenv("PATH", f"{made.folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("CEXIO_BOT_SANDBOX_DIR", str(tmp_path))
    monkeypatch.setenv("CEXIO_BOT_SANDBOX_WINDOW", "0.2")
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(run, "_claims", {})
    monkeypatch.setattr(run, "_ends", {})
    endpoints_file(tmp_path, proxy.url, NO_EXCHANGE)
    made.answers("config", {"cexio-bot:sandbox": {"value": "true"}})
    made.answers("stack export", state())
    proxy.forget()
    yield made
    for claim in run._claims.values():
        claim.close()
    proxy.forget()


@pytest.fixture
def orphan(aws: Aws) -> Iterator[str]:
    """A VPC of the stack."""
    ec2 = aws.client("ec2")
    owner = [{"ResourceType": "vpc", "Tags": [{"Key": "cexio-bot:owner", "Value": VPC}]}]
    id_ = ec2.create_vpc(CidrBlock="10.9.0.0/24", TagSpecifications=owner)["Vpc"]["VpcId"]
    yield str(id_)
    if id_ in vpcs(aws):
        ec2.delete_vpc(VpcId=id_)


def vpcs(aws: Aws) -> set[str]:
    return {row["VpcId"] for row in aws.client("ec2").describe_vpcs()["Vpcs"]}


def done(engine: EngineOnPaper) -> list[str]:
    """What the engine was told to do, without flags, looking left out."""
    return [words[0] for words in engine.calls if words[0] not in ("config", "stack")]


class TestInOrder:
    """Pending operations were dropped before the orphans were looked for, and a kill lost the trail."""

    def test_lock_orphans_and_then_the_pending_operations(
        self, engine: EngineOnPaper, aws: Aws, orphan: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        engine.answers("stack export", state(VPC))
        assert recover.main(["--stack", "live"]) == 0
        assert orphan not in vpcs(aws)
        assert done(engine) == ["cancel", "refresh"]
        assert engine.calls[-1] == [
            *("refresh", "--yes", "--skip-preview", "--clear-pending-creates", "--stack", "live")
        ]
        said = capsys.readouterr().out
        assert f"VPC {orphan} of {VPC}: released, as the run that was killed was making it\n" in said
        assert said.endswith("pending operation is left; 1 were pending; released: 1.\n")

    def test_the_stack_is_named_to_the_engine_as_it_was_named_to_us(self, engine: EngineOnPaper) -> None:
        assert recover.main(["--stack", "acme/cexio-bot/live"]) == 0
        assert all(words[-2:] == ["--stack", "acme/cexio-bot/live"] for words in engine.calls)

    def test_where_nothing_is_wrong_it_says_so_and_waits_for_nothing(
        self, engine: EngineOnPaper, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert recover.main(["--stack", "live"], lambda _: pytest.fail("it waited")) == 0
        assert capsys.readouterr().out.endswith("nothing was pending; released: 0.\n")

    def test_a_refresh_that_fails_is_a_failure(self, engine: EngineOnPaper) -> None:
        engine.answers("refresh", status=255)
        assert recover.main(["--stack", "live"]) == 1

    def test_what_could_not_be_released_keeps_the_pending_operations(
        self,
        engine: EngineOnPaper,
        aws: Aws,
        proxy: Proxy,
        orphan: str,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """Dropped, they no longer told whose the orphan was, and the next `recover` left it for good."""
        engine.answers("stack export", state(VPC))
        proxy.forget(lambda call: answer(403, REFUSED) if call.action == "DeleteVpc" else None)
        assert recover.main(["--stack", "live"]) == 1
        assert done(engine) == ["cancel"]
        said = capsys.readouterr().out
        assert f"VPC {orphan} of {VPC}: could not be released: " in said
        assert "allow ec2:DeleteVpc" in said
        assert said.endswith("mend what the lines name, then recover again.\n")
        proxy.forget()
        assert recover.main(["--stack", "live"]) == 0
        assert orphan not in vpcs(aws)

    def test_what_no_operation_tells_of_holds_none_up(
        self, engine: EngineOnPaper, aws: Aws, proxy: Proxy, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Whoever deploys may release no address, and so the pending operations were never dropped."""
        ec2 = aws.client("ec2")
        tags = [{"ResourceType": "elastic-ip", "Tags": [{"Key": "cexio-bot:owner", "Value": ADDRESS}]}]
        first, second = (ec2.allocate_address(TagSpecifications=tags)["AllocationId"] for _ in range(2))
        known = state(VPC, **{"address-bot": first})
        engine.answers("stack export", known)
        proxy.forget(lambda call: answer(403, REFUSED) if call.action == "ReleaseAddress" else None)
        assert recover.main(["--stack", "live"]) == 1
        assert done(engine) == ["cancel", "refresh"]
        said = capsys.readouterr().out
        assert "allow ec2:ReleaseAddress" in said
        assert "Recovered:" not in said
        for id_ in (first, second):
            ec2.release_address(AllocationId=id_)


class TestTheWindow:
    """AWS showed the killed run's object after `recover` had looked, and nobody ever looked again."""

    def waited(self, engine: EngineOnPaper, monkeypatch: pytest.MonkeyPatch, ago: float) -> list[float]:
        monkeypatch.setenv("CEXIO_BOT_SANDBOX_WINDOW", "60")
        pauses: list[float] = []
        engine.answers("stack export", state(VPC, ago=ago))
        assert recover.main(["--stack", "live"], pauses.append) == 0
        return pauses

    @pytest.mark.parametrize(
        ("ago", "least", "most"), [(0, 60, 60), (200, 60, 60), (330, 0, 30), (400, 0, 0)]
    )
    def test_it_counts_from_the_last_moment_at_which_the_call_may_have_been_sent(
        self, engine: EngineOnPaper, monkeypatch: pytest.MonkeyPatch, ago: float, least: float, most: float
    ) -> None:
        (waited,) = self.waited(engine, monkeypatch, ago)
        assert least <= waited <= most

    def test_a_state_without_a_time_may_have_been_written_just_now(
        self, engine: EngineOnPaper, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("CEXIO_BOT_SANDBOX_WINDOW", "60")
        pauses: list[float] = []
        exported = state(VPC)
        del exported["deployment"]["manifest"]
        engine.answers("stack export", exported)
        assert recover.main(["--stack", "live"], pauses.append) == 0
        assert pauses == [60]

    def test_the_next_run_knows_of_the_kill_even_if_recover_is_killed_as_well(
        self, engine: EngineOnPaper, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("CEXIO_BOT_SANDBOX_WINDOW", "60")
        here = Endpoints(sandbox=True, region="us-east-1", aws=proxy.url, cexio=NO_EXCHANGE)
        engine.answers("stack export", state(VPC))
        engine.answers("cancel", error="error: killed here", status=1)

        def killed(_: float) -> None:
            raise KeyboardInterrupt

        assert recover.main(["--stack", "live"], killed) == 130
        assert done(engine) == ["cancel"]
        assert 50 < intents.open_window("cexio-bot/live/gateway", here) <= 60

    def test_a_run_that_is_at_work_elsewhere_keeps_what_it_makes(
        self, engine: EngineOnPaper, aws: Aws, orphan: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Its lock was taken away and its VPC released under its hands."""
        engine.answers("stack export", state(VPC, ago=5), state(vpc=orphan))
        assert recover.main(["--stack", "live"]) == 1
        assert "so a run is at work elsewhere" in capsys.readouterr().err
        assert (orphan in vpcs(aws), done(engine)) == (True, ["cancel"])

    def test_one_that_had_nothing_pending_when_its_lock_was_taken_keeps_it_too(
        self, engine: EngineOnPaper, aws: Aws, orphan: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        engine.answers("stack export", state(vpc="vpc-1", ago=5), state(VPC, vpc="vpc-1"))
        assert recover.main(["--stack", "live"]) == 1
        assert "so a run is at work elsewhere" in capsys.readouterr().err
        assert (orphan in vpcs(aws), done(engine)) == (True, ["cancel"])


class TestLookingOnly:
    """Looking took a lock away from a run that was under way."""

    def test_it_tells_each_and_does_nothing(
        self, engine: EngineOnPaper, aws: Aws, orphan: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        engine.answers("stack export", state(VPC))
        assert recover.main(["--stack", "live", "--look-only"]) == 0
        assert (orphan in vpcs(aws), done(engine)) == (True, [])
        said = capsys.readouterr().out
        assert said.startswith("A run was killed in an operation: `make recover` clears up after it.\n")
        assert f"VPC {orphan} of {VPC}: could be released by `make recover`, as" in said

    def test_where_there_is_nothing_it_says_where_it_looked(
        self, engine: EngineOnPaper, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert recover.main(["--stack", "live", "--look-only"]) == 0
        assert capsys.readouterr().out == (
            "AWS holds nothing of live in us-east-1 that its state does not know.\n"
        )

    def test_an_address_that_was_kept_is_named_with_its_price(
        self, engine: EngineOnPaper, aws: Aws, capsys: pytest.CaptureFixture[str]
    ) -> None:
        ec2 = aws.client("ec2")
        tags = [{"ResourceType": "elastic-ip", "Tags": [{"Key": "cexio-bot:owner", "Value": ADDRESS}]}]
        made = ec2.allocate_address(TagSpecifications=tags)
        assert recover.main(["--stack", "live", "--look-only"]) == 0
        said = capsys.readouterr().out
        assert f"address {made['PublicIp']} ({made['AllocationId']}) of {ADDRESS}: kept, as the next" in said
        ec2.release_address(AllocationId=made["AllocationId"])

    def test_what_could_not_be_asked_is_one_line_and_no_answer(
        self, engine: EngineOnPaper, proxy: Proxy, capsys: pytest.CaptureFixture[str]
    ) -> None:
        proxy.forget(lambda call: answer(403, REFUSED) if call.action == "DescribeVolumes" else None)
        assert recover.main(["--stack", "live", "--look-only"]) == 1
        told = capsys.readouterr()
        assert told.out == ""
        assert "allow ec2:DescribeVolumes" in told.err
        assert len(told.err.splitlines()) == 1


class TestNoTraceback:
    """One at three in the morning, for a stack's name that was mistyped."""

    @pytest.mark.parametrize(
        ("words", "answered", "said"),
        [
            ("config", {"error": "error: no stack named 'live' found", "status": 6}, "name a stack with"),
            ("config", {"error": "error: incorrect passphrase", "status": 1}, "incorrect passphrase"),
            ("stack export", {"error": "error: incorrect passphrase", "status": 1}, "incorrect passphrase"),
        ],
    )
    def test_a_refusal_of_the_engine(
        self,
        engine: EngineOnPaper,
        words: str,
        answered: dict[str, Any],
        said: str,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        engine.answers(words, **answered)
        assert recover.main(["--stack", "live"]) == 1
        told = capsys.readouterr().err
        assert (said in told, len(told.splitlines()), done(engine)) == (True, 1, [])

    def test_a_setting_that_is_none(self, engine: EngineOnPaper, capsys: pytest.CaptureFixture[str]) -> None:
        wrong = {"cexio-bot:sandbox": {"value": "true"}, "cexio-bot:deployers": {"value": "["}}
        engine.answers("config", wrong)
        assert recover.main(["--stack", "live"]) == 1
        told = capsys.readouterr().err
        assert told.startswith("error: ")
        assert told.splitlines()[-1].strip().startswith("cexio-bot:deployers")

    @pytest.mark.parametrize("exported", ["", "{", "[]", "{}", '{"deployment": {"resources": 7}}'])
    def test_an_export_that_is_no_state(
        self, engine: EngineOnPaper, exported: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        engine.answers("stack export", exported)
        assert recover.main(["--stack", "live"]) == 1
        assert len(capsys.readouterr().err.splitlines()) == 1
        assert done(engine) == []

    def test_no_sandbox(
        self, engine: EngineOnPaper, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (tmp_path / "endpoints.json").unlink()
        assert recover.main(["--stack", "live"]) == 1
        assert capsys.readouterr().err == "error: no sandbox running: `make up` starts one\n"
