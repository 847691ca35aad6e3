"""What AWS holds of a stack that its state does not know: found by owner tag, judged, released one by one.

EC2's objects are searched by tag; role, profile and secret by the names that the stack gives, as IAM cannot
be asked by tag and the list of secrets lags by minutes. Something else than the state's own is

    released  if the killed run was making it, or the state has another one of that owner, and nothing uses it
    kept      an address: let go only if the stack has another one of its own and this one is associated with
              nothing; one that was lost, or brought along, is no other one
    left      whatever else: the next `up` takes it over, or a person decides

So a search with the wrong state, or none, releases nothing: no killed run was making those objects, and the
state has no others in their place. A run that was killed while it took over what was there, its state having
been lost before, made none of it: what serves a machine is left, and so is a machine older than that run.

Looks and releases, and prints nothing. A fault of AWS is raised: what could not be asked is never "no
orphan".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from providers.aws import session
from providers.aws.ending import ENDING, state_of
from providers.aws.failures import is_gone
from providers.aws.fates import Fate, Orphan, Recorded
from providers.aws.instance import InstanceProvider
from providers.aws.instance_profile import ProfileProvider
from providers.aws.internet_gateway import GatewayProvider
from providers.aws.network_interface import InterfaceProvider
from providers.aws.ownership import (
    ADDRESS,
    GATEWAY,
    GROUP,
    INSTANCE,
    INTERFACE,
    OWNER,
    ROUTE_TABLE,
    SUBNET,
    VOLUME,
    VPC,
    Kind,
    Row,
    owned_below,
    tags_of,
)
from providers.aws.plan import Plan
from providers.aws.prices import ADDRESS as MONTHLY
from providers.aws.resource import AwsProvider
from providers.aws.role import RoleProvider
from providers.aws.route_table import RouteTableProvider
from providers.aws.secret import SecretProvider
from providers.aws.security_group import SecurityGroupProvider
from providers.aws.subnet import SubnetProvider
from providers.aws.vpc import VpcProvider
from providers.aws.waiting import FRESH, removed
from providers.endpoints import Endpoints

TAKEN_OVER = "the next `up` takes it over if the program still asks for it"


@dataclass(frozen=True)
class _Search:
    """One stack's search."""

    plan: Plan
    endpoints: Endpoints
    recorded: Recorded

    @property
    def ec2(self) -> Any:
        return session.client("ec2", self.endpoints)

    def judged(
        self, kind: str, id_: str, owner: str, user: Callable[[], str | None], release: Callable[[], object]
    ) -> Orphan:
        """An object under the common rule; `user` names what uses it, or None."""
        if owner in self.recorded.creating:
            reason = "the run that was killed was making it"
        elif owner in self.recorded.owners:
            reason = f"the state has another one of {owner}"
        else:
            return Orphan(
                kind, id_, owner, Fate.LEAVE, f"no killed run is known to have made it: {TAKEN_OVER}"
            )
        used_by = user()
        if used_by is not None:
            return Orphan(kind, id_, owner, Fate.LEAVE, f"{used_by} uses it: {TAKEN_OVER}")
        return Orphan(kind, id_, owner, Fate.RELEASE, reason, release)

    def unknown(self, kind: Kind) -> Iterator[tuple[str, str, Row]]:
        """Id, owner and row of each object of a kind that the state does not know."""
        for row in owned_below(self.ec2, kind, self.plan.names.owner("")):
            if row[kind.id] not in self.recorded.ids:
                yield str(row[kind.id]), tags_of(row)[OWNER], row

    def first(self, kind: Kind, filter_: str, value: str) -> str | None:
        """The id of an object that is filtered by another's id, or None."""
        describe = getattr(self.ec2, kind.describe)
        rows = describe(Filters=[{"Name": filter_, "Values": [value]}])[kind.rows]
        return str(rows[0][kind.id]) if rows else None

    def machine(self, filter_: str, values: Sequence[str]) -> str | None:
        """The id of a machine that has not ended, filtered by what it stands on, or None."""
        if not values:
            return None
        found = self.ec2.describe_instances(Filters=[{"Name": filter_, "Values": list(values)}])
        rows = [row for one in found["Reservations"] for row in one["Instances"]]
        return next((str(row["InstanceId"]) for row in rows if state_of(row) not in ENDING), None)

    def remover(self, provider: AwsProvider[Any], id_: str, **recorded: Any) -> Callable[[], object]:
        provider.endpoints = self.endpoints
        return lambda: provider.remove(id_, recorded)


def orphans(plan: Plan, endpoints: Endpoints, recorded: Recorded) -> Iterator[Orphan]:
    """What the state does not know, in the order in which it can be released.

    To be consumed step by step, releasing on the way: what is used by the one before is judged after it.
    """
    search = _Search(plan, endpoints, recorded)
    for find in (_instances, _interfaces, _network, _identities, _secret, _addresses, _volumes):
        yield from find(search)


def _instances(search: _Search) -> Iterator[Orphan]:
    for id_, owner, row in search.unknown(INSTANCE):
        if state_of(row) in ENDING:
            continue
        if owner in search.recorded.creating and _launched_since(row, search.recorded.begun):
            interface = next((one["NetworkInterfaceId"] for one in row.get("NetworkInterfaces") or ()), "")
            remove = search.remover(InstanceProvider(), id_, networkInterfaceId=interface)
            yield search.judged("instance", id_, owner, lambda: None, remove)
        else:
            why = f"it may be at work, {state_of(row)}: the next `up` takes it over, or ends it first"
            yield Orphan("instance", id_, owner, Fate.LEAVE, why)


def _launched_since(row: Row, begun: datetime | None) -> bool:
    """Whether a machine was launched since; a restart renews its LaunchTime, but not its interface's."""
    attached = [(one.get("Attachment") or {}).get("AttachTime") for one in row.get("NetworkInterfaces") or ()]
    times = [time for time in (row.get("LaunchTime"), *attached) if time is not None]
    return begun is not None and bool(times) and min(times) >= begun


def _interfaces(search: _Search) -> Iterator[Orphan]:
    for id_, owner, row in search.unknown(INTERFACE):
        user = (row.get("Attachment") or {}).get("InstanceId")
        remove = search.remover(InterfaceProvider(), id_)
        yield search.judged("network interface", id_, owner, lambda user=user: user, remove)  # type: ignore[misc]


def _network(search: _Search) -> Iterator[Orphan]:
    for id_, owner, row in search.unknown(ROUTE_TABLE):
        subnets = [one["SubnetId"] for one in row.get("Associations") or () if one.get("SubnetId")]
        foreign = next((one for one in subnets if one in search.recorded.ids), None)
        if owner in search.recorded.creating:
            foreign = None  # the association belongs to what was being made
        remove = search.remover(RouteTableProvider(), id_)
        yield search.judged(
            "route table",
            id_,
            owner,
            lambda foreign=foreign, subnets=subnets: foreign or search.machine("subnet-id", subnets),  # type: ignore[misc]
            remove,
        )
    for id_, owner, row in search.unknown(GATEWAY):
        vpcs = [one["VpcId"] for one in row.get("Attachments") or ()]
        foreign = None if owner in search.recorded.creating else next(iter(vpcs), None)
        remove = search.remover(GatewayProvider(), id_)
        yield search.judged(
            "internet gateway",
            id_,
            owner,
            lambda foreign=foreign, vpcs=vpcs: foreign or search.machine("vpc-id", vpcs),  # type: ignore[misc]
            remove,
        )
    for kind, name, provider, of, filter_ in (
        (GROUP, "security group", SecurityGroupProvider(), INTERFACE, "group-id"),
        (SUBNET, "subnet", SubnetProvider(), INTERFACE, "subnet-id"),
        (VPC, "VPC", VpcProvider(), SUBNET, "vpc-id"),
    ):
        for id_, owner, _ in search.unknown(kind):
            remove = search.remover(provider, id_)
            yield search.judged(
                name,
                id_,
                owner,
                lambda of=of, filter_=filter_, id_=id_: search.first(of, filter_, id_),  # type: ignore[misc]
                remove,
            )


def _identities(search: _Search) -> Iterator[Orphan]:
    iam, names, host = session.client("iam", search.endpoints), search.plan.names, search.plan.host
    profile = names.host_profile(host)
    found = _asked(lambda: iam.get_instance_profile(InstanceProfileName=profile)["InstanceProfile"])
    if found is not None and _unknown(search, profile, found):
        arn, remove = str(found["Arn"]), search.remover(ProfileProvider(), profile)
        yield search.judged(
            "instance profile",
            profile,
            tags_of(found)[OWNER],
            lambda: _machine_of(search, arn),
            remove,
        )
    role = names.host_role(host)
    found = _asked(lambda: iam.get_role(RoleName=role)["Role"])
    if found is not None and _unknown(search, role, found):
        holder = _asked(lambda: iam.get_instance_profile(InstanceProfileName=profile)["InstanceProfile"])
        held = any(one["RoleName"] == role for one in (holder or {}).get("Roles") or ())
        user = f"instance profile {profile}" if held else None
        remove = search.remover(RoleProvider(), role)
        yield search.judged(
            "role",
            role,
            tags_of(found)[OWNER],
            lambda: user,
            remove,
        )


def _machine_of(search: _Search, profile_arn: str) -> str | None:
    """The id of a machine that has an instance profile, or None."""
    pages = search.ec2.get_paginator("describe_iam_instance_profile_associations").paginate()
    rows = [row for page in pages for row in page["IamInstanceProfileAssociations"]]
    of_it = [str(row["InstanceId"]) for row in rows if row["IamInstanceProfile"]["Arn"] == profile_arn]
    return search.machine("instance-id", of_it)  # an association may outlive its machine


def _secret(search: _Search) -> Iterator[Orphan]:
    secrets, name = session.client("secretsmanager", search.endpoints), search.plan.names.secret
    found = _asked(lambda: secrets.describe_secret(SecretId=name("key", search.plan.host)))
    if found is None or found.get("DeletedDate") or not _unknown(search, str(found["ARN"]), found):
        return
    several = len(found.get("VersionIdsToStages") or {}) > 1
    yield search.judged(
        "secret",
        str(found["Name"]),
        tags_of(found)[OWNER],
        lambda: "a key, which may be at work," if several else None,
        search.remover(SecretProvider(), str(found["ARN"]), recoveryWindowDays=7),
    )


def _addresses(search: _Search) -> Iterator[Orphan]:
    ours = owned_below(search.ec2, ADDRESS, search.plan.names.owner(""))
    served = {tags_of(row)[OWNER] for row in ours if row["AllocationId"] in search.recorded.ids}
    for id_, owner, row in search.unknown(ADDRESS):
        subject = f"{row['PublicIp']} ({id_})"
        if owner in served and not row.get("AssociationId"):
            why = f"the stack has another address of {owner} and this one is associated with nothing"

            def release(id_: str = id_) -> None:
                removed(lambda: search.ec2.release_address(AllocationId=id_), FRESH)

            yield Orphan("address", subject, owner, Fate.RELEASE, why, release)
            continue
        why = (
            f"the next `up` adopts it and a whitelist may name it; it costs {MONTHLY}; to give it up: "
            f"`aws ec2 release-address --region {search.endpoints.region} --allocation-id {id_}`"
        )
        yield Orphan("address", subject, owner, Fate.KEEP, why)


def _volumes(search: _Search) -> Iterator[Orphan]:
    for id_, owner, row in search.unknown(VOLUME):
        if row.get("State") == "available":
            why = f"it may hold what a bot wrote: `aws ec2 delete-volume --volume-id {id_}` if it does not"
            yield Orphan("volume", id_, owner, Fate.LEAVE, why)


def _asked(look: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any] | None:
    try:
        return look()
    except ClientError as error:
        if is_gone(error):
            return None
        raise


def _unknown(search: _Search, id_: str, found: Mapping[str, Any]) -> bool:
    owner = tags_of(found).get(OWNER, "")
    return id_ not in search.recorded.ids and owner.startswith(search.plan.names.owner(""))
