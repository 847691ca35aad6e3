"""`aws:Instance`: the machine. Never two of one owner: the old one has ended before a new one starts.

IMDSv2 only, an encrypted disk, no key pair, no address but the interface's. A machine of ours that an earlier
run launched with the same inputs is adopted; one with others is ended first. A stopped machine is started
again by the next update, looser metadata settings are tightened in place; everything else that the program
asks for is a replacement: the old one ends only for one that can start (providers/aws/successor.py), and how
long the host was down is told. What somebody else changed replaces nothing
(providers/aws/strays.py). User data counts by what it says, not by how it was packed. The image
is pinned at the first launch; `imageRequest`, given anew, asks for AWS's current one.

Does not look into the machine: whether its programs run is for providers/aws/run_command.py to ask.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

import pulumi
from pulumi.dynamic import CheckResult, DiffResult, ReadResult

from providers.aws import preflight, session, successor
from providers.aws.ending import ENDING, end, state_of, wait_until_ended
from providers.aws.generation import (
    Pin,
    down_since,
    forget_outage,
    generation_of,
    image_to_start,
    pin,
    pin_of,
    raise_generation,
)
from providers.aws.image import Image, current_image, image_for, tell_of_a_newer_one
from providers.aws.instance_inputs import InstanceInputs
from providers.aws.launch import LAUNCH, launch_request, launched
from providers.aws.ownership import (
    INSTANCE,
    INTERFACE,
    VOLUME,
    Row,
    described,
    own_tags,
    owned,
    tag_specification,
    tags_of,
)
from providers.aws.plan import plan_of
from providers.aws.resource import Ec2Provider
from providers.aws.strays import give_profile, is_protected, profile_of, refuse_strays, strays
from providers.aws.tokens import client_token
from providers.aws.user_data import unpacked
from providers.aws.waiting import FRESH, LIFECYCLE, wait_for
from providers.contract import Resource, known
from providers.errors import LaunchFailed, NotFound, StillBusy
from providers.notices import notice

ASSOCIATED = 20.0  # seconds until an association that was just made shows


class InstanceProvider(Ec2Provider[InstanceInputs]):
    """Launches once, waits until it runs, ends it for good."""

    inputs = InstanceInputs
    kind = INSTANCE
    pinned = ("imageId", "imageRequest")
    could_double = False
    delete_before_replace = True
    replaced_by = (
        "networkInterfaceId",
        "instanceProfileName",
        "instanceType",
        "architecture",
        "userData",
        "imageId",
        "imageRequest",
        "rootVolume",
    )

    def check(self, olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """As every provider's; what is wanted is remembered until the machine before it is to end."""
        result = super().check(olds, news)
        if not result.failures and known(result.inputs):
            successor.checked(str(result.inputs["owner"]), result.inputs)
        return result

    def diff(self, id_: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        """As every provider's; a request for AWS's current image does not replace a host that has it."""
        found = super().diff(id_, olds, news)
        if found.replaces == ["imageRequest"] and self._has_current_image(olds):
            notice(f"{_host(olds)} runs AWS's current image {olds.get('imageId')} already: it stays as it is")
            found = DiffResult(changes=True, replaces=[])
        if preflight.expects_to_make():
            successor.foresee(id_, news if found.replaces and known(news) else None)
        return found

    def _differs(self, name: str, olds: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
        old, new = olds.get(name), wanted.get(name)
        if name == "userData" and isinstance(old, str) and isinstance(new, str):
            return unpacked(old) != unpacked(new)
        if name == "rootVolume" and _holds(old, new):
            return False  # a disk that somebody made larger does not shrink, and need not
        if name == "imageRequest" and wanted.get("imageId") is not None:
            return False  # the image is settled
        return super()._differs(name, olds, wanted)

    def _has_current_image(self, olds: Mapping[str, Any]) -> bool:
        try:
            return current_image(self.endpoints, str(olds["architecture"])) == str(olds["imageId"])
        except Exception:  # noqa: BLE001  who may not ask gets what was asked for
            return False

    def find(self, wanted: InstanceInputs) -> str | None:
        """Adopt the machine of an earlier run with these inputs; end any other of this owner."""
        launch = self._launch(wanted, generation_of(self._interface(wanted.network_interface_id)))
        rows = owned(self.ec2, INSTANCE, wanted.owner)
        alive = {str(row["InstanceId"]): row for row in rows if state_of(row) not in ENDING}
        adopted = next((id_ for id_, row in alive.items() if tags_of(row).get(LAUNCH) == launch), None)
        for row in rows:
            id_ = str(row["InstanceId"])
            if id_ not in alive:
                wait_until_ended(self.ec2, id_)
            elif id_ != adopted:
                if adopted is None:
                    self._refuse_unless_startable(id_, wanted)
                end(self.ec2, id_, wanted.network_interface_id)
        return adopted

    def _refuse_unless_startable(self, old: str, wanted: InstanceInputs) -> None:
        """HostKept where the machine that is wanted could not take a living one's place."""
        settled = {
            "instance_type": wanted.instance_type,
            "image_id": wanted.image_id,
            "refresh_image": wanted.image_request,
        }
        plan = plan_of(wanted.owner, self.wished).model_copy(update=settled)
        successor.refuse_unless_startable(old, plan, wanted, self.endpoints)

    def make(self, wanted: InstanceInputs) -> str:
        interface = self._interface(wanted.network_interface_id)
        self._refuse_without_address(wanted)
        image = self._image(wanted, interface)
        return launched(
            session.client("ec2", self.endpoints, once=True),
            wanted.owner,
            launch_request(wanted, image),
            lambda count: self._tags(wanted, count),
            generation_of(interface),
            lambda: raise_generation(self.ec2, self._interface(wanted.network_interface_id)),
            lambda count: self._launched(wanted, count),
            follows=down_since(self.ec2, interface) is not None,
        )

    def _refuse_without_address(self, wanted: InstanceInputs) -> None:
        """The first packet leaves from the address, or there is no machine to send one."""
        id_ = wanted.network_interface_id

        def on_it() -> bool | None:
            there: list[Any] = [{"Name": "network-interface-id", "Values": [id_]}]
            rows = self.ec2.describe_addresses(Filters=there)["Addresses"]
            return True if any(self._serves(row, id_) for row in rows) else None

        try:
            wait_for(on_it, f"the address on {id_}", ASSOCIATED)
        except StillBusy:
            raise NotFound(
                f"{_host(wanted.props())} is not launched: its interface {id_} has no Elastic IP on it, "
                "which was released or taken off by hand: `pulumi refresh`, then `pulumi up`"
            ) from None

    def _serves(self, row: Mapping[str, Any], interface_id: str) -> bool:
        told = row.get("NetworkInterfaceId")
        if told is None and self.endpoints.emulator:
            return bool(row.get("AssociationId"))  # there are emulators that do not say with what
        return bool(told == interface_id)

    def _image(self, wanted: InstanceInputs, interface: Row) -> Image:
        """The image to start from, pinned."""
        kept = pin_of(self.ec2, interface)
        image_id = image_to_start(kept, wanted.image_id, wanted.image_request, wanted.architecture)
        image = image_for(self.endpoints, wanted.architecture, image_id)
        pin(self.ec2, interface, Pin(image.id, wanted.architecture, wanted.image_request))
        return image

    def _tags(self, wanted: InstanceInputs, count: int) -> list[Any]:
        tags = {
            **own_tags(wanted.owner, {"Name": wanted.name, **wanted.tags}),
            LAUNCH: self._launch(wanted, count),
        }
        return [*tag_specification(INSTANCE, tags), *tag_specification(VOLUME, tags)]

    def _launch(self, wanted: InstanceInputs, count: int) -> str:
        """What tells this launch from every other, without the image, which AWS may exchange meanwhile."""
        others = ("owner", "name", "tags", "imageRequest")
        props = {key: value for key, value in wanted.props().items() if key not in others}
        return client_token(wanted.owner, {**props, "userData": unpacked(wanted.user_data)}, count)

    def _launched(self, wanted: InstanceInputs, count: int) -> str | None:
        launch = self._launch(wanted, count)
        rows = [row for row in owned(self.ec2, INSTANCE, wanted.owner) if state_of(row) not in ENDING]
        return next((str(row["InstanceId"]) for row in rows if tags_of(row).get(LAUNCH) == launch), None)

    def align(self, id_: str, wanted: InstanceInputs, before: Mapping[str, Any]) -> None:
        first = described(self.ec2, INSTANCE, id_)
        row = self._settled(id_)
        if state_of(row) == "stopped":
            self.ec2.start_instances(InstanceIds=[id_])
            row = self._settled(id_)
        interface = self._interface(wanted.network_interface_id)
        if not before:
            self._tell_outage(wanted, interface, ran=first is not None and state_of(first) == "running")
        elif before.get("imageRequest") != wanted.image_request:
            pin(self.ec2, interface, Pin(row["ImageId"], wanted.architecture, wanted.image_request))
        if row.get("MetadataOptions") and _metadata(row) != wanted.metadata.props():
            self.ec2.modify_instance_metadata_options(
                InstanceId=id_,
                HttpTokens=wanted.metadata.http_tokens,
                HttpEndpoint=wanted.metadata.http_endpoint,
                HttpPutResponseHopLimit=wanted.metadata.hop_limit,
            )
        if profile_of(row) != wanted.instance_profile_name:
            give_profile(self.ec2, id_, wanted.instance_profile_name)
        tagged = wanted.model_copy(update={"tags": {"Name": wanted.name, **wanted.tags}})
        self.align_tags(id_, tagged, before)
        if before.get("strays"):
            refuse_strays(id_, strays(self.ec2, row, before))

    def _tell_outage(self, wanted: InstanceInputs, interface: Row, *, ran: bool) -> None:
        """How long the host was down. A machine that an earlier run launched ran before this one looked."""
        since = down_since(self.ec2, interface)
        if since is not None:
            seconds = max(1, round((datetime.now(timezone.utc) - since).total_seconds()))
            notice(
                f"{_host(wanted.props())} was down for {'at most ' if ran else ''}{seconds} s while it was "
                "replaced, from the order to end the old machine until the new one ran"
            )
            forget_outage(self.ec2, interface)

    def _settled(self, id_: str) -> Row:
        """The instance when it runs or stands still; LaunchFailed if it ended on its way."""

        def look() -> Row | None:
            row = described(self.ec2, INSTANCE, id_)
            return None if row is None or state_of(row) in ("pending", "stopping") else row

        row = wait_for(look, f"{id_} to run", LIFECYCLE)
        if state_of(row) in ENDING:
            reason = row.get("StateReason") or {}
            said = f"{reason.get('Code', 'no reason')}: {reason.get('Message', '')}".rstrip(": ")
            raise LaunchFailed(
                f"{id_} was launched and ended before it ran: {said}: mend what EC2 names (a volume quota, "
                "an encryption key, capacity), then run the same command again"
            )
        return row

    def look(self, id_: str, recorded: Mapping[str, Any]) -> dict[str, Any] | None:
        row = described(self.ec2, INSTANCE, id_)
        if row is None or state_of(row) in ENDING:
            return None
        tags = tags_of(row)
        shown = {"owner": tags.get("cexio-bot:owner", ""), "name": tags.get("Name", "")}
        recorded_tags = recorded.get("tags") or {}
        return {
            **shown,
            "tags": {key: tags[key] for key in recorded_tags if key in tags},
            **self.shown(row, recorded),
            "strays": strays(self.ec2, row, recorded) or None,
            "terminationProtection": is_protected(self.ec2, id_) or None,
        }

    def shown(self, row: Row, recorded: Mapping[str, Any]) -> dict[str, Any]:
        interfaces = [one["NetworkInterfaceId"] for one in row.get("NetworkInterfaces") or ()]
        profile, recorded_profile = profile_of(row), recorded.get("instanceProfileName")
        return {
            "instanceId": row["InstanceId"],
            "imageId": row["ImageId"],
            "availabilityZone": row["Placement"]["AvailabilityZone"],
            "instanceType": recorded.get("instanceType") or row["InstanceType"],
            # What an answer leaves out, as an emulator may, is not thereby otherwise than recorded.
            "networkInterfaceId": next(iter(interfaces), recorded.get("networkInterfaceId", "")),
            "instanceProfileName": recorded_profile or profile,
            "otherProfile": None if recorded_profile in (None, profile) else profile or "none",
            "metadata": _metadata(row) if row.get("MetadataOptions") else recorded.get("metadata"),
            "rootVolume": self._root_volume(row) or recorded.get("rootVolume"),
            "state": state_of(row),
        }

    def drifted(self, olds: Mapping[str, Any]) -> bool:
        stands = olds.get("state", "running") != "running"
        return stands or bool(olds.get("strays") or olds.get("otherProfile"))

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """As every provider's; tells of a newer image, and shows none, as it is no drift."""
        found = super().read(id_, props)
        outs = found.outs or {}
        if outs.get("terminationProtection"):
            notice(
                f"{_host(outs)} ({id_}) has termination protection, put on in AWS: it stays on, and a "
                "replacement or a destroy will ask for it to be taken off"
            )
        if found.id and "architecture" in outs:
            tell_of_a_newer_one(self.endpoints, _host(outs), outs["architecture"], outs["imageId"])
        return found

    def remove(self, id_: str, recorded: Mapping[str, Any]) -> None:
        row, news = described(self.ec2, INSTANCE, id_), successor.foreseen(id_, str(recorded.get("owner")))
        # one "not found" does not say that there is no machine
        if news is not None and (row is None or state_of(row) not in ENDING):
            self._refuse_unless_startable(id_, InstanceInputs.of(news))
        end(self.ec2, id_, str(recorded.get("networkInterfaceId") or ""))

    def _interface(self, id_: str) -> Row:
        return wait_for(lambda: described(self.ec2, INTERFACE, id_), f"{id_} to be seen", FRESH)

    def _root_volume(self, row: Row) -> dict[str, Any] | None:
        if self.endpoints.emulator:
            return None  # there are some that make a disk of their own, whatever was asked for
        root = row.get("RootDeviceName")
        disks = [disk for disk in row.get("BlockDeviceMappings") or () if disk.get("DeviceName") == root]
        volume = described(self.ec2, VOLUME, disks[0]["Ebs"]["VolumeId"]) if disks else None
        if volume is None:
            return None
        return {"encrypted": volume["Encrypted"], "type": volume["VolumeType"], "size": volume["Size"]}


def _host(props: Mapping[str, Any]) -> str:
    """How an operator calls the host: `host bot`, by its owner tag."""
    return str(props.get("owner") or "the host").rpartition("/")[2].replace("-", " ", 1)


def _holds(old: Any, new: Any) -> bool:
    """Whether a root volume is of the kind that is wanted, and large enough."""
    if not (isinstance(old, Mapping) and isinstance(new, Mapping)) or not known(new):
        return False
    return bool({**old, "size": 0} == {**new, "size": 0} and old["size"] >= new["size"])


def _metadata(row: Row) -> dict[str, Any]:
    options = row["MetadataOptions"]
    return {
        "httpTokens": options.get("HttpTokens", "optional"),
        "httpEndpoint": options.get("HttpEndpoint", "enabled"),
        "hopLimit": options.get("HttpPutResponseHopLimit", 1),
    }


class Instance(Resource, module="aws", name="Instance"):
    """An EC2 instance on a ready-made interface. EC2 API: RunInstances."""

    instance_id: pulumi.Output[str]
    image_id: pulumi.Output[str]
    availability_zone: pulumi.Output[str]

    def __init__(
        self,
        resource_name: str,
        *,
        owner: pulumi.Input[str],
        name: pulumi.Input[str],
        network_interface_id: pulumi.Input[str],
        instance_profile_name: pulumi.Input[str],
        instance_type: pulumi.Input[str],
        architecture: pulumi.Input[str],
        user_data: pulumi.Input[str],
        root_volume_gib: pulumi.Input[int] = 8,
        image_id: pulumi.Input[str] | None = None,
        image_request: pulumi.Input[str] | None = None,
        tags: pulumi.Input[Mapping[str, pulumi.Input[str]]] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        properties = {
            "owner": owner,
            "name": name,
            "networkInterfaceId": network_interface_id,
            "instanceProfileName": instance_profile_name,
            "instanceType": instance_type,
            "architecture": architecture,
            "userData": user_data,
            "imageId": image_id,
            "imageRequest": image_request,
            "metadata": {"httpTokens": "required", "httpEndpoint": "enabled", "hopLimit": 1},
            "rootVolume": {"encrypted": True, "type": "gp3", "size": root_volume_gib},
            "tags": tags,
            "instanceId": None,
            "availabilityZone": None,
        }
        super().__init__(InstanceProvider(), resource_name, properties, opts)
