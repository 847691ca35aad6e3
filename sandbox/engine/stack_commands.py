"""`stack`: init, select, ls, output, export, import, rm, and what is told of the selected one."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from datetime import datetime, timezone
from typing import Any

from sandbox.engine import deployments
from sandbox.engine.errors import (
    BackendError,
    IncorrectPassphraseError,
    NoStackSelectedError,
    SecretsError,
    StackNotFoundError,
    StateUnwritableError,
    UsageError,
)
from sandbox.engine.output_text import plain_output
from sandbox.engine.secrets import PassphraseSecrets, passphrase_from
from sandbox.engine.session import Session, salt_of
from sandbox.engine.stack_names import checked_name


def show(session: Session, flags: Namespace) -> int:
    """`stack`: what is known of the selected stack."""
    stack, deployment = session.stack, session.deployment
    if flags.show_name:
        print(stack)
        return 0
    summary = next(found for found in session.backend.stacks() if found.name == stack)
    resources = (deployment or {}).get("resources") or []
    updated = f"{_ago(summary.updated)} ({summary.updated})" if summary.updated else "n/a"
    print(
        f"Current stack is {stack}:\n    Last updated: {updated}\nCurrent stack resources ({len(resources)}):"
    )
    types = max((len(resource["type"]) for resource in resources), default=0)
    for resource in resources:
        print(f"    {resource['type']:<{types}}  {resource['urn'].split('::', 3)[-1]}")
    if not resources:
        print("    No resources currently in this stack")
    print()
    found = deployments.outputs(deployment)
    if found:
        _print_outputs(found, _opening(session, deployment) if flags.show_secrets else None)
    return 0


def init(session: Session, flags: Namespace) -> int:
    """`stack init`: a new, empty stack, which is then the selected one."""
    name = checked_name(_named(flags) or _asked("stack name: ", "missing stack name"), session.project.name)
    _create(session, name, flags.secrets_provider, copy_from=flags.copy_config_from)
    if not flags.no_select:
        session.select(name)
    return 0


def select(session: Session, flags: Namespace) -> int:
    """`stack select`: the stack that commands without --stack work on."""
    given = _named(flags)
    if not given:
        error = NoStackSelectedError("no stack selected; specify a stack name with --stack")
        error.exit_code = 6
        raise error
    name = checked_name(given, session.project.name)
    if not session.backend.exists(name):
        if not flags.create:
            raise StackNotFoundError(name)
        _create(session, name, flags.secrets_provider)
    session.select(name)
    return 0


def ls(session: Session, flags: Namespace) -> int:
    """`stack ls`: the project's stacks."""
    summaries = session.backend.stacks()
    current = session.current
    if flags.json:
        print(json.dumps([_listed(summary, current) for summary in summaries], indent=2))
        return 0
    rows = [("NAME", "LAST UPDATE", "RESOURCE COUNT")]
    for summary in summaries:
        name = summary.name + ("*" if summary.name == current else "")
        rows.append(
            (name, _ago(summary.updated), "n/a" if summary.resources is None else str(summary.resources))
        )
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    for name, updated, count in rows:
        print(f"{name:<{widths[0]}}  {updated:<{widths[1]}}  {count}")
    return 0


def output(session: Session, flags: Namespace) -> int:
    """`stack output`: all outputs or one; secrets masked unless --show-secrets."""
    deployment = session.backend.load(session.stack)
    found = deployments.outputs(deployment)
    secrets = _opening(session, deployment) if flags.show_secrets and deployment else None
    if flags.name is not None:
        if flags.name not in found:
            raise BackendError(f"current stack does not have output property '{flags.name}'")
        value = deployments.shown(found[flags.name], secrets)
        print(json.dumps(value, indent=2, ensure_ascii=False) if flags.json else plain_output(value))
    elif flags.json:
        print(json.dumps(deployments.shown(found, secrets), indent=2, sort_keys=True, ensure_ascii=False))
    else:
        _print_outputs(found, secrets)
    return 0


def export(session: Session, flags: Namespace) -> int:
    """`stack export`: the stack's state as JSON, secrets sealed unless --show-secrets."""
    deployment = session.backend.load(session.stack)
    if flags.show_secrets and deployment:
        deployment = deployments.in_plain(deployment, _opening(session, deployment))
    text = json.dumps({"version": 3, "deployment": deployment or {}}, indent=4, ensure_ascii=False) + "\n"
    if not flags.file:
        sys.stdout.write(text)
        return 0
    try:
        (session.cwd / flags.file).write_text(text, encoding="utf-8")
    except OSError as error:
        raise _unopened(flags.file, error) from None
    return 0


def import_(session: Session, flags: Namespace) -> int:
    """`stack import`: replace the stack's state by an exported one."""
    stack = session.stack
    deployment = _exported(session, flags)
    _refuse_foreign(deployment, stack, session.project.name, force=flags.force)
    old = _opening(session, deployment)
    session.secrets.verify()
    if old.salt != session.secrets.salt:
        deployment = deployments.resealed(deployment, old, session.secrets)
    deployment = (
        deployments.sealed(deployment, session.secrets)
        if '"plaintext"' in json.dumps(deployment)
        else deployment
    )
    provider = {"type": "passphrase", "state": {"salt": session.secrets.salt}}
    with session.backend.locked(stack):
        session.backend.save(
            stack, {**deployment, "manifest": deployments.manifest(), "secrets_providers": provider}
        )
    print("Import complete.")
    return 0


def rm(session: Session, flags: Namespace) -> int:
    """`stack rm`: the stack and its configuration file; refused while it has resources, unless --force."""
    name = checked_name(_named(flags) or session.stack, session.project.name)
    if not flags.yes and not sys.stdin.isatty():
        raise UsageError("non-interactive mode requires --yes flag")
    deployment = session.backend.load(name)
    if ((deployment or {}).get("resources")) and not flags.force:
        raise BackendError(
            f"'{name}' still has resources; removal rejected. Run `pulumi destroy` first, or use --force"
        )
    if not flags.yes:
        typed = input(f"This will permanently remove the '{name}' stack! Please type its name to confirm: ")
        if typed.strip() != name:
            raise UsageError("confirmation declined")
    forget(session, name, keep_config=flags.preserve_config)
    print(f"Stack '{name}' has been removed!")
    return 0


def forget(session: Session, name: str, *, keep_config: bool = False) -> None:
    """Remove a stack that has no resources any more, with its configuration file."""
    with session.backend.locked(name):
        session.backend.remove(name)
    if not keep_config:
        try:
            session.config_path(name).unlink(missing_ok=True)
        except OSError as error:
            raise StateUnwritableError(
                f"could not remove {session.config_path(name)}: {error.strerror}"
            ) from None
    session.select(None)  # whichever was selected: the CLI forgets the choice with any stack


def cancel(session: Session, flags: Namespace) -> int:
    """`cancel`: remove the stack's locks; a run that still goes on is not told."""
    given = _named(flags)
    name = checked_name(given, session.project.name) if given else session.stack
    session.backend.cancel(name)
    print(f"The currently running update for '{name}' has been canceled!")
    return 0


def _create(session: Session, name: str, provider: str | None, copy_from: str | None = None) -> None:
    if provider not in (None, "", "default", "passphrase"):
        raise UsageError(
            f"the secrets provider {provider!r} is not known to this engine: it has `passphrase` only"
        )
    if session.backend.exists(name):
        session.backend.create(name)
    config = session.config_of(name)
    passphrase = passphrase_from(session.environ)
    if copy_from:
        raise UsageError("--copy-config-from is not known to this engine: copy the lines of the file by hand")
    if config.salt:
        secrets = PassphraseSecrets(passphrase, config.salt)
        secrets.verify()
    else:
        secrets = PassphraseSecrets.new(passphrase)
        config.set_salt(secrets.salt)
    session.backend.create(name, deployments.empty(secrets.salt))
    print(f"Created stack '{name}'", file=sys.stderr)


def _exported(session: Session, flags: Namespace) -> dict[str, Any]:
    try:
        text = (session.cwd / flags.file).read_text(encoding="utf-8") if flags.file else sys.stdin.read()
        content = json.loads(text)
    except OSError as error:
        raise _unopened(flags.file, error) from None
    except ValueError as error:
        raise UsageError(f"{flags.file or 'the state'} is no JSON: {error}") from None
    deployment = content.get("deployment") if isinstance(content, dict) else None
    if not isinstance(deployment, dict) or content.get("version") != 3:
        raise UsageError(f"{flags.file or 'the state'} is no exported state of version 3")
    salt_of(deployment)
    return deployment


def _unopened(path: str, error: OSError) -> UsageError:
    return UsageError(f"could not open file: open {path}: {(error.strerror or '').lower()}")


def _refuse_foreign(deployment: dict[str, Any], stack: str, project: str, *, force: bool) -> None:
    prefix = f"urn:pulumi:{stack}::{project}::"
    for resource in deployment.get("resources") or []:
        if not str(resource.get("urn", "")).startswith(prefix) and not force:
            raise UsageError(
                f"resource '{resource.get('urn')}' is from a different stack: it is not {prefix}...; "
                "importing this file could be dangerous; rerun with --force to proceed anyway"
            )


def _opening(session: Session, deployment: dict[str, Any] | None) -> PassphraseSecrets:
    """What opens a state's secrets, the passphrase verified."""
    secrets = session.secrets_of(deployment)
    try:
        secrets.verify()
    except IncorrectPassphraseError:
        raise SecretsError(
            "failed to decrypt: incorrect passphrase, please set PULUMI_CONFIG_PASSPHRASE to the correct "
            "passphrase or set PULUMI_CONFIG_PASSPHRASE_FILE to a file containing the passphrase"
        ) from None
    return secrets


def _named(flags: Namespace) -> str | None:
    given: str | None = flags.name or flags.stack
    return given


def _asked(prompt: str, otherwise: str) -> str:
    if not sys.stdin.isatty():
        raise UsageError(otherwise)
    return input(prompt).strip()


def _print_outputs(found: dict[str, Any], secrets: PassphraseSecrets | None) -> None:
    print(f"Current stack outputs ({len(found)}):")
    if not found:
        print("    No output values currently in this stack")
        return
    width = max(6, *(len(key) for key in found))
    print(f"    {'OUTPUT':<{width}}  VALUE")
    for key in sorted(found):
        text = plain_output(deployments.shown(found[key], secrets)).replace("\n", "\n" + " " * (width + 6))
        print(f"    {key:<{width}}  {text}")


def _listed(summary: Any, current: str | None) -> dict[str, Any]:
    listed: dict[str, Any] = {"name": summary.name, "current": summary.name == current}
    if summary.updated:
        listed["lastUpdate"] = summary.updated.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    if summary.resources is not None:
        listed["resourceCount"] = summary.resources
    return listed


def _ago(moment: datetime | None) -> str:
    if moment is None:
        return "n/a"
    seconds = int((datetime.now(timezone.utc) - moment).total_seconds())
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second")):
        if seconds >= size:
            number = seconds // size
            return f"{number} {unit}{'s' if number > 1 else ''} ago"
    return "now"
