"""The moments at which the product calls AWS, provider by provider, each with the calls that it makes.

A moment of an object: create, adopt (a create that finds its own work), update, repair (of what a hand
changed), read, delete. `enumerated` plays them all undisturbed and notes every call; a trial then plays one
of them with an accident at one call. Objects are made by the real provider process through the proxy, and
counted by asking the sandbox's AWS itself.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from providers.aws.patience import VARIABLE
from tests.faults.proxy import Proxy
from tests.providers.aws.world import OBJECTS, Engine, Made, Props, World
from tests.providers.sandbox_processes import Aws

PATIENCE = 0.03
MOMENTS = ("create", "adopt", "update", "repair", "start", "read", "delete")
DEAD = ("shutting-down", "terminated")
NO_EXCHANGE = "http://127.0.0.1:9"
DESCRIBED = {
    "Vpc": ("describe_vpcs", "Vpcs"),
    "Subnet": ("describe_subnets", "Subnets"),
    "InternetGateway": ("describe_internet_gateways", "InternetGateways"),
    "RouteTable": ("describe_route_tables", "RouteTables"),
    "SecurityGroup": ("describe_security_groups", "SecurityGroups"),
    "ElasticIp": ("describe_addresses", "Addresses"),
    "NetworkInterface": ("describe_network_interfaces", "NetworkInterfaces"),
    "Instance": ("describe_instances", "Reservations"),
}


class Place(NamedTuple):
    """One call of the product's: the nth of its action in a moment of a resource."""

    resource: str
    moment: str
    service: str
    action: str
    nth: int


@dataclass
class Stage:
    """A sandbox's AWS, the proxy before it, and one provider process behind that."""

    aws: Aws
    proxy: Proxy
    engine: Engine

    def object_of(self, resource: str) -> ObjectOf:
        return ObjectOf(self, resource)


@contextlib.contextmanager
def stage() -> Iterator[Stage]:
    """A stage with nothing on it."""
    with tempfile.TemporaryDirectory() as folder:
        aws = Aws(Path(folder))
        proxy = Proxy(aws.url)
        config = {
            "cexio-bot:sandbox": "true",
            "cexio-bot:awsEndpoint": proxy.url,
            "cexio-bot:cexioEndpoint": NO_EXCHANGE,
        }
        home = {"PULUMI_HOME": folder, "CEXIO_BOT_SANDBOX_DIR": folder}
        for ask in (  # moto loads a service at its first call, which takes seconds
            aws.client("ec2").describe_vpcs,
            aws.client("iam").list_roles,
            aws.client("secretsmanager").list_secrets,
            aws.client("ssm").describe_parameters,
        ):
            ask()
        engine = Engine(config, {**home, VARIABLE: str(PATIENCE)})
        try:
            yield Stage(aws, proxy, engine)
        finally:
            engine.stop()
            proxy.stop()
            aws.stop()


class ObjectOf:
    """One resource under trial: brought to a moment undisturbed, played, and looked at."""

    def __init__(self, stage: Stage, resource: str) -> None:
        self._stage = stage
        self._engine = stage.engine
        self._row = OBJECTS[resource]
        self.resource = resource
        self._world = World(stage.engine, stage.aws)  # what it stands on
        self._inputs = self._world.inputs(resource)
        self.made: Made | None = None

    @property
    def moments(self) -> tuple[str, ...]:
        """Those that there are for this resource."""
        missing = {
            "update": not self._row.change,
            "repair": self._row.drift is None,
            "start": self.resource != "Instance",
        }
        return tuple(moment for moment in MOMENTS if not missing.get(moment))

    @property
    def names(self) -> tuple[str, ...]:
        """What a line may call the object by."""
        keys = ("owner", "name", "subnetId", "resourceId", "allocationId")
        names = [self._inputs.get(key) for key in keys]
        return tuple(str(name) for name in [*names, self.made.id if self.made else None] if name)

    def ready(self, moment: str) -> None:
        """Bring the object to where the moment begins; nothing disturbs that."""
        self._stage.proxy.forget()
        if moment == "create":
            self.gone()
            return
        if self.made is None:
            self.made = self._created()
        if moment == "update":
            self._settle(self._inputs)
        if moment == "repair":
            self._settle(self._inputs)
            assert self._row.drift is not None
            self._row.drift(self._stage.aws, self.made)
            self.made.outs = self._read(self.made)[1]
        if moment == "start":
            self._stage.aws.client("ec2").stop_instances(InstanceIds=[self.made.id])
            self.made.outs = self._read(self.made)[1]

    def play(self, moment: str) -> None:
        """The moment, as the engine brings it about; CallFailed as the engine would be told."""
        if moment in ("create", "adopt"):
            self.made = self._created()
            return
        assert self.made is not None
        if moment == "read":
            self._read(self.made)
        elif moment == "delete":
            self._delete(self.made)
            self.made = None
        else:
            self._settle(self._wanted(moment))

    def astray(self, moment: str) -> list[str]:
        """What is not as it should be after the moment; nothing where all is well."""
        self._stage.proxy.forget()
        count = self.count()
        if self.made is None:
            return [f"leaked {count}"] if count else []
        found = [f"doubled: {count}"] if count > 1 else ["gone"] if count == 0 else []
        id_, outs = self._read(self.made)
        if not id_:
            return [*found, "read as gone"]
        wanted = self._wanted(moment)
        changes, replaces = self._engine.diff(self.made.id, outs, wanted)
        if changes or replaces:
            differing = [name for name in wanted if outs.get(name) != wanted[name] and name != "__provider"]
            found.append(f"not as wanted: {replaces or differing}")
        return found

    def gone(self) -> None:
        """Take the object away, whatever state a trial left it in."""
        self._stage.proxy.forget()
        if self.made is None and self.count():
            self.made = self._created()
        if self.made is not None:
            self._delete(self.made)
            self.made = None

    def close(self) -> None:
        """Take it away with all that it stands on."""
        self.gone()
        self._world.take_down()

    def count(self) -> int:
        """How many objects there are of this owner."""
        if self.resource in BY_NAME:
            return BY_NAME[self.resource](self._stage.aws, self._inputs["name"])
        if self.resource not in DESCRIBED:  # tags, an association, a look: part of another object
            return 0 if self.made is None else 1
        return _tagged(self._stage.aws, self.resource, self._inputs["owner"])

    def _wanted(self, moment: str) -> Props:
        return {**self._inputs, **self._row.change} if moment == "update" else self._inputs

    def _created(self) -> Made:
        id_, outs = self._engine.create(self._inputs)
        return Made(id_, self._inputs, outs)

    def _settle(self, inputs: Props) -> None:
        """An update, if the engine would ask for one."""
        assert self.made is not None
        changes, replaces = self._engine.diff(self.made.id, self.made.outs, inputs)
        assert not replaces
        if changes:
            self.made.outs = self._engine.update(self.made.id, self.made.outs, inputs)

    def _read(self, made: Made) -> tuple[str, Props]:
        return self._engine.read(made.id, made.outs)

    def _delete(self, made: Made) -> None:
        release = {"release": made.outs["publicIp"]} if self.resource == "ElasticIp" else {}
        # only removed: under an owner of which no program was checked, no machine is to take its place
        alone = {"owner": f"{made.outs['owner']}-removed"} if self.resource == "Instance" else {}
        self._engine.delete(made.id, {**made.outs, **release, **alone})


def enumerated(on: Stage, resources: tuple[str, ...] = tuple(OBJECTS)) -> list[Place]:
    """Every call of every moment, by playing them undisturbed; fails if one of them goes wrong by itself."""
    places: list[Place] = []
    for resource in resources:
        played = on.object_of(resource)
        for moment in played.moments:
            played.ready(moment)
            on.proxy.forget()
            played.play(moment)
            places += [
                Place(resource, moment, call.service, call.action, call.nth) for call in on.proxy.calls
            ]
            wrong = played.astray(moment)
            assert not wrong, (resource, moment, wrong)
        played.close()
    return list(dict.fromkeys(places))


def _tagged(aws: Any, resource: str, owner: str) -> int:
    """How many objects of the resource's kind live and carry the owner tag."""
    describe, rows = DESCRIBED[resource]
    ours = [{"Name": "tag:cexio-bot:owner", "Values": [owner]}]
    found = getattr(aws.client("ec2"), describe)(Filters=ours)[rows]
    if resource == "Instance":
        found = [row for one in found for row in one["Instances"] if row["State"]["Name"] not in DEAD]
    return len(found)


def _role(aws: Any, name: str) -> int:
    return _there(lambda: aws.client("iam").get_role(RoleName=name))


def _profile(aws: Any, name: str) -> int:
    return _there(lambda: aws.client("iam").get_instance_profile(InstanceProfileName=name))


def _secret(aws: Any, name: str) -> int:
    """One in deletion is gone, as far as the stack is concerned."""
    secret: Props = {}
    there = _there(lambda: secret.update(aws.client("secretsmanager").describe_secret(SecretId=name)))
    return there if not secret.get("DeletedDate") else 0


def _there(ask: Any) -> int:
    try:
        ask()
    except ClientError as error:
        if error.response["Error"]["Code"] in ("NoSuchEntity", "ResourceNotFoundException"):
            return 0
        raise
    return 1


BY_NAME = {"Role": _role, "InstanceProfile": _profile, "Secret": _secret}
