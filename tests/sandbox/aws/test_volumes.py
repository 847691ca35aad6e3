from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.aws.world import World, refused

DEVICE = "/dev/sdf"


def volume(aws: World, zone: str = "us-east-1a") -> str:
    return str(aws.ec2.create_volume(AvailabilityZone=zone, Size=8)["VolumeId"])


@pytest.fixture
def host(aws: World) -> str:
    instance = aws.launch(aws.network()["interface"])
    assert aws.state(instance) == "running"
    return instance


class TestADiskServesOneHostOfItsZone:
    """A data disk that two hosts write is a ruined one, and moto attaches it twice.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AttachVolume.html
    """

    def zone_of(self, aws: World, host: str) -> str:
        return str(aws.described(host)["Placement"]["AvailabilityZone"])

    def test_a_second_attachment_is_refused(self, aws: World, host: str) -> None:
        disk = volume(aws, self.zone_of(aws, host))
        aws.ec2.attach_volume(VolumeId=disk, InstanceId=host, Device=DEVICE)
        with refused("VolumeInUse"):
            aws.ec2.attach_volume(VolumeId=disk, InstanceId=host, Device="/dev/sdg")
        other = volume(aws, self.zone_of(aws, host))
        with refused("InvalidDevice.InUse"):
            aws.ec2.attach_volume(VolumeId=other, InstanceId=host, Device=DEVICE)

    def test_a_disk_of_another_zone_is_refused(self, aws: World, host: str) -> None:
        zone = "us-east-1b" if self.zone_of(aws, host) != "us-east-1b" else "us-east-1c"
        with refused("InvalidVolume.ZoneMismatch"):
            aws.ec2.attach_volume(VolumeId=volume(aws, zone), InstanceId=host, Device=DEVICE)

    def test_a_host_that_is_still_starting_takes_none(self, still: World) -> None:
        instance = still.launch(still.network()["interface"])
        disk = volume(still, self.zone_of(still, instance))
        still.cloud.ec2.volumes[disk].__class__ = still.cloud.ec2.volumes[disk].__class__.__mro__[1]
        with refused("IncorrectState"):
            still.ec2.attach_volume(VolumeId=disk, InstanceId=instance, Device=DEVICE)


class TestDisksTakeTime:
    """A backup that is taken for whole at once is deleted with its disk a moment too early.

    https://docs.aws.amazon.com/ebs/latest/userguide/ebs-creating-snapshot.html
    https://docs.aws.amazon.com/ebs/latest/userguide/ebs-describing-volumes.html
    """

    def state(self, aws: World, disk: str) -> Any:
        return aws.ec2.describe_volumes(VolumeIds=[disk])["Volumes"][0]["State"]

    def test_a_volume_is_creating_then_available(self, still: World) -> None:
        made = still.ec2.create_volume(AvailabilityZone="us-east-1a", Size=8)
        assert made["State"] == self.state(still, made["VolumeId"]) == "creating"
        still.forward(1000)
        assert self.state(still, made["VolumeId"]) == "available"

    def test_a_snapshot_is_pending_and_makes_no_volume_until_it_is_completed(self, still: World) -> None:
        disk = volume(still)
        still.forward(1000)
        made = still.ec2.create_snapshot(VolumeId=disk)
        assert made["State"] == "pending"
        wanted = {"AvailabilityZone": "us-east-1a", "SnapshotId": made["SnapshotId"]}
        with refused("IncorrectState"):
            still.ec2.create_volume(**wanted)
        still.forward(1000)
        (seen,) = still.ec2.describe_snapshots(SnapshotIds=[made["SnapshotId"]])["Snapshots"]
        assert seen["State"] == "completed"
        assert still.ec2.create_volume(**wanted)["VolumeId"]

    def test_an_attachment_is_attaching_then_attached(self, still: World) -> None:
        instance = still.launch(still.network()["interface"])
        disk = volume(still, still.described(instance)["Placement"]["AvailabilityZone"])
        still.forward(1000)
        assert still.state(instance) == "running"
        still.ec2.attach_volume(VolumeId=disk, InstanceId=instance, Device=DEVICE)

        def attachment() -> Any:
            return still.ec2.describe_volumes(VolumeIds=[disk])["Volumes"][0]["Attachments"][0]["State"]

        assert attachment() == "attaching"
        still.forward(1000)
        assert attachment() == "attached"
