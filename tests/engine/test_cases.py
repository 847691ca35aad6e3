"""Each recorded case of the real engine, run with the stand-in, and with the CLI too where it is on PATH.

The cases and their runner lie in tests/engine_cases; its README tells what is compared.
"""

import importlib.util
import shutil
import sys
from argparse import Namespace
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CASES = ROOT / "tests" / "engine_cases"
STAND_IN = ROOT / "sandbox" / "bin" / "pulumi"
NAMES = sorted(path.parent.name for path in CASES.glob("*/case.json"))


def runner():
    spec = importlib.util.spec_from_file_location("conformance", CASES / "conformance.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def real_cli():
    found = shutil.which("pulumi")
    return found if found and Path(found).resolve() != STAND_IN else None


ENGINES = [pytest.param(str(STAND_IN), id="stand-in")]
if real_cli():
    ENGINES.append(pytest.param(real_cli(), id="cli", marks=pytest.mark.long))


def test_there_are_cases_to_run():
    assert len(NAMES) >= 39


class TestTheEngineDoesWhatPulumiDoes:
    """A stand-in that differs would let a plan pass here that does harm under the CLI, or the other way."""

    @pytest.mark.parametrize("engine", ENGINES)
    @pytest.mark.parametrize("name", NAMES)
    def test_case(self, name, engine):
        arguments = Namespace(pulumi=[engine], python=sys.executable, limit=120, keep=False)
        assert runner().check(CASES / name, arguments) is None
