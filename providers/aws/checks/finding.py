"""What a check found, as one line, and which of three it is: fine, refused, or could not be asked.

A question that AWS did not answer is never fine. It is a refusal only where the run itself needs the very
call that was denied: then the run would be denied it too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum
from typing import NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from providers.aws.failures import told
from providers.aws.permissions import DISPENSABLE
from providers.errors import AccessRefused, CredentialsRefused, ProviderError


class Outcome(str, Enum):
    FINE = "fine"
    REFUSED = "refused"
    UNASKED = "could not ask"


class Finding(NamedTuple):
    """text: what was seen and, for a refusal, what to do next; one line. makes: what a run would make."""

    outcome: Outcome
    subject: str
    text: str
    makes: str = ""

    @property
    def line(self) -> str:
        """Subject and text; the text of a failed call begins with its subject already."""
        return self.text if self.text.startswith(f"{self.subject}:") else f"{self.subject}: {self.text}"


Check = Callable[[], Iterable[Finding]]


def fine(subject: str, text: str, makes: str = "") -> Finding:
    return Finding(Outcome.FINE, subject, text, makes)


def refused(subject: str, text: str) -> Finding:
    return Finding(Outcome.REFUSED, subject, text)


def unasked(subject: str, text: str) -> Finding:
    return Finding(Outcome.UNASKED, subject, text)


def found(subject: str, check: Check) -> list[Finding]:
    """The check's findings, those before a call that failed included; what failed is one of them."""
    seen: list[Finding] = []
    try:
        for one in check():
            seen.append(one)
    except (ClientError, BotoCoreError) as error:
        failure = told(error, subject)
        needed = isinstance(failure, AccessRefused) and _action(error) not in DISPENSABLE
        if needed or isinstance(failure, CredentialsRefused):
            seen.append(refused(subject, str(failure)))
        else:
            seen.append(unasked(subject, str(failure)))
    except ProviderError as error:
        seen.append(refused(subject, str(error)))
    return seen


def _action(error: BaseException) -> str:
    """The IAM action of a call that was refused, as providers/aws/session.py marks it."""
    return str(error.response["ResponseMetadata"].get("Action", "")) if isinstance(error, ClientError) else ""
