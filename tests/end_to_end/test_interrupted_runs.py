"""Runs cut short, and the run after them."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator

import pytest

from tests.end_to_end.conftest import Clone

pytestmark = [pytest.mark.end_to_end, pytest.mark.long]


def census(clone: Clone) -> dict[str, int]:
    """How many of each of our objects the fake AWS holds."""
    ec2, iam = clone.client("ec2"), clone.client("iam")
    instances = [
        i
        for r in ec2.describe_instances()["Reservations"]
        for i in r["Instances"]
        if i["State"]["Name"] not in ("terminated", "shutting-down")
    ]
    return {
        "addresses": len(ec2.describe_addresses()["Addresses"]),
        "networks": len([v for v in ec2.describe_vpcs()["Vpcs"] if not v["IsDefault"]]),
        "interfaces": len(ec2.describe_network_interfaces()["NetworkInterfaces"]),
        "hosts": len(instances),
        "roles": len(iam.list_roles()["Roles"]),
        "profiles": len(iam.list_instance_profiles()["InstanceProfiles"]),
        "secrets": len(clone.client("secretsmanager").list_secrets()["SecretList"]),
    }


@pytest.fixture
def fresh(clone: Clone) -> Iterator[Clone]:
    """A clone without a world."""
    clone.sandbox("stop")
    yield clone
    clone.sandbox("stop")


def cut_short(clone: Clone, after: float, sign: signal.Signals, *, group: bool) -> int:
    """Run `up` in a session of its own and signal it after so many seconds; its exit status."""
    process = subprocess.Popen(
        [clone.python, "-m", "sandbox.story", "up"],
        cwd=clone.folder,
        env=clone.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    time.sleep(after)
    if process.poll() is None:
        (os.killpg if group else os.kill)(process.pid, sign)
    return process.wait(timeout=120)


class TestARunCutShortIsFinishedByTheNext:
    """Nine killed Terraform runs of the same stack ended in nine failing re-applies and leaked objects."""

    @pytest.mark.parametrize("after", [1.0, 3.0, 4.5, 6.0, 8.0])
    def test_after_ctrl_c_the_same_command_finishes(self, fresh: Clone, after: float) -> None:
        cut_short(fresh, after, signal.SIGINT, group=True)
        done = fresh.story("up")
        assert done.returncode == 0, done.stdout
        assert fresh.outputs()["status"] == "verified"
        assert census(fresh) == {
            "addresses": 1,
            "networks": 1,
            "interfaces": 1,
            "hosts": 1,
            "roles": 1,
            "profiles": 1,
            "secrets": 1,
        }

    @pytest.mark.parametrize("after", [3.5, 5.0, 7.0])
    def test_after_a_kill_recover_and_up_finish(self, fresh: Clone, after: float) -> None:
        cut_short(fresh, after, signal.SIGKILL, group=True)
        if (fresh.world / "endpoints.json").exists():
            recovered = fresh.story("recover")
            assert recovered.returncode == 0, recovered.stdout
        done = fresh.story("up")
        assert done.returncode == 0, done.stdout
        assert fresh.outputs()["status"] == "verified"
        assert set(census(fresh).values()) == {1}


class TestRoundsLeaveNothing:
    """The tenth round failed, as each had left a server behind."""

    def test_ten_rounds_of_up_and_down(self, fresh: Clone) -> None:
        from tests.end_to_end.conftest import running

        for _ in range(10):
            done = fresh.story("up")
            assert done.returncode == 0, done.stdout
            assert fresh.sandbox("stop").returncode == 0
            assert running(fresh.folder) == []
            assert not fresh.world.exists()
