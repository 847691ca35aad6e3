"""Volumes and snapshots take time, and one volume serves one instance, in its own zone.

moto has them ready at once and attaches a volume twice, and across zones: a data disk that two hosts write.
https://docs.aws.amazon.com/ebs/latest/userguide/ebs-describing-volumes.html
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AttachVolume.html
https://docs.aws.amazon.com/ebs/latest/userguide/ebs-creating-snapshot.html
"""

from __future__ import annotations

from typing import Any

from moto.ec2.models.elastic_block_store import Volume

from sandbox.aws.corrections.call import Ec2Call

CREATE_SECONDS = 0.3
ATTACH_SECONDS = 0.2
SNAPSHOT_SECONDS = 0.6
ATTACHABLE_TO = ("running", "stopped")


class Creating(Volume):  # type: ignore[misc]
    """A volume that is not ready yet."""

    status = "creating"  # shadows moto's property


class Volumes(Ec2Call):
    def create_volume(self) -> Any:
        snapshot = self.ec2_backend.snapshots.get(self._get_param("SnapshotId") or "")
        if snapshot is not None and snapshot.status != "completed":
            self.refuse("IncorrectState", f"Snapshot is in invalid state - {snapshot.status}")
        result = super().create_volume()
        volume = result.result
        volume.__class__ = Creating

        def ready() -> None:
            volume.__class__ = Volume

        self.cloud.agenda.after(CREATE_SECONDS, ready)
        return result

    def attach_volume(self) -> Any:
        volume = self.ec2_backend.get_volume(self._get_param("VolumeId"))
        instance = self.ec2_backend.get_instance(self._get_param("InstanceId"))
        device = str(self._get_param("Device"))
        if volume.attachment is not None:
            self.refuse(
                "VolumeInUse",
                f"{volume.id} is already attached to an instance: {volume.attachment.instance.id}",
            )
        if volume.status != "available":
            self.refuse("IncorrectState", f"{volume.id} is not 'available'.")
        if instance.state not in ATTACHABLE_TO:
            self.refuse("IncorrectState", f"Instance '{instance.id}' is not 'running' or 'stopped'.")
        if volume.zone.name != instance.placement.zone:
            self.refuse(
                "InvalidVolume.ZoneMismatch",
                f"The volume '{volume.id}' is not in the same availability zone as instance '{instance.id}'",
            )
        if device in instance.block_device_mapping:
            self.refuse("InvalidDevice.InUse", f"The device '{device}' is already in use.")
        result = super().attach_volume()
        attachment: Any = volume.attachment
        attachment.status = "attaching"

        def attached() -> None:
            attachment.status = "attached"

        self.cloud.agenda.after(ATTACH_SECONDS, attached)
        return result

    def create_snapshot(self) -> Any:
        result = super().create_snapshot()
        snapshot = result.result
        snapshot.status = "pending"

        def complete() -> None:
            snapshot.status = "completed"

        self.cloud.agenda.after(SNAPSHOT_SECONDS, complete)
        return result
