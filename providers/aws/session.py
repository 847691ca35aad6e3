"""Clients of AWS, one per service and flavour, shared by the provider's threads.

Two flavours. The usual one repeats failed calls (botocore's standard mode, with retries.py before it). With
`once` a call whose fate is unknown is sent a single time: for creates without a client token, as a repeat
after a lost answer is a second object. Either way a call ends within CALL_SECONDS and one time-out more.
The guard of providers/endpoints.py looks at the address that botocore settled on, environment included.

A sandbox gets credentials worth nothing and no proxy, so that nothing real can be reached by mistake. Each
failure is marked with the IAM action and the region it came from, for providers/aws/failures.py to tell.
"""

from __future__ import annotations

import functools
import threading
from typing import TYPE_CHECKING, Any, Literal, overload

from providers.aws.denials import denied
from providers.aws.patience import listen, patiently
from providers.endpoints import Endpoints, guard

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_ssm import SSMClient
    from mypy_boto3_sts import STSClient

CONNECT_SECONDS = 5.0
READ_SECONDS = 30.0
LEAST_SECONDS = 1.5  # of a time-out, in a test in haste as well

_lock = threading.Lock()
_clients: dict[tuple[str, Endpoints, bool], Any] = {}


@overload
def client(service: Literal["ec2"], endpoints: Endpoints, *, once: bool = False) -> EC2Client: ...
@overload
def client(service: Literal["iam"], endpoints: Endpoints, *, once: bool = False) -> IAMClient: ...
@overload
def client(
    service: Literal["secretsmanager"], endpoints: Endpoints, *, once: bool = False
) -> SecretsManagerClient: ...
@overload
def client(service: Literal["ssm"], endpoints: Endpoints, *, once: bool = False) -> SSMClient: ...
@overload
def client(service: Literal["service-quotas"], endpoints: Endpoints, *, once: bool = False) -> Any: ...
@overload
def client(service: Literal["sts"], endpoints: Endpoints, *, once: bool = False) -> STSClient: ...


def client(service: Any, endpoints: Endpoints, *, once: bool = False) -> Any:
    """The process's client of a service: `once` sends each call a single time. Raises EndpointRefused."""
    key = (service, endpoints, once)
    with _lock:  # making a client is not thread-safe, using one is
        if key not in _clients:
            _clients[key] = _made(service, endpoints, once=once)
        return _clients[key]


def _made(service: str, endpoints: Endpoints, *, once: bool) -> Any:
    import boto3  # here, because a run that changes nothing never asks AWS
    from botocore.config import Config

    from providers.aws.retries import ATTEMPTS

    listen(sandbox=endpoints.sandbox)
    settings: dict[str, Any] = {
        "retries": {"mode": "standard", "total_max_attempts": 1 if once else ATTEMPTS},
        "connect_timeout": max(patiently(CONNECT_SECONDS), LEAST_SECONDS),
        "read_timeout": max(patiently(READ_SECONDS), LEAST_SECONDS),
    }
    credentials: dict[str, str] = {}
    if endpoints.sandbox:
        settings["proxies"] = {}
        credentials = {
            "aws_access_key_id": "sandbox",
            "aws_secret_access_key": "sandbox",
            "aws_session_token": "sandbox",
        }
    try:
        made: Any = boto3.session.Session().client(
            service,  # type: ignore[call-overload]
            region_name=endpoints.region,
            endpoint_url=endpoints.aws,
            config=Config(**settings),
            **credentials,
        )
    except Exception as error:
        error.aws_region = endpoints.region  # type: ignore[attr-defined]
        raise
    guard(made.meta.endpoint_url, sandbox=endpoints.sandbox)
    _hook(made, endpoints, once=once)
    return made


def _hook(made: Any, endpoints: Endpoints, *, once: bool) -> None:
    """Put our own rules before botocore's: which answer is one, what is repeated, how a failure is marked."""
    from providers.aws.answers import look_at, refuse
    from providers.aws.retries import Rule, begun

    events = made.meta.events
    prefix = made.meta.service_model.signing_name  # as IAM's actions have it
    events.register("before-call", begun)
    events.register("before-parse", look_at)
    # botocore asks the handlers of the more exact name first, and its own has the service's in its name
    events.register_first(f"needs-retry.{made.meta.service_model.service_id.hyphenize()}", Rule(once=once))
    events.register("after-call", functools.partial(_mark_refusal, prefix, endpoints))
    events.register_last("after-call", refuse)
    events.register("after-call-error", functools.partial(_mark_silence, prefix, endpoints))


def _mark_refusal(prefix: str, endpoints: Endpoints, parsed: dict[str, Any], model: Any, **_: Any) -> None:
    marks = parsed.setdefault("ResponseMetadata", {})
    marks["Action"], marks["Region"] = f"{prefix}:{model.name}", endpoints.region
    message = str(parsed.get("Error", {}).get("Message", ""))
    if found := denied(message, lambda: client("sts", endpoints, once=True)):
        marks["Denied"] = found


def _mark_silence(prefix: str, endpoints: Endpoints, exception: Exception, event_name: str, **_: Any) -> None:
    exception.aws_action = f"{prefix}:{event_name.rpartition('.')[2]}"  # type: ignore[attr-defined]
    exception.aws_region = endpoints.region  # type: ignore[attr-defined]
