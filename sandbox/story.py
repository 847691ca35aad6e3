"""What the sandbox's `make` targets do, told as it happens.

    python -m sandbox.story up | preflight | preview | refresh | recover | destroy

`up` is the whole story of the product: world, stack, a person who makes the key that the stack asks for, and
the proof of that key. The work is the engine's, the program's and the world's; here is only their order and
what a person reads in between. Real accounts are never touched: see sandbox/pulumi_cli.py.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

from sandbox import summary
from sandbox.person import PersonError, make_key, offered, offered_file
from sandbox.pulumi_cli import ROOT, STACK, Pulumi, engine_for
from sandbox.world import World, WorldError, default_folder

OFFERING = ("CEXIO_KEY_FILE", "CEXIO_API_KEY", "CEXIO_API_SECRET")
UNATTENDED = ("--yes", "--skip-preview", "--stack", STACK)
POLICIES = ("--policy-pack", "policies")
POLICY_CONFIG = ROOT / "policies" / "config" / f"{STACK}.json"


class StoryError(Exception):
    """The story cannot go on; the text is the one line that says why and what to do."""


def say(text: str) -> None:
    """A line of the story, at once."""
    print(text, flush=True)


def step(text: str) -> None:
    """A heading of the story."""
    say(f"\n==> {text}")


def stack_selected(pulumi: Pulumi, folder: Path) -> None:
    """Make or select the sandbox's stack; the CLI wants the backend's folder to be there."""
    (folder / "state").mkdir(exist_ok=True)
    answer = pulumi.answer("stack", "select", "--create", STACK)
    if answer.returncode != 0:
        raise StoryError(last_line(answer.stderr or answer.stdout))


def last_line(text: str) -> str:
    """The line of an engine's answer that tells the fault."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    told = [line for line in lines if line.startswith("error:")]
    return (told or lines or ["the engine gave no reason"])[0].removeprefix("error: ")


def policies() -> tuple[str, ...]:
    """The policy pack, with the stack's own configuration of it where there is one."""
    return (*POLICIES, *(("--policy-pack-config", str(POLICY_CONFIG)) if POLICY_CONFIG.exists() else ()))


def applied(pulumi: Pulumi, extra: dict[str, str] | None = None) -> int:
    """One `pulumi up` with the policies; its exit status."""
    return pulumi.run("up", *UNATTENDED, "--suppress-outputs", *policies(), extra=extra)


def deployed(pulumi: Pulumi, extra: dict[str, str] | None = None) -> None:
    """One `pulumi up`; a failure ends the story, as the engine has told it."""
    if applied(pulumi, extra) != 0:
        raise StoryError(
            "`up` did not finish; what it made is kept, and the next `make up` goes on from there (if a run "
            "was killed and its lock or pending operations are in the way: `make recover` first)"
        )


def up(pulumi: Pulumi, folder: Path) -> int:
    """World, stack, key, proof; the summary at the end."""
    step("The sandbox: AWS and the exchange, on this machine alone")
    World(folder).start(say)
    offered_file(folder).unlink(missing_ok=True)
    stack_selected(pulumi, folder)
    before = pulumi.outputs()
    brought = any(os.environ.get(name) for name in OFFERING)

    step("Deploy: address, network, role, secret container, host, whitelist record")
    deployed(pulumi)
    outputs = pulumi.outputs()

    if outputs.get("status") == "awaiting key" and not brought:
        step("A stand-in for you: make and activate the key on the sandbox exchange, exactly as recorded")
        key = make_key(outputs["whitelist"], folder)
        say(f"Key {outputs['whitelist']['label']!r} made and activated for {outputs['address']}.")
        step("Deploy again with the key offered: stage it, prove it from the host and from here, promote it")
        with offered(key, folder) as path:
            deployed(pulumi, {"CEXIO_KEY_FILE": str(path)})
        outputs = pulumi.outputs()

    summary.show(outputs, unchanged=bool(before) and before == outputs)
    return 0


def preview(pulumi: Pulumi, folder: Path) -> int:
    """What `up` would change."""
    World(folder).require_running()
    stack_selected(pulumi, folder)
    return pulumi.run("preview", "--stack", STACK, *policies())


def refresh(pulumi: Pulumi, folder: Path) -> int:
    """Compare the state with what is there; then what the next `up` would put right."""
    World(folder).require_running()
    stack_selected(pulumi, folder)
    status = pulumi.run("refresh", *UNATTENDED)
    return status or pulumi.command("recover", "--look-only") or pulumi.run("preview", "--stack", STACK)


def recover(pulumi: Pulumi, folder: Path) -> int:
    """After a killed run: its lock, its pending operations, and what no state knows."""
    World(folder).require_running()
    stack_selected(pulumi, folder)
    return pulumi.command("recover")


def preflight(pulumi: Pulumi, folder: Path) -> int:
    """What an `up` would fail on, asked without changing anything."""
    World(folder).require_running()
    stack_selected(pulumi, folder)
    return pulumi.command("preflight")


def destroy(pulumi: Pulumi, folder: Path) -> int:
    """Destroy the stack alone; say which address is kept."""
    World(folder).require_running()
    stack_selected(pulumi, folder)
    outputs = pulumi.outputs()
    status = pulumi.run("destroy", *UNATTENDED)
    if status == 0:
        summary.show_kept(outputs)
    return status


STORIES: dict[str, Callable[[Pulumi, Path], int]] = {
    "up": up,
    "preview": preview,
    "preflight": preflight,
    "refresh": refresh,
    "recover": recover,
    "destroy": destroy,
}


def main(words: list[str]) -> int:
    """Run the story named; its exit status."""
    if len(words) != 1 or words[0] not in STORIES:
        print(f"error: say one of {', '.join(STORIES)}", file=sys.stderr)
        return 2
    folder = default_folder()
    engine = engine_for()
    say(f"Engine: {engine.line}.")
    try:
        return STORIES[words[0]](Pulumi(engine, folder), folder)
    except KeyboardInterrupt:
        print(
            "\nerror: interrupted; nothing is lost, and the same command goes on from here", file=sys.stderr
        )
        return 130
    except (StoryError, PersonError, WorldError) as error:
        print(f"error: {error}", file=sys.stderr)
    except OSError as error:
        where = error.filename or folder
        print(
            f"error: {where}: {error.strerror}; free the way and run the same command again", file=sys.stderr
        )
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
