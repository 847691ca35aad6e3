"""`up`, `preview`, `refresh`, `destroy`: prepare a run, ask for consent, hold the lock, show what happens.

The run itself is `operations.run`'s; a preview comes first unless it is skipped, and writes nothing.
"""

from __future__ import annotations

import contextlib
import os
import sys
from argparse import Namespace
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from sandbox.engine import deployments, project_config
from sandbox.engine.config import as_text, has_secret, merged, opened
from sandbox.engine.errors import NeedsConsentError, SecretsError, UsageError
from sandbox.engine.events import EventLog, Fanout, Sink
from sandbox.engine.held_events import HeldEvents, guarded
from sandbox.engine.session import Session

if TYPE_CHECKING:
    from sandbox.engine.operations import Kind, Operation, Outcome

Deployment = dict[str, Any]
CONSENT = (
    "--yes or --skip-preview or --preview-only must be passed in to proceed when running in "
    "non-interactive mode"
)
NOUNS = {"up": "update", "preview": "preview", "refresh": "refresh", "destroy": "destroy"}
DESTROYED = (
    "The resources in the stack have been deleted, but the history and configuration associated with the "
    "stack are still maintained. \nIf you want to remove the stack completely, run `pulumi stack rm {stack}`."
)


def run(session: Session, flags: Namespace) -> int:
    """Any of the four commands; returns the exit status."""
    kind: Kind = flags.kind
    if kind != "preview":
        _require_consent(flags, kind)
    _check_event_log(session, flags)
    if kind == "preview" and flags.json:
        raise UsageError(
            "preview --json is not known to this engine: --event-log FILE tells the same by lines"
        )
    try:
        return _run(session, flags, kind)
    except SecretsError as error:
        raise SecretsError(f"getting stack configuration: get stack secrets manager: {error}") from None


def _run(session: Session, flags: Namespace, kind: Kind) -> int:
    stack, secrets = session.stack, session.secrets
    secrets.warm_up()
    operation, deployment = _prepared(session, flags, kind)
    if kind == "preview" or flags.preview_only:
        return _exit_of(_once(session, flags, operation, deployment, None), flags, kind)
    if not flags.skip_preview:
        outcome = _once(session, flags, operation, deployment, None)
        if outcome.exit_code:
            return outcome.exit_code
        if not (flags.yes or _consented(kind, stack)):
            return 1
    with session.backend.locked(stack):
        save = guarded(lambda new: session.backend.save(stack, new), secrets)
        outcome = _once(session, flags, operation, _loaded(session), save)
    status = _exit_of(outcome, flags, kind)
    if kind == "destroy" and status == 0:
        _after_destroy(session, stack, flags)
    return status


def scrubbed(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment for programs and providers: no AWS setting of the user's gets through.

    Real accounts are the pulumi CLI's work: here even a default profile or the machine's own role is out of
    reach.
    """
    kept = {key: value for key, value in environ.items() if not key.startswith("AWS_")}
    return {
        **kept,
        "AWS_ACCESS_KEY_ID": "sandbox",
        "AWS_SECRET_ACCESS_KEY": "sandbox",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


# ---- Preparing -------------------------------------------------------------------------------------


def _prepared(session: Session, flags: Namespace, kind: Kind) -> tuple[Operation, Deployment | None]:
    from sandbox.engine.operations import Operation

    for pair in flags.config:
        key, equals, text = pair.partition("=")
        if not equals:
            raise UsageError(f"--config {key!r} has to be KEY=VALUE")
        session.config.set(key, text, path=flags.config_path)
    project = session.project
    values = merged(session.config.values, project_config.defaults(project.declared))
    secret_keys = frozenset(key for key, value in values.items() if has_secret(value))
    if kind in ("up", "preview"):
        project_config.validate(project.declared, values, secret_keys, session.stack)
    operation = Operation(
        kind="up" if kind == "preview" else kind,
        project=project,
        stack=session.stack,
        config={key: as_text(opened(value, session.secrets)) for key, value in values.items()},
        secret_keys=secret_keys,
        env=scrubbed(session.environ),
        targets=tuple(flags.target),
        target_dependents=flags.target_dependents,
        refresh_first=flags.refresh,
        parallel=flags.parallel,
        policy_packs=tuple(session.cwd / path for path in flags.policy_pack),
        policy_config=tuple(session.cwd / path for path in flags.policy_pack_config),
        clear_pending_creates=flags.clear_pending_creates,
        expect_no_changes=flags.expect_no_changes,
        message=flags.message,
    )
    return operation, _loaded(session)


def _loaded(session: Session) -> Deployment | None:
    """The stack's state as it is now, sealed with the stack's own salt."""
    deployment = session.backend.load(session.stack)
    if deployment is None:
        return None
    return deployments.resealed(deployment, session.secrets_of(deployment), session.secrets)


def _require_consent(flags: Namespace, kind: Kind) -> None:
    if flags.yes or flags.skip_preview or flags.preview_only or _interactive(flags):
        return
    error = NeedsConsentError(CONSENT)
    if kind == "refresh":
        error.exit_code = 1
    raise error


def _check_event_log(session: Session, flags: Namespace) -> None:
    if flags.event_log and session.environ.get("PULUMI_DEBUG_COMMANDS") not in ("1", "true"):
        raise UsageError("unknown flag: --event-log. It needs PULUMI_DEBUG_COMMANDS=true in the environment")


def _interactive(flags: Namespace) -> bool:
    return not flags.non_interactive and sys.stdin.isatty() and sys.stdout.isatty()


def _consented(kind: Kind, stack: str) -> bool:
    answer = input(f"Do you want to perform this {NOUNS[kind]} on '{stack}'? yes / no: ").strip().lower()
    if answer in ("yes", "y"):
        return True
    print(f"confirmation declined, not proceeding with the {NOUNS[kind]}", file=sys.stderr)
    return False


# ---- Running ---------------------------------------------------------------------------------------


def _once(
    session: Session,
    flags: Namespace,
    operation: Operation,
    deployment: Deployment | None,
    save: Callable[[Deployment], None] | None,
) -> Outcome:
    """One run, as a preview if `save` is None."""
    from sandbox.engine.operations import run as run_operation

    with contextlib.ExitStack() as until_end:
        sinks: list[Sink] = []
        if flags.event_log:
            sinks.append(until_end.enter_context(EventLog.open(session.cwd / flags.event_log)))

        def opened_sink() -> Sink:
            display = _display(session, flags, operation, preview=save is None)
            return Fanout(*sinks, until_end.enter_context(display))

        events = HeldEvents(session.secrets, opened_sink)
        until_end.callback(events.close)
        outcome = run_operation(operation, deployment, session.secrets, save, events)
        events.release()
        return outcome


def _display(
    session: Session, flags: Namespace, operation: Operation, *, preview: bool
) -> contextlib.AbstractContextManager[Sink]:
    if flags.json:
        return contextlib.nullcontext(EventLog(sys.stdout))
    from sandbox.engine.terminal import is_live, wants_colour

    settings: dict[str, Any] = {
        "kind": operation.kind,
        "preview": preview,
        "stack": operation.stack,
        "project": operation.project.name,
        "colour": wants_colour(flags.color, session.environ),
        "suppress_outputs": flags.suppress_outputs,
        "diff": flags.diff,
    }
    if is_live(flags, session.environ):
        from sandbox.engine.live import LiveDisplay

        return LiveDisplay(sys.stdout, **settings)
    from sandbox.engine.display import Display

    return Display(sys.stdout, **settings)


def _exit_of(outcome: Outcome, flags: Namespace, kind: Kind) -> int:
    changes = any(number for op, number in outcome.changes.items() if op not in ("same", "read", "refresh"))
    if flags.expect_no_changes and changes and outcome.exit_code in (0, 7):
        noun = NOUNS["up" if kind == "preview" else kind]
        print(f"error: no changes were expected for {noun} but changes were proposed", file=sys.stderr)
        return 7
    return outcome.exit_code


def _after_destroy(session: Session, stack: str, flags: Namespace) -> None:
    if flags.remove:
        from sandbox.engine.stack_commands import forget

        forget(session, stack)
        print("The resources in the stack have been deleted, and the history and configuration removed.")
    elif not flags.target and not flags.json:
        print(DESTROYED.format(stack=stack))
