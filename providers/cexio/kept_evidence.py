"""The evidence of a key that was refused, kept in a file: a refusal leaves the state as it was.

One file a key resource, of mode 0600, in the run's folder (see `providers.run`); the next refusal replaces
it. It holds what the outputs of a proven key would: verdict, findings and answers, free of secrets and
balances, each answer cut as the probes cut it. A disk that does not take it changes no verdict: the line
says so.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

from cexio.judgement import Judgement
from providers.endpoints import Endpoints
from providers.errors import ProviderError
from providers.run import run_folder, stack_of


def kept(judgement: Judgement, mark: str, owner: str, endpoints: Endpoints) -> str:
    """Write it down; where it can be read, as the end of the line that tells the refusal."""
    name = owner.removeprefix(stack_of(owner)).strip("/").replace("/", "-")
    told = {**judgement.model_dump(mode="json"), "fingerprint": mark}
    try:
        file = run_folder(stack_of(owner), endpoints) / f"refused-{name or 'key'}.json"
        _replace(file, json.dumps(told, indent=2) + "\n")
    except OSError as error:
        return f"what was answered could not be kept: {error.strerror}"
    except ProviderError as error:
        return f"what was answered could not be kept: {error}"
    return f"what was answered is in {file}"


def _replace(file: Path, text: str) -> None:
    """Whole or not at all, and readable by its owner alone from the first byte on."""
    number, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    temporary = Path(name)
    try:
        with os.fdopen(number, "w", encoding="utf-8") as opened:
            opened.write(text)
        temporary.replace(file)
    except BaseException:
        temporary.unlink()
        raise
