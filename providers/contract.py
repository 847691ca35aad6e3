"""What every dynamic provider of this project promises, and the base classes that hold it to that.

    check   validates what is known (a CheckFailure each), never asks the network, fills in defaults
    diff    compares named inputs; an unknown value is a change and never a replacement
    create  makes the object, or adopts the one that an earlier run of ours made and could not record
    update  changes the object in place and returns every output
    read    tells what is there now, with inputs so that drift shows; ReadResult(None, {}) when it is gone;
            raises when it may not or cannot ask, as "gone" would drop the object from the state
    delete  removes it; not found is done

A provider has no state but what `configure` puts on it, since the object is pickled into people's state: by
reference, so that class path, type token and property names are a contract (tests/providers pins them). Four
threads share one provider. Whatever is raised leaves as one line without a traceback; an error that nobody
foresaw is named by type and place only, as its text could hold a value.

Does not wait, retry or know AWS: that is providers/aws/.
"""

from __future__ import annotations

import functools
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import pulumi.dynamic
from pulumi.dynamic import CheckFailure, CheckResult, ConfigureRequest, DiffResult, ResourceProvider
from pulumi.output import Unknown
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from providers.endpoints import Endpoints, endpoints_from
from providers.engine_watch import watch_engine
from providers.errors import ProviderError

NAMESPACE = "cexio-bot"
ROOT = Path(__file__).resolve().parent.parent
METHODS = ("configure", "check", "diff", "create", "read", "update", "delete")


class Inputs(BaseModel):
    """The inputs of a resource: snake_case here, camelCase in the state."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        alias_generator=to_camel,
        validate_by_name=True,
    )

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """The property names, as the state has them."""
        return tuple(str(field.alias) for field in cls.model_fields.values())

    @classmethod
    def of(cls, props: Mapping[str, Any]) -> Any:
        """The inputs among a resource's properties, which may hold outputs as well."""
        return cls.model_validate({name: props[name] for name in cls.names() if props.get(name) is not None})

    def props(self) -> dict[str, Any]:
        """As the state has them, defaults included and nothing that is None."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


class Provider(ResourceProvider):
    """A dynamic provider whose errors are one line each. `inputs` and the two lists give check and diff."""

    inputs: ClassVar[type[Inputs] | None] = None
    replaced_by: ClassVar[tuple[str, ...]] = ()  # inputs that cannot change in place
    pinned: ClassVar[tuple[str, ...]] = ()  # inputs that keep their settled value when left out
    delete_before_replace: ClassVar[bool] = False

    endpoints: Endpoints

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        for name in METHODS:
            if name in cls.__dict__:
                setattr(cls, name, one_line(cls.__dict__[name]))

    def configure(self, req: ConfigureRequest) -> None:
        """Read the stack's settings. Runs once per provider and process, before any other method."""
        sys.tracebacklimit = 0  # here and not at import: the program's process needs its own
        watch_engine()
        try:
            self.endpoints = endpoints_from(lambda name: req.config.get(f"{NAMESPACE}:{name}"))
        except ProviderError as error:
            raise error from None

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Validate the inputs that are known and fill in the defaults of those left out."""
        if self.inputs is None:
            return CheckResult(dict(news), [])
        failures = _faults(self.inputs, news)
        return CheckResult(news if failures else _normal(self.inputs, news), failures)

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        """Name the inputs that differ from what is there, and those that ask for a new object."""
        if self.inputs is None:
            return DiffResult()
        wanted = _normal(self.inputs, news)
        changed = [name for name in self.inputs.names() if self._differs(name, olds, wanted)]
        replaces = [name for name in changed if name in self.replaced_by and known(wanted.get(name))]
        return DiffResult(
            changes=bool(changed) or self.drifted(olds),
            replaces=replaces,
            delete_before_replace=self.delete_before_replace,
        )

    def drifted(self, _olds: Mapping[str, Any]) -> bool:
        """Whether the state shows something to repair that no input tells."""
        return False

    def _differs(self, name: str, olds: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
        old, new = olds.get(name), wanted.get(name)
        if new is None and name in self.pinned:
            return False
        return not known(new) or (old or None) != (new or None)


class Resource(pulumi.dynamic.Resource):
    """A dynamic resource whose properties, camelCase in the state, are read as snake_case attributes."""

    def __getattr__(self, name: str) -> Any:
        properties = object.__getattribute__(self, "__dict__")
        camel = to_camel(name)
        if camel == name or camel not in properties:
            raise AttributeError(f"{type(self).__name__} has no property {name}")
        return properties[camel]


def known(value: Any) -> bool:
    """Whether nothing in the value is still to be computed."""
    if isinstance(value, Mapping):
        return all(known(item) for item in value.values())
    if isinstance(value, (list, tuple)):
        return all(known(item) for item in value)
    return not isinstance(value, Unknown)


def one_line(method: Callable[..., Any]) -> Callable[..., Any]:
    """The outermost edge of a provider: what goes through it is a ProviderError without a history."""

    @functools.wraps(method)
    def edge(provider: Provider, *arguments: Any) -> Any:
        try:
            return method(provider, *arguments)
        except ProviderError as error:
            raise error from None
        except Exception as error:  # noqa: BLE001  every error becomes a line here
            subject = _subject(provider, arguments)
            if type(error).__module__.startswith(("botocore", "boto3")):
                from providers.aws.failures import (
                    told,
                )  # boto3 costs start-up time, which most runs need not pay

                raise told(error, subject) from None
            raise _unforeseen(error, subject) from None

    return edge


def _unforeseen(error: Exception, subject: str) -> ProviderError:
    place = "an unknown place"
    for frame, line in traceback.walk_tb(error.__traceback__):
        if ROOT in Path(frame.f_code.co_filename).parents:
            place = f"{Path(frame.f_code.co_filename).name}:{line}"
    return ProviderError(
        f"{subject}: a fault in this program, {type(error).__name__} at {place}: "
        "nothing is lost, the same command can be run again; please report this line"
    )


def _subject(provider: Provider, arguments: tuple[Any, ...]) -> str:
    """Which object a message is about: its kind and its owner tag, else its name or id."""
    kind = type(provider).__name__.removesuffix("Provider")
    for props in reversed(arguments):
        if isinstance(props, Mapping):
            for name in ("owner", "name", "label", "subnetId", "resourceId"):
                if isinstance(props.get(name), str):
                    return f"{kind} {props[name]}"
    first = arguments[0] if arguments else None
    return f"{kind} {first}" if isinstance(first, str) and first else kind


def _faults(model: type[Inputs], news: Mapping[str, Any]) -> list[CheckFailure]:
    """What is wrong with the inputs that are known already; texts without any value."""
    names = model.names()
    unknown = {name for name in names if not known(news.get(name))}
    given = {name: news[name] for name in names if name not in unknown and news.get(name) is not None}
    try:
        model.model_validate(given)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        return [
            CheckFailure(".".join(map(str, one["loc"])), _plain(str(one["msg"])))
            for one in found
            if not one["loc"] or one["loc"][0] not in unknown
        ]
    return []


def _plain(text: str) -> str:
    return text.removeprefix("Value error, ").replace("Field required", "is missing").replace("Input ", "it ")


def _normal(model: type[Inputs], news: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs with their defaults; in one form, if all are known."""
    given = {name: news[name] for name in model.names() if news.get(name) is not None}
    if known(given):
        props: dict[str, Any] = model.of(given).props()
        return props
    defaults = {
        str(field.alias): field.get_default(call_default_factory=True)
        for field in model.model_fields.values()
        if not field.is_required()
    }
    return {**{name: _json(value) for name, value in defaults.items() if value is not None}, **given}


def _json(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True, exclude_none=True)
    return list(value) if isinstance(value, tuple) else value
