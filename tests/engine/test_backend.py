"""The file backend: what a crash, a full disk or a second run can do to a state, which is nothing."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.engine.backend import Backend
from sandbox.engine.errors import (
    BackendError,
    StackExistsError,
    StackLockedError,
    StackNotFoundError,
    StateUnwritableError,
)
from sandbox.engine.files import write_atomically

ROOT = Path(__file__).resolve().parents[2]
CASE = ROOT / "tests" / "engine_cases" / "takes-over-state" / "backend"


@pytest.fixture
def backend(tmp_path):
    made = Backend(f"file://{tmp_path}", "p", tmp_path)
    made.create("dev", {"resources": []})
    return made


class TestTheLayoutIsTheClis:
    """Another layout, and the CLI would see no stack where there is one, and make everything twice."""

    def test_a_state_that_the_cli_wrote_is_found_and_read(self, tmp_path):
        backend = Backend(f"file://{CASE}", "takes-over-state", tmp_path)
        assert [summary.name for summary in backend.stacks()] == ["dev"]
        assert len(backend.load("dev")["resources"]) == 4
        assert backend.stacks()[0].updated.year == 2026

    def test_files_lie_where_the_cli_looks(self, backend, tmp_path):
        assert (tmp_path / ".pulumi/meta.yaml").read_text() == "version: 1\n"
        content = json.loads((tmp_path / ".pulumi/stacks/p/dev.json").read_text())
        assert content["version"] == 3
        assert content["checkpoint"]["stack"] == "organization/p/dev"

    def test_a_lock_lies_where_the_cli_looks(self, backend, tmp_path):
        with backend.locked("dev"):
            [lock] = (tmp_path / ".pulumi/locks/organization/p/dev").iterdir()
            assert re.fullmatch(r"[0-9a-f-]{36}\.json", lock.name)
            assert set(json.loads(lock.read_text())) == {"pid", "username", "hostname", "timestamp"}
        assert not lock.exists()

    def test_other_backends_are_refused_by_name(self, tmp_path):
        with pytest.raises(BackendError, match="s3://"):
            Backend("s3://bucket", "p", tmp_path)


class TestAStateIsWholeOrAsItWas:
    """A state cut short is every object forgotten, and made again beside the old one."""

    def test_a_kill_in_the_middle_of_writes_leaves_a_whole_state(self, backend, tmp_path):
        program = (
            "import sys; sys.path.insert(0, sys.argv[1])\n"
            "from pathlib import Path\n"
            "from sandbox.engine.backend import Backend\n"
            "backend = Backend(f'file://{sys.argv[2]}', 'p', Path('/'))\n"
            "print('on', flush=True)\n"
            "for number in range(10**6): backend.save('dev', {'resources': ['x' * 1000] * (number % 500)})\n"
        )
        words = [sys.executable, "-c", program, ROOT, tmp_path]
        with subprocess.Popen(words, stdout=subprocess.PIPE) as writer:
            writer.stdout.readline()
            for _ in range(20):
                backend.load("dev")
            writer.kill()
        assert isinstance(backend.load("dev")["resources"], list)

    def test_a_full_disk_is_one_line_and_the_old_state_stays(self, backend):
        program = (
            "import resource, sys; sys.path.insert(0, sys.argv[1])\n"
            "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
            "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
            "from pathlib import Path\n"
            "from sandbox.engine.files import write_atomically\n"
            "try: write_atomically(Path(sys.argv[2]), 'x' * 5000)\n"
            "except Exception as error: print(type(error).__name__, error)\n"
        )
        path = backend.path("dev")
        before = path.read_text()
        told = subprocess.check_output([sys.executable, "-c", program, ROOT, path], text=True)
        assert told.startswith(
            f"StateUnwritableError could not write {path}: File too large; what it held before"
        )
        assert told.count("\n") == 1
        assert path.read_text() == before
        assert [entry.name for entry in path.parent.iterdir()] == ["dev.json"]

    def test_a_folder_that_cannot_be_made_is_named(self, tmp_path):
        (tmp_path / "file").write_text("in the way")
        with pytest.raises(StateUnwritableError, match=re.escape(str(tmp_path / "file" / "state"))):
            write_atomically(tmp_path / "file" / "state", "x")

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
    def test_a_read_only_folder_is_one_line(self, backend):
        backend.path("dev").parent.chmod(0o500)
        with pytest.raises(StateUnwritableError, match="Permission denied"):
            backend.save("dev", {})

    @pytest.mark.parametrize("content", ["", "{", "[]", '{"version": 3}', "null"])
    def test_what_is_no_checkpoint_is_told_with_its_file(self, backend, content):
        backend.path("dev").write_text(content)
        with pytest.raises(BackendError, match=re.escape(str(backend.path("dev")))):
            backend.load("dev")

    def test_a_newer_format_is_not_guessed_at(self, backend):
        backend.path("dev").write_text('{"version": 4, "checkpoint": {"latest": {}}}')
        with pytest.raises(BackendError, match="version 4"):
            backend.load("dev")


class TestTwoRunsNeverShareAStack:
    """Two runs on one state each lose what the other has made."""

    def test_the_second_is_told_by_whom_it_is_locked_and_how_to_go_on(self, backend):
        with backend.locked("dev"), pytest.raises(StackLockedError) as caught, backend.locked("dev"):
            pass
        told = str(caught.value)
        assert told.startswith("the stack is currently locked by 1 lock(s). ")
        assert f"pid {os.getpid()}" in told
        assert "`pulumi cancel`" in told

    def test_a_failed_run_gives_its_lock_back(self, backend):
        with pytest.raises(ZeroDivisionError), backend.locked("dev"):
            raise ZeroDivisionError
        with backend.locked("dev"):
            pass

    def test_cancel_takes_away_the_locks_of_the_dead(self, backend, tmp_path):
        folder = tmp_path / ".pulumi/locks/organization/p/dev"
        folder.mkdir(parents=True)
        (folder / "dead.json").write_text("not even JSON")
        with pytest.raises(StackLockedError, match="someone unknown"), backend.locked("dev"):
            pass
        assert backend.cancel("dev") == 1
        with backend.locked("dev"):
            pass

    def test_the_lock_of_another_stack_is_no_hindrance(self, backend):
        backend.create("prod", {})
        with backend.locked("dev"), backend.locked("prod"):
            pass


class TestStacksByName:
    def test_a_second_of_that_name_is_refused(self, backend):
        with pytest.raises(StackExistsError, match="stack 'organization/p/dev' already exists"):
            backend.create("dev")

    @pytest.mark.parametrize("act", ["load", "remove", "cancel"])
    def test_a_missing_one_is_told(self, backend, act):
        with pytest.raises(StackNotFoundError, match="no stack named 'nobody' found"):
            getattr(backend, act)("nobody")

    def test_a_removed_one_is_gone(self, backend):
        backend.remove("dev")
        assert not backend.stacks()
