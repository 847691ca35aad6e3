"""What a command works with: project, backend, stack, configuration, secrets; each is got when asked for.

Which stack is selected in a project is remembered where the CLI does, in `workspaces/` below PULUMI_HOME.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox.engine.errors import (
    BackendError,
    NoStackSelectedError,
    StackNotFoundError,
    UsageError,
)
from sandbox.engine.files import write_atomically
from sandbox.engine.stack_names import checked_name

if TYPE_CHECKING:
    from sandbox.engine.backend import Backend, Deployment
    from sandbox.engine.config import StackConfig
    from sandbox.engine.project import Project
    from sandbox.engine.secrets import PassphraseSecrets

NO_STACK = "no stack selected; please use `pulumi stack select`{} to choose one"
OR_INIT = " or `pulumi stack init`"


class Session:
    """One command's view of the world.

    `environ` are the variables it was started with; `fits_new` says whether a new stack would do where none
    is selected.
    """

    def __init__(
        self,
        cwd: Path,
        environ: Mapping[str, str],
        stack: str | None = None,
        config_file: str | None = None,
        *,
        fits_new: bool = True,
    ) -> None:
        self.cwd = cwd
        self.environ = environ
        self._asked = stack
        self._config_file = config_file
        self._fits_new = fits_new

    @cached_property
    def project(self) -> Project:
        from sandbox.engine.project import Project

        return Project.load(self.cwd, self.environ)

    @cached_property
    def home(self) -> Path:
        return Path(self.environ.get("PULUMI_HOME") or "~/.pulumi").expanduser()

    @cached_property
    def backend(self) -> Backend:
        from sandbox.engine.backend import Backend

        return Backend(self._backend_url(), self.project.name, self.cwd)

    @cached_property
    def stack(self) -> str:
        """The stack asked for, or selected; it exists."""
        if self._asked:
            name = checked_name(self._asked, self.project.name)
            if not self.backend.exists(name):
                raise StackNotFoundError(name)
            return name
        chosen = self.current
        if chosen is None:
            raise NoStackSelectedError(NO_STACK.format(OR_INIT if self._fits_new else ""))
        return chosen

    @property
    def current(self) -> str | None:
        """The stack of PULUMI_STACK, else the selected one; None if there is no such stack (any more)."""
        name = self.environ.get("PULUMI_STACK") or self.selected
        if name:
            name = checked_name(name, self.project.name)
        return name if name and self.backend.exists(name) else None

    @cached_property
    def deployment(self) -> Deployment | None:
        return self.backend.load(self.stack)

    @cached_property
    def config(self) -> StackConfig:
        return self.config_of(self.stack)

    def config_of(self, stack: str) -> StackConfig:
        from sandbox.engine.config import StackConfig

        path = self.cwd / self._config_file if self._config_file else self.config_path(stack)
        return StackConfig.load(path, self.project.name)

    def config_path(self, stack: str) -> Path:
        return self.project.root / f"Pulumi.{stack}.yaml"

    @cached_property
    def secrets(self) -> PassphraseSecrets:
        """The stack's secrets: by the salt of its configuration file, else of its state, else a new one."""
        from sandbox.engine.secrets import PassphraseSecrets, passphrase_from

        passphrase = passphrase_from(self.environ)
        salt = self.config.salt or salt_of(self.deployment)
        secrets = PassphraseSecrets(passphrase, salt) if salt else PassphraseSecrets.new(passphrase)
        if not self.config.salt:
            secrets.verify()
            self.config.set_salt(secrets.salt)
        return secrets

    def secrets_of(self, deployment: Deployment | None) -> PassphraseSecrets:
        """What opens the secrets in a deployment, which may be sealed with another salt than the stack's."""
        from sandbox.engine.secrets import PassphraseSecrets, passphrase_from

        salt = salt_of(deployment)
        if salt is None or salt == self.config.salt:
            return self.secrets
        return PassphraseSecrets(passphrase_from(self.environ), salt)

    def _backend_url(self) -> str:
        url = self.environ.get("PULUMI_BACKEND_URL") or self.project.backend_url
        if not url:
            try:
                url = json.loads((self.home / "credentials.json").read_text()).get("current")
            except (OSError, ValueError, AttributeError):
                url = None
        if not url:
            raise BackendError(
                "no backend is set: PULUMI_BACKEND_URL=file://FOLDER names where states are to lie"
            )
        return str(url)

    # ---- The selected stack ------------------------------------------------------------------------

    @property
    def selected(self) -> str | None:
        """The stack that `stack select` chose last in this project and backend."""
        chosen = self._choices().get(self.backend.url)
        return str(chosen).rpartition("/")[2] or None if chosen else None

    def select(self, stack: str | None) -> None:
        """Remember the choice of a stack, or with None that there is none."""
        from sandbox.engine.backend import ORGANIZATION

        choices = self._choices()
        if stack is None:
            choices.pop(self.backend.url, None)
        else:
            choices[self.backend.url] = f"{ORGANIZATION}/{self.project.name}/{stack}"
        write_atomically(self._choices_path, json.dumps({"stacks": choices}, indent=4))

    @cached_property
    def _choices_path(self) -> Path:
        digest = hashlib.sha1(str(self.project.path).encode(), usedforsecurity=False).hexdigest()
        return self.home / "workspaces" / f"{self.project.name}-{digest}-workspace.json"

    def _choices(self) -> dict[str, Any]:
        try:
            content = json.loads(self._choices_path.read_text())
        except (OSError, ValueError):
            return {}
        stacks = content.get("stacks") if isinstance(content, dict) else None
        return dict(stacks) if isinstance(stacks, dict) else {}


def salt_of(deployment: Deployment | None) -> str | None:
    """The salt that a deployment's secrets are sealed with; UsageError if not by a passphrase."""
    provider = (deployment or {}).get("secrets_providers") or {}
    kind = provider.get("type")
    if kind not in (None, "", "passphrase"):
        raise UsageError(f"the secrets provider {kind!r} of this state is not known to this engine")
    salt = (provider.get("state") or {}).get("salt")
    return str(salt) if salt else None
