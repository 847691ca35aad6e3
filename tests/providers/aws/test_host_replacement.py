"""A host's replacement: the outage is told, and the image waits to be asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from providers.aws import launch
from tests.faults.proxy import Proxy, answer
from tests.providers.aws.world import Engine, Made, World
from tests.providers.sandbox_processes import Aws

OLDER = "ami-0ae8605ed708e3c3e"  # Amazon Linux 2023 with an older kernel than the one AWS names as current
NO_CAPACITY = (
    "<Response><Errors><Error><Code>InsufficientInstanceCapacity</Code><Message>There is not enough capacity."
    "</Message></Error></Errors><RequestID>r-1</RequestID></Response>"
)


@dataclass
class Life:
    """What became of one host, step by step, and what its provider's processes said."""

    said: dict[str, str] = field(default_factory=dict)
    made: dict[str, Made] = field(default_factory=dict)
    diffs: dict[str, Any] = field(default_factory=dict)
    tags: dict[str, dict[str, str]] = field(default_factory=dict)
    refusals: dict[str, str] = field(default_factory=dict)


@pytest.fixture(scope="module")
def life(aws: Aws, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    """A host on an image of the user's: unpinned, refreshed, replaced by a killed run, then renewed."""
    folder: Path = tmp_path_factory.mktemp("life")
    proxy = Proxy(aws.url)
    config = {
        "cexio-bot:sandbox": "true",
        "cexio-bot:awsEndpoint": proxy.url,
        "cexio-bot:cexioEndpoint": "http://127.0.0.1:9",
    }
    seen = Life()

    def process() -> Engine:
        return Engine(config, {"CEXIO_BOT_SANDBOX_DIR": str(folder)})

    def tags(world: World) -> dict[str, str]:
        id_ = world.made("NetworkInterface").id
        rows = aws.client("ec2").describe_network_interfaces(NetworkInterfaceIds=[id_])["NetworkInterfaces"]
        return {tag["Key"]: tag["Value"] for tag in rows[0]["TagSet"]}

    world = World(process(), aws)
    first = world.create("Instance", world.inputs("Instance", imageId=OLDER))
    inputs = world.inputs("Instance")
    seen.diffs["unpinned"] = world.engine.diff(first.id, first.outs, inputs)
    seen.tags["launched"] = tags(world)
    world.engine.read(first.id, first.outs)
    aws.client("ec2").modify_instance_attribute(InstanceId=first.id, DisableApiTermination={"Value": True})
    seen.refusals["protected"] = world.refusal(lambda: world.engine.delete(first.id, first.outs))
    aws.client("ec2").modify_instance_attribute(InstanceId=first.id, DisableApiTermination={"Value": False})
    world.engine.delete(first.id, first.outs)
    seen.tags["between"] = tags(world)
    seen.said["before the kill"] = world.engine.stop()

    world.engine = process()
    second = seen.made["replaced"] = world.create("Instance", inputs)
    seen.tags["replaced"] = tags(world)
    seen.diffs["asked"] = world.engine.diff(second.id, second.outs, {**inputs, "imageRequest": "1"})
    world.engine.delete(second.id, second.outs)
    third = seen.made["asked"] = world.create("Instance", {**inputs, "imageRequest": "1"})
    again = {**inputs, "imageRequest": "2"}
    seen.diffs["asked again"] = world.engine.diff(third.id, third.outs, again)
    seen.diffs["asked with an image"] = world.engine.diff(
        third.id, third.outs, {**again, "imageId": third.outs["imageId"]}
    )
    third.outs = world.engine.update(third.id, third.outs, again)
    seen.diffs["answered"] = world.engine.diff(third.id, third.outs, again)
    seen.diffs["taken back"] = world.engine.diff(third.id, third.outs, inputs)
    aws.client("ec2").stop_instances(InstanceIds=[third.id])
    proxy.rule = lambda call: answer(500, NO_CAPACITY) if call.action == "StartInstances" else None
    seen.refusals["no capacity"] = world.refusal(lambda: world.engine.update(third.id, third.outs, again))
    proxy.rule = lambda _: None
    world.objects["Instance"] = third
    world.take_down()
    seen.said["after the kill"] = world.engine.stop()
    yield seen
    proxy.stop()


@pytest.mark.long
class TestOutage:
    """Nobody could say how long the bot had been down, and whether a stop order had been missed."""

    def test_the_time_of_the_end_lies_on_the_interface_until_it_is_told(self, life: Life) -> None:
        assert "cexio-bot:down-since" not in life.tags["launched"]
        assert life.tags["between"]["cexio-bot:down-since"].endswith("+00:00")
        assert life.tags["between"]["cexio-bot:generation"] == "2"  # the refused end spent one as well
        assert "cexio-bot:down-since" not in life.tags["replaced"]

    def test_a_run_after_a_kill_between_end_and_launch_tells_it(self, life: Life) -> None:
        told = re.findall(
            r"was down for (?:at most )?(\d+) s while it was replaced", life.said["after the kill"]
        )
        assert len(told) == 2
        assert all(0 < int(seconds) < 60 for seconds in told)
        assert "was down for" not in life.said["before the kill"]


@pytest.mark.long
class TestImage:
    """AWS published an image on a Friday night, and every host was replaced by a run that changed a tag."""

    def test_taking_the_setting_back_changes_nothing(self, life: Life) -> None:
        assert life.diffs["unpinned"] == (False, [])

    def test_a_refresh_tells_of_a_newer_one(self, life: Life) -> None:
        assert f"runs image {OLDER}, and AWS publishes ami-" in life.said["before the kill"]
        assert "pulumi config set cexio-bot:refreshImage NUMBER" in life.said["before the kill"]

    def test_a_host_replaced_for_another_reason_keeps_its_image(self, life: Life) -> None:
        assert life.made["replaced"].outs["imageId"] == OLDER

    def test_a_request_takes_the_current_one(self, life: Life) -> None:
        assert life.diffs["asked"] == (True, ["imageRequest"])
        assert life.made["asked"].outs["imageId"] != OLDER

    def test_a_host_that_has_the_current_one_is_not_replaced_for_it(self, life: Life) -> None:
        assert life.diffs["asked again"] == (True, [])
        assert "already: it stays as it is" in life.said["after the kill"]
        assert life.diffs["answered"] == (False, [])

    def test_neither_a_request_beside_an_image_nor_one_taken_back_is_a_change(self, life: Life) -> None:
        assert life.diffs["asked with an image"] == (False, [])
        assert life.diffs["taken back"] == (False, [])


@pytest.mark.long
class TestRefusals:
    """A refusal in AWS's words alone sent people to look for a fault in their permissions."""

    def test_termination_protection_is_named_with_the_way_to_take_it_off(self, life: Life) -> None:
        assert "termination protection" in life.refusals["protected"]
        assert "--no-disable-api-termination" in life.refusals["protected"]

    def test_a_start_without_capacity_says_what_to_do(self, life: Life) -> None:
        assert "ec2:StartInstances was refused: InsufficientInstanceCapacity" in life.refusals["no capacity"]
        assert (
            "set cexio-bot:instanceType or the availability zone to another" in life.refusals["no capacity"]
        )


class Mismatching:
    """EC2 that knows the token with other bytes; the real thing shows it only while it is late."""

    def __init__(self) -> None:
        self.launches = 0

    def run_instances(self, **_: Any) -> Any:
        self.launches += 1
        if self.launches > 1:
            return {"Instances": [{"InstanceId": "i-new"}]}
        raise ClientError({"Error": {"Code": "IdempotentParameterMismatch"}}, "RunInstances")


class TestOtherBytes:
    """The same host packed by another zlib: EC2 refused the token, and a second machine was launched."""

    def launched(self, monkeypatch: pytest.MonkeyPatch, found: list[str | None]) -> tuple[str, int]:
        monkeypatch.setattr(launch.time, "sleep", lambda _: None)
        ec2 = Mismatching()
        id_ = launch.launched(
            ec2,
            "a/b/c",
            {"UserData": ""},
            lambda _: [],
            0,
            lambda: 1,
            lambda _: found.pop(0) if found else None,
        )
        return id_, ec2.launches

    def test_a_machine_that_is_seen_late_is_taken(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert self.launched(monkeypatch, [None, None, "i-old"]) == ("i-old", 1)

    def test_where_there_is_none_the_token_is_spent(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert self.launched(monkeypatch, []) == ("i-new", 2)
