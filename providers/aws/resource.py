"""The life of one AWS object of ours, told once; a subclass says in five words what is special about it.

    find    the id of our own earlier object that fits, or None; NotOurs if another's stands in the way
    make    create it and return its id
    align   bring everything that can change in place to what is wanted; does nothing where all is well
    look    the properties that AWS shows now, or None if it is gone
    remove  delete it; not found is done

`create` is find or make, then align: so a create that was killed anywhere is finished by the next one. A
replacement makes the new object first, so `find` takes only an object whose fixed parameters fit; where that
cannot be told, a class says `delete_before_replace`. Region and account go into the state and may not change:
asked in another region, or with another account's credentials, every object would look gone.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Generic, TypeVar

from botocore.exceptions import ClientError
from pulumi.dynamic import (
    CheckResult,
    ConfigureRequest,
    CreateResult,
    DiffResult,
    ReadResult,
    UpdateResult,
)
from pydantic import AfterValidator, Field

from providers.aws import preflight, session
from providers.aws.caller import caller, refuse_other_account
from providers.aws.failures import answer_was_lost, code_of
from providers.aws.ownership import (
    OWNER,
    RESERVED,
    Kind,
    Row,
    described,
    own_tags,
    owned,
    shown_tags,
    tag_changes,
    tag_list,
    tag_specification,
    tags_of,
)
from providers.aws.plan import wishes
from providers.aws.waiting import FRESH, fresh, made_once, persistently, wait_for
from providers.contract import NAMESPACE, Inputs, Provider
from providers.errors import NotFound, ProviderError, StillBusy
from providers.intents import forget, intended, open_window
from providers.run import begin

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client


def _not_reserved(tags: dict[str, str]) -> dict[str, str]:
    if any(key.lower().startswith(RESERVED) for key in tags):
        raise ValueError("tag keys that begin with aws: or cexio-bot: are reserved: choose another")
    return tags


UserTags = Annotated[dict[str, str], Field(max_length=40), AfterValidator(_not_reserved)]
"""The user's own tags, which leave room for ours among the 50 that AWS takes."""


class OwnedInputs(Inputs):
    """What every object of ours takes: its owner tag's value and the user's own tags."""

    owner: str = Field(
        pattern=r"^[A-Za-z0-9_.:=+@ -]+/[A-Za-z0-9_.:=+@ -]+/[A-Za-z0-9_.:/=+@ -]+$", max_length=256
    )
    tags: UserTags = Field(default_factory=dict)


COLLIDED = 5.0  # seconds for an object in the way to show itself as ours
COLLISIONS = (
    "InvalidSubnet.Conflict",
    "InvalidGroup.Duplicate",
    "EntityAlreadyExists",
    "ResourceExistsException",
)

I = TypeVar("I", bound=Inputs)  # noqa: E741  the inputs of a resource


class AwsProvider(Provider, Generic[I]):
    """Create, read, update and delete of one object by find, make, align, look and remove."""

    inputs: ClassVar[type[Inputs]]
    could_double: ClassVar[bool] = False  # no token, name or range stops a second create

    def find(self, wanted: I) -> str | None:
        """The id of our own earlier object, if there is one that fits."""
        raise NotImplementedError

    def make(self, wanted: I) -> str:
        """Create the object; its id."""
        raise NotImplementedError

    def align(self, _id: str, _wanted: I, _before: Mapping[str, Any]) -> str | None:
        """Change what is not as wanted; `_before` holds the recorded properties, nothing after a create.

        Answers with AWS's id if that is another one than before.
        """
        return None

    def look(self, id_: str, recorded: Mapping[str, Any]) -> dict[str, Any] | None:
        """The properties as they are, or None."""
        raise NotImplementedError

    def remove(self, id_: str, recorded: Mapping[str, Any]) -> None:
        """Delete the object."""
        raise NotImplementedError

    wished: Mapping[str, str]

    def configure(self, req: ConfigureRequest) -> None:
        """As every provider's, and what preflight must know of the stack."""
        super().configure(req)
        self.wished = wishes(lambda name: req.config.get(f"{NAMESPACE}:{name}"))

    def check(self, olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """As every provider's; only a run that may make something asks for it."""
        preflight.expect_to_make()
        return super().check(olds, news)

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        """As every provider's, and a change of region is refused."""
        self._same_region(olds)
        return super().diff(_id, olds, news)

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Adopt or make, then bring into line."""
        wanted: I = self.inputs.of(props)
        owner = self._begin(props)
        left = open_window(owner, self.endpoints) if owner else 0.0
        id_ = self.find(wanted)
        if id_ is None and self.could_double and left:
            id_ = self._found_late(wanted, left)
        if id_ is not None:
            return self._in_line(id_, wanted)
        if not owner:
            return self._in_line(self.make(wanted), wanted)
        with intended(owner, self.endpoints):
            return self._in_line(self._made(wanted, owner, max(left, COLLIDED)), wanted)

    def update(self, id_: str, olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        """Bring into line; NotFound if there is nothing to bring."""
        self._same_place(olds)
        self._begin({**olds, **news})
        wanted: I = self.inputs.of({**self._pins(olds), **news})
        if self.look(id_, olds) is None:
            raise NotFound(f"{id_} is not there any more: `pulumi refresh`, then `pulumi up` makes it anew")
        there = self.align(id_, wanted, olds) or id_
        return UpdateResult(self._outputs(there, wanted))

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """What is there now, as outputs and as inputs, or gone."""
        self._same_place(props)
        there = self.look(id_, props)
        if there is None:
            return ReadResult(None, {})
        outs = {name: value for name, value in {**_recorded(props), **there}.items() if value is not None}
        outs.setdefault("account", caller(self.endpoints).account)  # a state of before it was recorded
        inputs = {
            name: outs[name] for name in self.inputs.names() if name in outs and name not in self.pinned
        }
        return ReadResult(id_, outs, inputs)

    def delete(self, id_: str, props: dict[str, Any]) -> None:
        """Remove it."""
        self._same_place(props)
        self._begin(props)
        self.remove(id_, _recorded(props))

    def _begin(self, props: Mapping[str, Any]) -> str:
        """What comes before the first change of a run: the stack is claimed, then preflight; the owner."""
        owner = str(props.get("owner") or "")
        if owner:
            begin(owner, self.endpoints)
        preflight.passed(props, self.endpoints, self.wished)
        return owner

    def _found_late(self, wanted: I, seconds: float) -> str | None:
        """Our own object after more looks: a run before this one may have made it a moment ago."""
        with contextlib.suppress(StillBusy):
            return wait_for(lambda: self.find(wanted), "an object of a run cut short to be seen", seconds)
        return None

    def _made(self, wanted: I, owner: str, patience: float) -> str:
        """A new object, or the one of ours that AWS knows to be there and does not show yet."""
        try:
            return self.make(wanted)
        except ClientError as error:
            found = self._found_late(wanted, patience) if code_of(error) in COLLISIONS else None
            if found is not None:
                return found
            if not answer_was_lost(error):
                forget(owner, self.endpoints)
            raise
        except ProviderError:
            forget(owner, self.endpoints)
            raise

    def _in_line(self, id_: str, wanted: I) -> CreateResult:
        """The object in line; one that AWS does not show everywhere yet is brought there again."""
        persistently(lambda: self.align(id_, wanted, {}), fresh, FRESH)
        return CreateResult(id_, self._outputs(id_, wanted))

    def _outputs(self, id_: str, wanted: I) -> dict[str, Any]:
        props = wanted.props()
        there = wait_for(lambda: self.look(id_, props), f"{id_} to be seen", FRESH)
        place = {"region": self.endpoints.region, "account": caller(self.endpoints).account}
        outs = {**props, **there, **place}
        return {name: value for name, value in outs.items() if value is not None}

    def _pins(self, olds: Mapping[str, Any]) -> dict[str, Any]:
        return {name: olds[name] for name in self.pinned if olds.get(name) is not None}

    def _same_region(self, recorded: Mapping[str, Any]) -> None:
        region = recorded.get("region")
        if isinstance(region, str) and region != self.endpoints.region:
            raise ProviderError(
                f"{recorded.get('owner') or 'this object'} is in {region}, but cexio-bot:region says "
                f"{self.endpoints.region}: set it back, or make a new stack for the other region"
            )

    def _same_place(self, recorded: Mapping[str, Any]) -> None:
        """Refuse to ask where the object cannot be; a diff asks nobody, so it looks at the region alone."""
        self._same_region(recorded)
        refuse_other_account(recorded.get("account"), recorded.get("owner"), self.endpoints)


O = TypeVar("O", bound=OwnedInputs)  # noqa: E741  the inputs of an owned resource


class Ec2Provider(AwsProvider[O]):
    """An EC2 object that is found by its owner tag."""

    kind: ClassVar[Kind]
    could_double = True

    @property
    def ec2(self) -> EC2Client:
        """The client that may repeat a call."""
        return session.client("ec2", self.endpoints)

    def fits(self, _row: Row, _wanted: O) -> bool:
        """Whether an object of ours has the fixed parameters that are wanted."""
        return True

    def request(self, ec2: EC2Client, wanted: O, tags: list[Any]) -> Any:
        """The creating call, through a client that sends it once; the new object's row."""
        raise NotImplementedError

    def shown(self, row: Row, recorded: Mapping[str, Any]) -> dict[str, Any]:
        """The properties in a row, without owner and tags."""
        raise NotImplementedError

    def find(self, wanted: O) -> str | None:
        rows = [row for row in owned(self.ec2, self.kind, wanted.owner) if self.fits(row, wanted)]
        return str(rows[0][self.kind.id]) if rows else None

    def make(self, wanted: O) -> str:
        ec2 = session.client("ec2", self.endpoints, once=True)
        tags = tag_specification(self.kind, own_tags(wanted.owner, wanted.tags))
        return made_once(
            lambda: str(self.request(ec2, wanted, tags)[self.kind.id]), lambda: self.find(wanted)
        )

    def look(self, id_: str, recorded: Mapping[str, Any]) -> dict[str, Any] | None:
        row = described(self.ec2, self.kind, id_)
        return None if row is None else {**shown_tags(row, recorded), **self.shown(row, recorded)}

    def row(self, id_: str) -> Row:
        """The object's description; a fresh one is waited for."""
        return wait_for(lambda: described(self.ec2, self.kind, id_), f"{id_} to be seen", FRESH)

    def align_tags(self, id_: str, wanted: O, before: Mapping[str, Any]) -> None:
        """Write the owner tag and the user's tags, and take off those that the user took back."""
        there = tags_of(self.row(id_))
        ours = {**wanted.tags, OWNER: wanted.owner}
        write_tags(self.ec2, id_, there, ours, before.get("tags") or {})


def write_tags(
    ec2: EC2Client,
    id_: str,
    there: Mapping[str, str],
    wanted: Mapping[str, str],
    before: Iterable[str],
) -> None:
    """Change an EC2 object's tags from those there to those wanted, as ownership.tag_changes has it."""
    write, gone = tag_changes(there, wanted, before)
    if write:
        persistently(lambda: ec2.create_tags(Resources=[id_], Tags=tag_list(write)), fresh, FRESH)
    if gone:
        ec2.delete_tags(Resources=[id_], Tags=[{"Key": key} for key in gone])


def _recorded(props: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in props.items() if not name.startswith("__")}
