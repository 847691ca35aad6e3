"""One run at a time changes a stack, and the run after a killed one knows what may still turn up."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from providers import intents, run
from providers.endpoints import Endpoints
from providers.errors import ProviderError, StillBusy

ROOT = Path(__file__).resolve().parents[2]
OWNER = "cexio-bot/dev/vpc"
HERE = Endpoints(sandbox=True, region="us-east-1", aws="http://127.0.0.1:1", cexio="http://127.0.0.1:2")
HOLDER = f"""
import time
from providers.run import begin
from providers.endpoints import Endpoints
begin("cexio-bot/dev/x", Endpoints.model_validate_json('''{HERE.model_dump_json()}'''))
print("claimed", flush=True)
time.sleep(60)
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path))
    monkeypatch.setattr(run, "_claims", {})
    monkeypatch.setattr(run, "_ends", {})
    return tmp_path


@pytest.fixture
def other_run(home: Path) -> Iterator[subprocess.Popen[str]]:
    """Another run of the same stack, which has begun."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER], cwd=ROOT, env=dict(os.environ), stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "claimed\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


class TestTheClaim:
    """A killed run's provider was still launching when the next run launched too."""

    def test_a_run_waits_for_the_one_before_it_and_says_so(
        self, other_run: subprocess.Popen[str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        threading.Timer(0.6, other_run.send_signal, (signal.SIGKILL,)).start()
        begun = time.monotonic()
        run.begin(OWNER, HERE)
        assert time.monotonic() - begun >= 0.5
        said = capsys.readouterr().err
        assert (
            said == "cexio-bot/dev: another run on this machine is still changing it; waiting for it to end\n"
        )

    def test_it_waits_no_longer_than_its_patience(
        self, other_run: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(run, "PATIENCE", 0.3)
        with pytest.raises(StillBusy, match="cexio-bot/dev: another run"):
            run.begin(OWNER, HERE)

    def test_its_patience_is_one_for_all_of_its_changes(
        self, other_run: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Four creates at once waited two minutes each, one after the other."""
        monkeypatch.setattr(run, "PATIENCE", 0.3)
        with pytest.raises(StillBusy):
            run.begin(OWNER, HERE)
        monkeypatch.setattr(run, "PATIENCE", 3600.0)
        refused: list[StillBusy] = []

        def begin_another() -> None:
            with pytest.raises(StillBusy) as error:
                run.begin("cexio-bot/dev/gateway", HERE)
            refused.append(error.value)

        another = threading.Thread(target=begin_another, daemon=True)
        another.start()
        another.join(20)
        assert refused

    @pytest.mark.parametrize(
        ("owner", "there"),
        [
            ("cexio-bot/live/vpc", HERE),
            (OWNER, HERE.model_copy(update={"region": "eu-west-1"})),
            (OWNER, HERE.model_copy(update={"aws": "http://127.0.0.1:9"})),
        ],
    )
    def test_other_stacks_are_not_held_up(
        self, other_run: subprocess.Popen[str], owner: str, there: Endpoints
    ) -> None:
        run.begin(owner, there)

    def test_a_folder_that_cannot_be_written_is_told_in_a_line(
        self, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (home / "file").touch()
        monkeypatch.setenv("PULUMI_HOME", str(home / "file"))
        with pytest.raises(ProviderError, match=r"Not a directory: .* set PULUMI_HOME"):
            run.begin(OWNER, HERE)


class TestIntents:
    """After a kill "nothing there" was believed at once, and a second address was allocated."""

    def test_a_create_cut_short_keeps_its_window_open(self, home: Path) -> None:
        with pytest.raises(KeyError), intents.intended(OWNER, HERE):
            raise KeyError
        assert 55 < intents.open_window(OWNER, HERE) <= intents.WINDOW
        assert intents.open_window("cexio-bot/dev/gateway", HERE) == 0

    def test_a_create_whose_object_was_seen_leaves_none(self, home: Path) -> None:
        with intents.intended(OWNER, HERE):
            assert intents.open_window(OWNER, HERE) > 0
        assert intents.open_window(OWNER, HERE) == 0

    def test_it_closes_by_itself(self, home: Path) -> None:
        self.note(home, time.time() - 59)
        assert 0 < intents.open_window(OWNER, HERE) <= 1.1
        self.note(home, time.time() - 61)
        assert intents.open_window(OWNER, HERE) == 0

    def test_a_clock_set_back_makes_a_note_new_and_not_eternal(self, home: Path) -> None:
        self.note(home, time.time() + 9999)
        assert intents.open_window(OWNER, HERE) == intents.WINDOW

    def test_a_note_that_cannot_be_read_counts_as_new(self, home: Path) -> None:
        self.note(home, 0).write_text("{")
        assert intents.open_window(OWNER, HERE) == intents.WINDOW

    def test_a_kill_on_another_machine_opens_it_for_the_whole_stack(self, home: Path) -> None:
        intents.suspect("cexio-bot/dev", HERE, age=20)
        assert 35 < intents.open_window(OWNER, HERE) <= 40
        assert 35 < intents.open_window("cexio-bot/dev/gateway", HERE) <= 40
        assert intents.open_window("cexio-bot/live/vpc", HERE) == 0

    def test_what_is_known_of_the_stack_does_not_shorten_what_is_known_of_the_object(
        self, home: Path
    ) -> None:
        self.note(home, time.time() - 10)
        intents.suspect("cexio-bot/dev", HERE, age=50)
        assert 45 < intents.open_window(OWNER, HERE) <= 50
        assert 5 < intents.open_window("cexio-bot/dev/gateway", HERE) <= 10

    def test_a_note_that_cannot_be_taken_away_costs_no_object(self, home: Path) -> None:
        with intents.intended(OWNER, HERE):
            (file,) = home.rglob("*.intent")
            file.unlink()
            file.mkdir()

    def note(self, home: Path, moment: float) -> Path:
        with pytest.raises(KeyError), intents.intended(OWNER, HERE):
            raise KeyError
        (file,) = home.rglob("*.intent")
        file.write_text(json.dumps({"owner": OWNER, "time": moment}))
        return file
