"""Runs a plan of probes from this process."""

from __future__ import annotations

from collections.abc import Sequence

from cexio.credentials import Credentials
from cexio.measurement import Measurement
from cexio.probes import Probe


def ask(
    plan: Sequence[Probe],
    credentials: Credentials,
    base_url: str,
    vantage: str = "here",
    source_address: str | None = None,
    timeout: float = 10.0,
    proxy: str | None = None,
) -> Measurement:
    """Sends every probe of a plan, in order, over IPv4. Never raises for what the network does."""
    raise NotImplementedError
