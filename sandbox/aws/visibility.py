"""Which objects are too young to be seen, when the sandbox is asked to be as late as AWS can be.

AWS answers from replicas: for a while after a create, a Describe does not show the object and its id is
"not found". How long is `seconds`, real ones that no pace shortens; 0 shows everything at once. With a `seed`
each object is late by a share of that time of its own, the same in every run.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from moto.secretsmanager.models import SecretsStore

from sandbox.aws.clock import Clock

# moto's tables by id. Groups and subnets lie one level deeper.
EC2_TABLES = ("vpcs", "internet_gateways", "route_tables", "enis", "volumes", "snapshots", "tags")
EC2_NESTED = ("groups", "subnets")
IAM_TABLES = ("roles", "instance_profiles")


class Visibility:
    """Notes what a call made, and hides it from the calls that only look."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seconds = 0.0
        self._shares: random.Random | None = None
        self._known: set[str] = set()
        self._unseen_until: dict[str, float] = {}
        self._listing = 0.0
        self._unlisted_until: dict[str, float] = {}

    def be_late_by(self, seconds: float, seed: str = "", listing: float = 0.0) -> None:
        """From now on; what was hidden stays hidden for its time, unless `seconds` is 0.

        listing: seconds until ListSecrets shows a secret, which is up to five minutes on AWS.
        """
        self._listing = listing
        self._seconds = seconds
        self._shares = random.Random(seed) if seed else None  # noqa: S311  a dice, no secret
        if not seconds:
            self._unseen_until.clear()
        if not listing:
            self._unlisted_until.clear()

    def note(self, made: Iterable[str]) -> None:
        """These are all there are; those not known yet are new."""
        for id_ in sorted(set(made) - self._known):
            self._known.add(id_)
            if self._listing:
                self._unlisted_until[id_] = self._clock.now() + self._listing
            if self._seconds:
                share = self._shares.random() if self._shares else 1.0
                self._unseen_until[id_] = self._clock.now() + self._seconds * share

    def unseen(self) -> frozenset[str]:
        """The ids of what may not be shown yet."""
        if not self._unseen_until:
            return frozenset()
        now = self._clock.now()
        self._unseen_until = {id_: until for id_, until in self._unseen_until.items() if until > now}
        return frozenset(self._unseen_until)

    def unlisted(self) -> frozenset[str]:
        """The ids of what may be asked for by name and is not in a list yet."""
        now = self._clock.now()
        return frozenset(id_ for id_, until in self._unlisted_until.items() if until > now)


def ec2_ids(backend: Any) -> Iterator[str]:
    """The id of every EC2 object that can be late."""
    for table in EC2_TABLES[:-1]:
        yield from getattr(backend, table)
    for table in EC2_NESTED:
        for part in getattr(backend, table).values():
            yield from part
    yield from (address.id for address in backend.addresses)
    for reservation in backend.reservations.values():
        yield from (instance.id for instance in reservation.instances)


def iam_ids(backend: Any) -> Iterator[str]:
    """Of roles and profiles: their ids, because a name can be used again."""
    for table in IAM_TABLES:
        yield from (item.id for item in getattr(backend, table).values())


def secret_ids(backend: Any) -> Iterator[str]:
    """Of secrets: their ARNs, for the same reason."""
    yield from (secret.arn for secret in backend.secrets.values())


@contextmanager
def without(service: str, backend: Any, unseen: frozenset[str]) -> Iterator[None]:
    """moto's tables as if nothing in `unseen` were there; only for calls that change nothing."""
    before = dict(vars(backend))
    instances = [(kept, kept.instances) for kept in getattr(backend, "reservations", {}).values()]
    for name, table in _seen(service, backend, unseen).items():
        setattr(backend, name, table)
    try:
        yield
    finally:
        for kept, all_of_it in instances:
            kept.instances = all_of_it
        for name in ("reservations", "addresses", "secrets", *EC2_TABLES, *EC2_NESTED, *IAM_TABLES):
            if name in before:
                setattr(backend, name, before[name])


def _seen(service: str, backend: Any, unseen: frozenset[str]) -> dict[str, Any]:
    if service == "iam":
        return {name: _of_seen_items(getattr(backend, name), unseen, "id") for name in IAM_TABLES}
    if service == "secretsmanager":
        return {"secrets": SecretsStore(_of_seen_items(backend.secrets, unseen, "arn"))}
    tables: dict[str, Any] = {name: _of_seen_ids(getattr(backend, name), unseen) for name in EC2_TABLES}
    for name in EC2_NESTED:
        tables[name] = _like(getattr(backend, name))
        for key, part in getattr(backend, name).items():
            tables[name][key] = _of_seen_ids(part, unseen)
    tables["addresses"] = [address for address in backend.addresses if address.id not in unseen]
    tables["reservations"] = {}
    for key, reservation in backend.reservations.items():
        reservation.instances = [each for each in reservation.instances if each.id not in unseen]
        if reservation.instances:
            tables["reservations"][key] = reservation
    return tables


def _of_seen_ids(table: dict[str, Any], unseen: frozenset[str]) -> dict[str, Any]:
    kept = _like(table)
    kept.update((id_, item) for id_, item in table.items() if id_ not in unseen)
    return kept


def _of_seen_items(table: dict[str, Any], unseen: frozenset[str], attribute: str) -> dict[str, Any]:
    return {key: item for key, item in dict.items(table) if getattr(item, attribute) not in unseen}


def _like(table: dict[str, Any]) -> dict[str, Any]:
    """An empty table that grows as moto's does when asked for what it has not."""
    empty = table.copy()
    empty.clear()
    return empty
