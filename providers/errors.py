"""What goes wrong in a provider, each as one line that names the object, what was seen and what to do next.

    ProviderError
    ├── EndpointRefused       the guard: a sandbox stack off loopback, or a real stack on it
    │   └── SandboxNotRunning no sandbox to talk to
    ├── PreflightRefused      what would fail later, all of it, before anything is begun
    ├── OtherAccount          the object was made in another AWS account than these credentials' one
    ├── NotOurs               an object of that name or id exists and does not carry our owner tag
    ├── NotFound              an object that an input names does not exist
    ├── AddressKept           the Elastic IP may not be released
    ├── AddressLost           the Elastic IP was released behind our back and cannot be had again
    ├── NetworkUnfit          a subnet brought along lets packets leave from elsewhere, or not at all
    ├── EndRefused            an instance that has to end is protected against it
    ├── HostKept              an instance is not ended, as the one in its place could not start
    ├── HostAltered           the machine was changed in a way that only an outage undoes
    ├── LaunchFailed          EC2 took the launch and then gave the instance up
    ├── RunFolderRefused      (providers/run.py) a run cannot note what it is about to make
    ├── StillBusy             a bounded wait ended before AWS was done
    └── AwsFailure            AWS refused a call, or did not answer it
        ├── AccessRefused     the credentials may not make this call
        ├── CredentialsRefused the credentials themselves are missing, wrong or expired
        ├── RegionRefused     the Region is not there, not enabled, or not the endpoint's
        ├── QuotaReached      an account's limit
        ├── Throttled         the account makes more calls than AWS takes at a time
        ├── NoCapacity        the zone has no such machine at the moment
        └── NoAnswer          no answer of AWS's came: reset, time-out, a proxy's page, a status 5xx

A message never holds the value of a secret. Errors of other modules hang off ProviderError as well; their
docstrings name them.
"""

from __future__ import annotations


class ProviderError(Exception):
    """One line for an operator; line breaks in the text are taken out."""

    # An engine shows an error with its module's path before it, unless that is Python's own.
    __module__ = "builtins"

    def __init_subclass__(cls) -> None:
        cls.__module__ = "builtins"

    def __init__(self, text: str) -> None:
        super().__init__(" ".join(text.split()))


class EndpointRefused(ProviderError):
    """An endpoint that this stack may not reach."""


class SandboxNotRunning(EndpointRefused):
    """The stack is of the sandbox, and there is none."""


class PreflightRefused(ProviderError):
    """A run would fail, so it is not begun."""


class OtherAccount(ProviderError):
    """The credentials are of another AWS account than the stack's objects."""


class NotOurs(ProviderError):
    """An object stands in the way that another owner made."""


class NotFound(ProviderError):
    """An object that an input names is not there."""


class AddressKept(ProviderError):
    """The Elastic IP is not released unless it is named."""


class AddressLost(ProviderError):
    """The Elastic IP is gone, and no other takes its place unasked."""


class NetworkUnfit(ProviderError):
    """A subnet that the user brought is not one that a host can leave from by its own address."""


class EndRefused(ProviderError):
    """The instance has termination protection, which is not ours."""


class HostKept(ProviderError):
    """A replacement could not start, so what it would replace goes on."""


class HostAltered(ProviderError):
    """Somebody changed the machine, and to undo it would be an outage."""


class LaunchFailed(ProviderError):
    """The instance died on its way to `running`."""


class StillBusy(ProviderError):
    """A wait ended at its deadline; the same command goes on from there."""


class AwsFailure(ProviderError):
    """AWS refused a call or did not answer. `code` is its error code; its support asks for `request_id`."""

    def __init__(self, text: str, code: str = "", request_id: str = "") -> None:
        super().__init__(text)
        self.code = code
        self.request_id = request_id


class AccessRefused(AwsFailure):
    """The credentials may not make this call."""


class CredentialsRefused(AwsFailure):
    """The credentials are missing, wrong or expired."""


class RegionRefused(AwsFailure):
    """The Region is not there, not enabled for the account, or not the endpoint's."""


class QuotaReached(AwsFailure):
    """The account has as many of these as it may."""


class Throttled(AwsFailure):
    """The account makes more calls than AWS takes at a time; this one did nothing."""


class NoCapacity(AwsFailure):
    """The zone has no such machine at the moment."""


class NoAnswer(AwsFailure):
    """Nothing came back, so the call may or may not have taken effect."""
