from __future__ import annotations

import contextlib
import json
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.aws import edition
from tests.sandbox.aws.world import World, eventually, refused, user_data

ROOT = Path(__file__).parents[3]


def start(*arguments: str) -> subprocess.Popen[str]:
    line = [sys.executable, "-m", "sandbox.aws.server", *arguments]
    return subprocess.Popen(line, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def command_lines() -> str:
    """Of everything that runs on this machine."""
    lines = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            lines.append(file.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
    return "\n".join(lines)


class TestTheServerIsAGoodDaemon:
    """A sandbox that leaves programs or ports behind makes the next one fail for no reason of its own."""

    def test_it_says_where_it_is_and_ends_everything_when_told_to(self, tmp_path: Path) -> None:
        process = start("--port", "0", "--store", str(tmp_path), "--world", "w7", "--pace", "0")
        url = process.stdout.readline().split()[-1]
        world = World(url, None)
        assert world.get("/_sandbox/health") == {"world": "w7"}
        instance, _ = world.host("import time; print('up', flush=True); time.sleep(600)")
        world.send(instance)
        marker = f"/instances/{instance}/"
        try:
            eventually(lambda: marker in command_lines())
        finally:
            process.send_signal(signal.SIGTERM)
            out, err = process.communicate(timeout=30)
        assert (process.returncode, err) == (0, "")
        assert "ended" in out
        assert marker not in command_lines()
        with socket.create_server(("127.0.0.1", int(url.rpartition(":")[2]))):
            pass

    def test_a_port_that_is_taken_is_one_line_and_exit_1(self, tmp_path: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            process = start("--port", str(port), "--store", str(tmp_path), "--world", "w")
            out, err = process.communicate(timeout=30)
        assert (process.returncode, out) == (1, "")
        assert str(port) in err
        assert err.count("\n") == 1

    @pytest.mark.parametrize(
        "wrong", [("--address", "0.0.0.0"), ("--pace", "-1"), ("--store", "/proc/nowhere")]
    )
    def test_what_cannot_be_is_said_in_one_line(self, tmp_path: Path, wrong: tuple[str, str]) -> None:
        process = start("--port", "0", "--store", str(tmp_path), "--world", "w", *wrong)
        out, err = process.communicate(timeout=30)
        assert (process.returncode, out) == (1, "")
        assert err.count("\n") == 1
        assert wrong[1] in err

    def test_another_moto_is_refused_by_name(self, aws: World, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(edition.moto, "__version__", "5.3.0")
        with pytest.raises(edition.WrongMotoError, match=r"moto 5\.3\.0 .* 5\.2\.5"):
            edition.corrected_moto(aws.cloud)


class TestWhatIsNotAnsweredIsSaid:
    """An HTML page with status 500 is repeated three times and looks like a flake."""

    def test_a_call_that_nobody_implements_is_one_plain_refusal(self, aws: World) -> None:
        with refused("UnsupportedOperation") as messages:
            aws.ec2.describe_ipams()
        assert "sandbox" in messages[0]


class TestEverythingOutsideSecretValuesCanBeSearched:
    """The canary test is worth what this page shows: a secret in user data, tags, commands, their output or
    any parameter must be found, and the one place where it belongs must not be shown."""

    def test_a_canary_is_found_wherever_it_strayed_and_not_where_it_belongs(self, aws: World) -> None:
        interface = aws.network()["interface"]
        aws.address(interface)
        aws.secretsmanager.create_secret(
            Name="s", SecretString="canary-in-its-place", Tags=[{"Key": "k", "Value": "canary-secret-tag"}]
        )
        aws.secretsmanager.put_secret_value(SecretId="s", SecretString="canary-in-its-place-2")
        profile = aws.profile(
            {"Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::canary-policy"}
        )
        tags = [{"ResourceType": "instance", "Tags": [{"Key": "k", "Value": "canary-tag"}]}]
        instance = aws.launch(
            interface,
            UserData=user_data("import sys\nprint('canary-' + 'output')  # canary-program"),
            IamInstanceProfile={"Name": profile},
            TagSpecifications=tags,
        )
        aws.state(instance)
        line = "/usr/bin/python3 -I /opt/cexio-bot/probe.py canary-argument"
        aws.ended(aws.send(instance, line, Comment="canary-comment"), instance)
        page = json.dumps(aws.get("/_sandbox/recorded"))
        for place in ("tag", "secret-tag", "policy", "program", "output", "argument", "comment"):
            assert f"canary-{place}" in page, place
        assert "canary-in-its-place" not in page

    def test_it_still_shows_the_user_data_of_a_terminated_instance(self, aws: World) -> None:
        instance = aws.launch(aws.network()["interface"], UserData="#cloud-config\n# canary")
        aws.ec2.terminate_instances(InstanceIds=[instance])
        assert aws.state(instance) == "terminated"
        assert "canary" in json.dumps(aws.get("/_sandbox/recorded")["user_data"])


class TestEveryCallIsLogged:
    """Calls are counted from this file, and a secret in it would lie on disk."""

    def test_with_operation_service_status_and_parameters_but_no_secret(self, aws: World) -> None:
        aws.ec2.create_vpc(CidrBlock="10.5.0.0/16")
        aws.secretsmanager.create_secret(Name="s", SecretString="canary", ClientRequestToken="t" * 32)
        with refused("ResourceNotFoundException"):
            aws.secretsmanager.get_secret_value(SecretId="other")
        log = (aws.cloud.store / "requests.jsonl").read_text()
        lines = [json.loads(line) for line in log.splitlines()]
        seen = [(line["service"], line["operation"], line["status"]) for line in lines]
        assert seen == [
            ("ec2", "CreateVpc", 200),
            ("secretsmanager", "CreateSecret", 200),
            ("secretsmanager", "GetSecretValue", 404),
        ]
        assert lines[0]["parameters"] == {"CidrBlock": "10.5.0.0/16"}
        assert lines[1]["parameters"] == {"Name": "s"}
        assert "canary" not in log


class TestItEndsWithItsFolder:
    """A sandbox whose folder was removed by hand left a server on its port for ever."""

    def test_a_removed_store_ends_the_server(self, tmp_path: Path) -> None:
        store = tmp_path / "aws"
        process = start("--port", "0", "--store", str(store), "--world", "w")
        try:
            assert process.stdout is not None
            assert process.stdout.readline()
            shutil.rmtree(store)
            out, err = process.communicate(timeout=30)
        finally:
            process.kill()
        assert (process.returncode, err) == (0, "")
        assert "ended" in out
