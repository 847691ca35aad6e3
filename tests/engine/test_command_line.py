"""The command line as a process: its words, its refusals, and what it lets through to its programs."""

import json
import os
import pty
import select
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from sandbox.engine.run_commands import scrubbed

ROOT = Path(__file__).resolve().parents[2]
PULUMI = ROOT / "sandbox" / "bin" / "pulumi"


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A project without resources with a stack `dev`; made once, as a new salt takes its time."""
    home = tmp_path_factory.mktemp("template")
    folder = home / "project"
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    (folder / "__main__.py").write_text("import pulumi\npulumi.export('answer', 42)\n")
    assert runner(folder, home)("stack", "init", "dev").returncode == 0
    return home


@pytest.fixture
def project(template, tmp_path):
    """The template's copy in a folder of its own."""
    for name in ("project", "states"):
        shutil.copytree(template / name, tmp_path / name)
    run = runner(tmp_path / "project", tmp_path)
    run.folder, run.backend = tmp_path / "project", tmp_path / "states" / ".pulumi"
    return run


def runner(folder, home):
    env = {key: value for key, value in os.environ.items() if not key.startswith(("PULUMI_", "AWS_"))}
    (home / "states").mkdir(exist_ok=True)
    env |= {
        "PULUMI_BACKEND_URL": f"file://{home / 'states'}",
        "PULUMI_HOME": str(home / "home"),
        "PULUMI_CONFIG_PASSPHRASE": "x",
        "PULUMI_STACK": "dev",
        "PULUMI_PYTHON_CMD": str(ROOT / ".venv" / "bin" / "python"),
    }

    def run(*words, stdin=subprocess.DEVNULL, **changes):
        given = {key: value for key, value in {**env, **changes}.items() if value is not None}
        return subprocess.run(
            [PULUMI, *words], cwd=folder, env=given, stdin=stdin, capture_output=True, text=True, check=False
        )

    run.env = env
    return run


def refused(done, *, status=1):
    """The one line that a refusal is."""
    assert done.returncode == status, done.stdout + done.stderr
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stdout + done.stderr
    return done.stderr


class TestEveryRefusalIsOneLine:
    """Someone who is shown a traceback looks for the fault in this program, and not in what they can mend."""

    def test_no_project(self, tmp_path):
        told = refused(runner(tmp_path, tmp_path)("up", "--yes"))
        assert f"no Pulumi.yaml project file found (searching upwards from {tmp_path})" in told

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("name: [", "Pulumi.yaml: invalid YAML: line"),
            ("runtime: python\n", "missing a 'name' attribute"),
            ("name: shop\nruntime: nodejs\n", "python programs only"),
            ("name: shop\nruntime: {name: python, options: {virtualenv: none}}\n", "has no bin/python"),
            ("- 1\n", "expected settings"),
        ],
    )
    def test_a_project_that_cannot_be_used(self, project, text, told):
        (project.folder / "Pulumi.yaml").write_text(text)
        assert told in refused(project("preview"))

    def test_a_broken_configuration_file_is_named_with_its_line(self, project):
        (project.folder / "Pulumi.dev.yaml").write_text("config:\n  shop:a: 1\n  shop:a: 2\n")
        told = refused(project("preview"))
        assert "Pulumi.dev.yaml: invalid YAML: line 3" in told

    def test_a_wrong_passphrase_shows_nothing_but_that(self, project):
        before = (project.backend / "stacks/shop/dev.json").read_bytes()
        done = project("up", "--yes", "--skip-preview", PULUMI_CONFIG_PASSPHRASE="wrong")
        assert "incorrect passphrase" in refused(done)
        assert done.stdout == ""
        assert (project.backend / "stacks/shop/dev.json").read_bytes() == before

    def test_no_passphrase(self, project):
        told = refused(project("preview", PULUMI_CONFIG_PASSPHRASE=None))
        assert "passphrase must be set" in told

    def test_a_locked_stack(self, project):
        folder = project.backend / "locks/organization/shop/dev"
        folder.mkdir(parents=True)
        holder = {"pid": 7, "username": "ann", "hostname": "desk", "timestamp": "2026-01-02T03:04:05Z"}
        (folder / "1.json").write_text(json.dumps(holder))
        told = refused(project("up", "--yes", "--skip-preview"))
        assert "ann@desk (pid 7) at 2026-01-02T03:04:05Z" in told
        assert "`pulumi cancel`" in told
        assert project("cancel", "--yes").returncode == 0
        assert project("up", "--yes", "--skip-preview").returncode == 0

    def test_a_backend_that_cannot_be_written(self, project, tmp_path):
        (tmp_path / "in-the-way").write_text("")
        done = project("stack", "init", "new", PULUMI_BACKEND_URL=f"file://{tmp_path}/in-the-way")
        assert "could not write" in refused(done)

    def test_a_home_that_cannot_be_written(self, project, tmp_path):
        (tmp_path / "in-the-way").write_text("")
        done = project("stack", "select", "dev", PULUMI_HOME=f"{tmp_path}/in-the-way/home")
        assert "could not write" in refused(done)

    def test_no_backend(self, project):
        told = refused(project("stack", "ls", PULUMI_BACKEND_URL=None))
        assert "PULUMI_BACKEND_URL" in told

    @pytest.mark.parametrize(
        ("words", "told"),
        [
            (["up", "--nosuch"], "unknown flag: --nosuch"),
            (["refresh", "--policy-pack", "p"], "unknown flag: --policy-pack"),
            (["preview", "--yes"], "unknown flag: --yes"),
            (["login"], 'unknown command "login" for "pulumi"'),
            (["stack", "graph"], 'unknown command "graph" for "pulumi stack"'),
            (["up", "--stack"], "flag needs an argument: --stack"),
            (["up", "--yes", "--policy-pack", "nowhere"], "nowhere"),
            (["config", "get", "nothing"], "configuration key 'nothing' not found for stack 'dev'"),
            (["stack", "import", "--file", "nowhere"], "could not open file: open nowhere"),
            (["-C", "/nowhere/at/all", "stack", "ls"], "chdir /nowhere/at/all: no such file or directory"),
            (["stack", "init", "other", "--secrets-provider", "awskms://x"], "awskms"),
            (["stack", "init", "a b"], "a stack name may only contain"),
            (["up", "--yes", "--event-log", "x"], "PULUMI_DEBUG_COMMANDS"),
            (["preview", "--json"], "--event-log"),
        ],
    )
    def test_words_it_does_not_know(self, project, words, told):
        assert told in refused(project(*words))

    def test_another_stacks_state_is_not_imported(self, project):
        state = {"resources": [{"urn": "urn:pulumi:prod::shop::pulumi:pulumi:Stack::shop-prod", "type": "t"}]}
        (project.folder / "kept.json").write_text(json.dumps({"version": 3, "deployment": state}))
        assert "is from a different stack" in refused(project("stack", "import", "--file", "kept.json"))


class TestNothingOfTheUsersAwsGetsThrough:
    """A sandbox that reached a real account would make real hosts, and delete them."""

    def test_settings_are_scrubbed_and_sources_shut(self):
        env = scrubbed(
            {"AWS_PROFILE": "prod", "AWS_ENDPOINT_URL": "http://x", "AWS_REGION": "eu", "PATH": "/bin"}
        )
        assert {key for key in env if not key.startswith("AWS_")} == {"PATH"}
        assert env["AWS_EC2_METADATA_DISABLED"] == "true"
        assert env["AWS_CONFIG_FILE"] == env["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull
        assert not {"AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_REGION"} & env.keys()

    def test_the_program_sees_none(self, project):
        (project.folder / "__main__.py").write_text(
            "import os, pulumi\npulumi.export('aws', sorted(k for k in os.environ if k.startswith('AWS_')))\n"
        )
        done = project("up", "--yes", "--skip-preview", AWS_PROFILE="prod", AWS_SESSION_TOKEN="t")
        assert done.returncode == 0, done.stdout
        seen = json.loads(project("stack", "output", "aws", "--json").stdout)
        assert "AWS_PROFILE" not in seen
        assert "AWS_SESSION_TOKEN" not in seen


class TestFromAnyFolder:
    def test_through_a_link_and_from_below_the_project(self, project, tmp_path):
        (tmp_path / "bin").mkdir()
        link = tmp_path / "bin" / "pulumi"
        link.symlink_to(PULUMI)
        below = project.folder / "deep" / "er"
        below.mkdir(parents=True)
        told = subprocess.check_output([link, "stack", "ls", "--json"], cwd=below, env=project.env)
        assert json.loads(told)[0]["name"] == "dev"

    def test_modules_of_the_folder_do_not_get_in_the_way(self, project):
        for name in ("json", "argparse", "yaml", "secrets"):
            (project.folder / f"{name}.py").write_text("raise SystemExit('the wrong one')\n")
        assert project("stack", "ls", PYTHONPATH=str(project.folder)).returncode == 0

    def test_another_folder_can_be_named(self, project, tmp_path):
        told = subprocess.check_output(
            [PULUMI, "-C", project.folder, "stack", "ls"], cwd="/", env=project.env
        )
        assert b"dev*" in told

    def test_the_version_is_one_that_tools_accept(self, project):
        told = project("version").stdout.strip()
        assert told.startswith("v3.")
        assert int(told.split(".")[1]) >= 100


class TestOnATerminal:
    """Ctrl-C and a plain return are answers too."""

    def answered(self, project, *words, keys, wait_for=b"yes / no"):
        """The status and all that was printed, with keys typed once `wait_for` was."""
        pid, terminal = pty.fork()
        if not pid:
            os.chdir(project.folder)
            os.execve(PULUMI, [str(PULUMI), *words], {**project.env, "TERM": "xterm"})
        told, limit, typed = b"", time.monotonic() + 60, False
        while time.monotonic() < limit:
            if select.select([terminal], [], [], 1)[0]:
                try:
                    told += os.read(terminal, 4096)
                except OSError:
                    break
            if wait_for in told and not typed:
                typed = True
                time.sleep(0.3)  # a person types after the prompt is there, not while it is being written
                os.write(terminal, keys)
        else:
            os.kill(pid, signal.SIGKILL)
        os.close(terminal)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), told.decode()

    def test_yes_goes_on(self, project):
        status, told = self.answered(project, "up", keys=b"yes\n")
        assert status == 0, told
        assert "1 created" in told

    def test_anything_else_does_not(self, project):
        status, told = self.answered(project, "up", keys=b"\n")
        assert "not proceeding" in told
        assert "created" not in told
        assert status == 1

    def test_ctrl_c_at_the_prompt_ends_it_and_leaves_no_lock(self, project):
        status, told = self.answered(project, "destroy", keys=b"\x03")
        assert status == 130, told
        assert "Traceback" not in told
        assert not list((project.backend / "locks").rglob("*.json"))

    def test_ctrl_c_in_the_middle_leaves_no_lock_and_a_whole_state(self, project):
        (project.folder / "__main__.py").write_text(
            "import time\nprint('here', flush=True)\ntime.sleep(60)\n"
        )
        status, told = self.answered(
            project, "up", "-y", "-f", "--non-interactive", keys=b"\x03", wait_for=b"here"
        )
        assert status == 1, told
        assert "Traceback" not in told
        assert not list((project.backend / "locks").rglob("*.json"))
        assert project("stack", "export").returncode == 0


class TestTheRunGoesOnUnseen:
    """`up | head` is no reason to leave half of a stack unmade, or its state unwritten."""

    def test_a_closed_pipe_ends_the_display_and_not_the_run(self, project):
        words = [PULUMI, "up", "--yes", "--skip-preview"]
        with subprocess.Popen(
            words, cwd=project.folder, env=project.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as engine:
            engine.stdout.close()
            told = engine.stderr.read()
        assert engine.returncode == 0, told
        assert told == b""
        assert project("stack", "output", "answer").stdout == "42\n"

    def test_a_full_event_log_is_told_and_ends_nothing(self, project):
        done = project(
            "up", "--yes", "--skip-preview", "--event-log", "/dev/full", PULUMI_DEBUG_COMMANDS="true"
        )
        assert done.returncode == 0
        assert done.stderr == "warning: the event log ends here: No space left on device\n"


class TestAKillLeavesNothingRunning:
    def test_children_end_with_the_engine(self, project):
        (project.folder / "__main__.py").write_text(
            "import os, time\nopen('pid', 'w').write(str(os.getpid()))\ntime.sleep(60)\n"
        )
        words = [PULUMI, "up", "--yes", "--skip-preview"]
        with subprocess.Popen(
            words, cwd=project.folder, env=project.env, stdout=subprocess.DEVNULL
        ) as engine:
            marker, limit = project.folder / "pid", time.monotonic() + 30
            while not (marker.exists() and marker.read_text()) and time.monotonic() < limit:
                time.sleep(0.02)
            engine.send_signal(signal.SIGKILL)
        child, limit = int(marker.read_text()), time.monotonic() + 10
        while Path(f"/proc/{child}/status").exists() and time.monotonic() < limit:
            if "State:\tZ" in Path(f"/proc/{child}/status").read_text():
                break
            time.sleep(0.02)
        else:
            assert not Path(f"/proc/{child}").exists()
