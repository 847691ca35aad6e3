"""Clients of AWS, one per service and flavour, shared by the provider's threads.

Two flavours. The usual one repeats failed calls within bounds (botocore's standard mode). With `once` a call
is sent a single time: for creates without a client token, as a repeat after a lost answer is a second object.
The guard of providers/endpoints.py looks at the address that botocore settled on, environment included.

A sandbox gets credentials worth nothing and no proxy, so that nothing real can be reached by mistake. Each
failure is marked with the IAM action it came from, for providers/aws/failures.py to tell.
"""

from __future__ import annotations

import functools
import threading
from typing import TYPE_CHECKING, Any, Literal, overload

from providers.endpoints import Endpoints, guard

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_ssm import SSMClient
    from mypy_boto3_sts import STSClient

ATTEMPTS = 4
CONNECT_SECONDS = 5
READ_SECONDS = 30

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

    settings: dict[str, Any] = {
        "retries": {"mode": "standard", "total_max_attempts": 1 if once else ATTEMPTS},
        "connect_timeout": CONNECT_SECONDS,
        "read_timeout": READ_SECONDS,
    }
    credentials: dict[str, str] = {}
    if endpoints.sandbox:
        settings["proxies"] = {}
        credentials = {
            "aws_access_key_id": "sandbox",
            "aws_secret_access_key": "sandbox",
            "aws_session_token": "sandbox",
        }
    made: Any = boto3.session.Session().client(
        service,  # type: ignore[call-overload]
        region_name=endpoints.region,
        endpoint_url=endpoints.aws,
        config=Config(**settings),
        **credentials,
    )
    guard(made.meta.endpoint_url, sandbox=endpoints.sandbox)
    prefix = made.meta.service_model.signing_name  # as IAM's actions have it
    made.meta.events.register("after-call", functools.partial(_mark_refusal, prefix))
    made.meta.events.register("after-call-error", functools.partial(_mark_silence, prefix))
    return made


def _mark_refusal(service: str, parsed: dict[str, Any], model: Any, **_: Any) -> None:
    parsed.setdefault("ResponseMetadata", {})["Action"] = f"{service}:{model.name}"


def _mark_silence(service: str, exception: Exception, event_name: str, **_: Any) -> None:
    exception.aws_action = f"{service}:{event_name.rpartition('.')[2]}"  # type: ignore[attr-defined]
