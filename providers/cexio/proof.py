"""The proof of one key: asked from the host, from here, and from the host again; judged by `cexio` alone.

What the host is asked, it reads from Secrets Manager by the version's id with its own role; the command
holds neither key nor signature; each pass is one command. In what order it is asked is `cexio.proving`'s.

A host that cannot be asked is a measurement that is not ready, never a fault of the key; where its command
may have run for all that, every probe of the plan may have been sent.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from cexio.credentials import Credentials
from cexio.judgement import Confirmation, Expectation
from cexio.measurement import MAX_TEXT, Measurement, measurement_from_host, not_ready
from cexio.probes import Probe
from cexio.proving import Ask
from cexio.vantage import ask
from providers.aws.failures import told
from providers.aws.run_command import FAILURES, HostNotReady, RunCommand

PROGRAM = "/opt/cexio-bot/probe.py"


class Subject(BaseModel):
    """The key to prove: where the host finds it, and what it should be."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    secret_arn: str
    version: str
    region: str
    exchange: str
    pair: str
    expected: Expectation
    confirmations: tuple[Confirmation, ...]


def from_here(subject: Subject, credentials: Credentials) -> Ask:
    """Asks from this process, over whatever address its network gives it."""
    return lambda plan: ask(plan, credentials, subject.exchange)


def from_host(subject: Subject, host: RunCommand) -> Ask:
    """Asks from the host by one command a plan; a host that cannot be asked gives a measurement saying so."""
    address = subject.expected.addresses[0]

    def measured(plan: Sequence[Probe]) -> Measurement:
        try:
            return measurement_from_host(host.output(command_line(subject, plan)), plan, address)
        except HostNotReady as error:
            unreported = [probe.name for probe in plan] if error.may_have_run else []
            return not_ready("host", error.stage, str(error), address, unreported)
        except FAILURES as error:
            raise told(error, f"host at {address}") from None

    return measured


def command_line(subject: Subject, plan: Sequence[Probe]) -> str:
    """The line that the host runs: where to find the key and what to ask with it, nothing secret."""
    request = {
        "v": 1,
        "secretArn": subject.secret_arn,
        "versionId": subject.version,
        "versionStage": None,
        "region": subject.region,
        "cexio": subject.exchange,
        "probes": [probe.model_dump() for probe in plan],
        "maxText": MAX_TEXT,
    }
    text = base64.b64encode(json.dumps(request, separators=(",", ":")).encode()).decode()
    return f"/usr/bin/python3 -I {PROGRAM} {text}"
