"""The project: Pulumi.yaml, the folder it lies in, and what runs the program.

Only Python projects are known. A missing or unusable file is a ProjectError of one line; the settings of a
project that this engine has no use for are let stand.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.engine.errors import ProjectError
from sandbox.engine.project_config import Declaration, declarations
from sandbox.engine.yaml_text import YamlError, load

NAMES = ("Pulumi.yaml", "Pulumi.yml")


@dataclass(frozen=True)
class Project:
    """A project on disk.

    `root` is the folder of Pulumi.yaml, `path` that file, `main` the folder or file that is run, `python` the
    interpreter for the program and its providers, and `env` what is set for them besides the run's own
    environment.
    """

    name: str
    root: Path
    path: Path
    main: Path
    python: Path
    backend_url: str | None = None
    declared: tuple[Declaration, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def load(cls, cwd: Path, environ: Mapping[str, str]) -> Project:
        """The project that `cwd` lies in; ProjectError if there is none or it cannot be used."""
        path = find(cwd)
        try:
            content = load(path.read_text(encoding="utf-8"))
        except YamlError as error:
            raise ProjectError(f"{path}: {error}") from None
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not a text"
            raise ProjectError(f"could not read {path}: {reason}") from None
        if not isinstance(content, dict):
            raise ProjectError(f"{path}: expected settings such as `name:` and `runtime:`")
        name = content.get("name")
        if not isinstance(name, str) or not name:
            raise ProjectError(f"{path}: project is missing a 'name' attribute")
        options = _runtime_options(content, path)
        root = path.parent
        virtualenv = options.get("virtualenv")
        backend = content.get("backend")
        config = content.get("config")
        return cls(
            name=name,
            root=root,
            path=path,
            main=(root / str(content.get("main") or ".")).resolve(),
            python=python_of(root, virtualenv if isinstance(virtualenv, str) else None, environ),
            backend_url=backend.get("url") if isinstance(backend, dict) else None,
            declared=declarations(name, config, str(path)) if isinstance(config, dict) else (),
            env=_activated(root, virtualenv) if isinstance(virtualenv, str) else {},
        )


def find(cwd: Path) -> Path:
    """The Pulumi.yaml of the folder or of the nearest one above it."""
    for folder in (cwd, *cwd.parents):
        for name in NAMES:
            if (folder / name).is_file():
                return folder / name
    raise ProjectError(f"no Pulumi.yaml project file found (searching upwards from {cwd})")


def python_of(root: Path, virtualenv: str | None, environ: Mapping[str, str]) -> Path:
    """The interpreter of a project or pack: its virtual environment's, else the one in PATH, else our own.

    ProjectError if the virtual environment that is named is not there.
    """
    if virtualenv:
        python = root / virtualenv / "bin" / "python"
        if not python.exists():
            raise ProjectError(
                f"the virtual environment {root / virtualenv} has no bin/python: `make setup` makes it"
            )
        return python
    command = environ.get("PULUMI_PYTHON_CMD")
    for name in (command,) if command else ("python3", "python"):
        found = shutil.which(name, path=environ.get("PATH"))
        if found:
            return Path(found)
    return Path(sys.executable)


def _activated(root: Path, virtualenv: str) -> dict[str, str]:
    return {"VIRTUAL_ENV": str(root / virtualenv)}


def _runtime_options(content: Mapping[str, Any], path: Path) -> Mapping[str, Any]:
    runtime = content.get("runtime")
    name, options = (
        (runtime.get("name"), runtime.get("options")) if isinstance(runtime, dict) else (runtime, None)
    )
    if name != "python":
        raise ProjectError(
            f"{path}: runtime {name!r} is not known to this engine: it runs python programs only"
        )
    return options if isinstance(options, dict) else {}
