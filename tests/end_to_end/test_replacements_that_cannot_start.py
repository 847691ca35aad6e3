"""A host's replacement through a real engine: the old one ends only for one that can start."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.end_to_end.conftest import ENGINES
from tests.faults.stack import Stack
from tests.providers.aws.asking import ARM64

pytestmark = pytest.mark.long


@pytest.fixture(scope="module", params=ENGINES)
def stack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with Stack(tmp_path_factory.mktemp("replacements"), request.param) as made:
        yield made


def hosts(stack: Stack) -> list[str]:
    """The machines that run."""
    found = stack.aws.client("ec2").describe_instances()["Reservations"]
    rows = [row for reservation in found for row in reservation["Instances"]]
    return [row["InstanceId"] for row in rows if row["State"]["Name"] == "running"]


class TestAnImageThatIsGone:
    """A larger disk was asked for: the old host was ended, and then its image was not there any more."""

    def test_the_host_goes_on_until_another_image_is_asked_for(self, stack: Stack) -> None:
        ec2 = stack.aws.client("ec2")
        image = ec2.copy_image(Name="ours", SourceImageId=ARM64, SourceRegion="us-east-1")["ImageId"]
        ran = stack.up(imageId=image)
        assert ran.status == 0, ran.output
        [host] = hosts(stack)
        ec2.deregister_image(ImageId=image)
        for config in ({"imageId": image, "tags": {"team": "a"}}, {"tags": {"team": "b"}}):
            ran = stack.up(**config)
            assert ran.status == 0, ran.output
        # the type is a setting, which preflight compares; the disk only its own resource
        for config, kind in (
            ({"instanceType": "t4g.small"}, "PreflightRefused"),
            ({"rootVolumeGib": "20"}, "HostKept"),
        ):
            ran = stack.up(**config)
            assert ran.status != 0
            assert kind in ran.output
            assert f"{image}: there is no such image" in ran.output
            assert hosts(stack) == [host]
        ran = stack.up(rootVolumeGib="20", refreshImage="1")
        assert ran.status == 0, ran.output
        [after] = hosts(stack)
        assert after != host


class TestWhatIsToBeReplacedAsItIs:
    """Told to replace the host and nothing else, the engine made the new one first, which was the old one
    found again, and then ended it: the state named a machine that was gone."""

    def up(self, stack: Stack) -> None:
        ran = stack.up(rootVolumeGib="20")
        assert ran.status == 0, ran.output

    def replaced(self, stack: Stack, kind: str) -> None:
        exported = stack.state()
        for resource in exported["resources"]:
            if resource["type"].endswith(kind):
                resource["taint"] = True
        file = stack.world / "tainted.json"
        file.write_text(json.dumps({"version": 3, "deployment": exported}))
        ran = stack.pulumi("stack", "import", "--file", str(file), "--stack", "sandbox")
        assert ran.status == 0, ran.output
        self.up(stack)

    def test_a_new_machine_runs_afterwards(self, stack: Stack) -> None:
        self.up(stack)
        before = hosts(stack)
        self.replaced(stack, "aws:Instance")
        [after] = hosts(stack)
        assert [after] != before
        assert any(row.get("id") == after for row in stack.state()["resources"])

    def test_the_secret_is_there_with_its_versions_afterwards(self, stack: Stack) -> None:
        self.up(stack)
        secrets = stack.aws.client("secretsmanager")
        [row] = secrets.list_secrets()["SecretList"]
        secrets.put_secret_value(SecretId=row["ARN"], SecretString="a key")
        self.replaced(stack, "aws:Secret")
        assert secrets.get_secret_value(SecretId=row["ARN"])["SecretString"] == "a key"
