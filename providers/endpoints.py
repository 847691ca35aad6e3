"""Where a stack's AWS and exchange are, and the guard between the sandbox and the real world.

A stack with `sandbox: true` reaches loopback and nothing else; any other stack never reaches loopback. The
guard sits in the providers, so it holds under either engine. It looks at what is named, not at what a name
resolves to: `localhost` and 127.0.0.0/8 are loopback, every other host name is not.

Opens no connection. Errors: EndpointRefused, SandboxNotRunning (providers/errors.py).
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from ipaddress import IPv4Network, ip_address
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, ValidationError

from cexio.errors import UrlError
from cexio.urls import exchange_url
from providers.errors import EndpointRefused, SandboxNotRunning

EXCHANGE = "https://trade.cex.io"
REGION = "us-east-1"
LOOPBACK = IPv4Network("127.0.0.0/8")
START_ONE = "`make up` starts one"


class Endpoints(BaseModel):
    """Where to go. `aws` is None for AWS's own addresses; `cexio` is a base URL without a trailing slash."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    sandbox: bool
    region: str
    aws: str | None
    cexio: str
    emulator: bool = False
    """Whether AWS is played by what the stack's settings name, and not by the sandbox's own."""


class _World(BaseModel):
    """What `endpoints.json` of a sandbox says; later worlds may say more."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    aws: str
    cexio: str


def endpoints_from(config: Callable[[str], str | None]) -> Endpoints:
    """The endpoints of a stack; `config` gives a setting of namespace `cexio-bot` by its name, or None.

    Settings: sandbox, region, awsEndpoint, cexioEndpoint. In a sandbox the last two come from its own
    `endpoints.json` where they are not set. Raises EndpointRefused, SandboxNotRunning.
    """
    sandbox = str(config("sandbox") or "false").lower() == "true"
    aws, cexio = config("awsEndpoint") or None, config("cexioEndpoint") or None
    if sandbox and not (aws and cexio):
        world = _running_world()
        aws, cexio = aws or world.aws, cexio or world.cexio
    cexio = (cexio or EXCHANGE).rstrip("/")
    for url in (aws, cexio):
        if url is not None:
            guard(url, sandbox=sandbox)
    if not sandbox:
        try:
            cexio = exchange_url(cexio, "cexio-bot:cexioEndpoint")
        except UrlError as error:
            raise EndpointRefused(str(error)) from None
    return Endpoints(
        sandbox=sandbox,
        region=config("region") or REGION,
        aws=aws,
        cexio=cexio,
        emulator=sandbox and bool(config("awsEndpoint")),
    )


def guard(url: str, *, sandbox: bool) -> None:
    """EndpointRefused unless the URL is on loopback exactly when the stack is of the sandbox."""
    if on_loopback(url) == sandbox:
        return
    if sandbox:
        raise EndpointRefused(
            f"{url}: this stack is of the sandbox (cexio-bot:sandbox is true) and reaches 127.0.0.0/8 only: "
            "take awsEndpoint and cexioEndpoint out of its config, or use another stack for a real account"
        )
    raise EndpointRefused(
        f"{url}: this stack is not of the sandbox and reaches no loopback address: unset AWS_ENDPOINT_URL* "
        "and the endpoint settings, or `pulumi config set cexio-bot:sandbox true`"
    )


def on_loopback(url: str) -> bool:
    """Whether the host of an http or https URL is `localhost` or a loopback address."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
        _ = parts.port  # a port that is no number is a ValueError
    except ValueError:
        host = None
    if not host or parts.scheme not in ("http", "https"):
        raise EndpointRefused(
            "an endpoint must be an http or https URL with a host, such as https://trade.cex.io"
        )
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return address in LOOPBACK or address.is_loopback


def sandbox_folder() -> Path:
    """Where the sandbox keeps its files: CEXIO_BOT_SANDBOX_DIR, else `.sandbox` in the program's folder."""
    named = os.environ.get("CEXIO_BOT_SANDBOX_DIR")
    return Path(named) if named else Path(__file__).resolve().parent.parent / ".sandbox"


def _running_world() -> _World:
    file = sandbox_folder() / "endpoints.json"
    try:
        return _World.model_validate(json.loads(file.read_text("utf-8")))
    except FileNotFoundError:
        raise SandboxNotRunning(f"no sandbox running: {START_ONE}") from None
    except (OSError, ValueError, ValidationError):
        raise SandboxNotRunning(f"{file.name} of the sandbox cannot be read: {START_ONE} anew") from None
