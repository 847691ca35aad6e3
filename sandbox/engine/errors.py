"""What can go wrong outside the run itself, each told in one line on standard error.

    EngineError                 exit status 1
    ├── UsageError              the command line asks for something that is not there
    │   └── NeedsConsentError   nobody to ask and no --yes                          (exit status 2)
    ├── ProjectError            no Pulumi.yaml, or one that cannot be used
    ├── ConfigError             Pulumi.<stack>.yaml or a configuration key or path is wrong
    ├── BackendError            the place where states lie cannot be used
    │   ├── StackNotFoundError                                                      (exit status 6)
    │   ├── NoStackSelectedError
    │   ├── StackExistsError
    │   ├── StackLockedError    another run holds the stack's lock
    │   └── StateUnwritableError  a file could not be written; what it held before is kept
    └── SecretsError            no passphrase, a wrong one, or a broken ciphertext
        └── IncorrectPassphraseError

Failures of resources, the program and policies are not exceptions: they are events of the run.
"""

from __future__ import annotations


class EngineError(Exception):
    """Something the user can mend; its text is the line that is printed after `error: `."""

    exit_code = 1


class UsageError(EngineError):
    pass


class NeedsConsentError(UsageError):
    exit_code = 2


class ProjectError(EngineError):
    pass


class ConfigError(EngineError):
    pass


class BackendError(EngineError):
    pass


class StackNotFoundError(BackendError):
    exit_code = 6

    def __init__(self, stack: str) -> None:
        super().__init__(f"no stack named '{stack}' found")


class NoStackSelectedError(BackendError):
    pass


class StackExistsError(BackendError):
    pass


class StackLockedError(BackendError):
    pass


class StateUnwritableError(BackendError):
    pass


class SecretsError(EngineError):
    pass


class IncorrectPassphraseError(SecretsError):
    def __init__(self) -> None:
        super().__init__(
            "incorrect passphrase. Set PULUMI_CONFIG_PASSPHRASE, or PULUMI_CONFIG_PASSPHRASE_FILE, "
            "to the one that this stack was made with"
        )
