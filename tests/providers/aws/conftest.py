"""The sandbox's AWS and one provider process for the session; a stack of objects for a test or a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.providers.aws.world import Engine, World
from tests.providers.sandbox_processes import Aws, endpoints_file

NO_EXCHANGE = "http://127.0.0.1:9"


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sandbox")


@pytest.fixture(scope="session")
def aws(folder: Path) -> Iterator[Aws]:
    server = Aws(folder)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def engine(folder: Path, aws: Aws) -> Iterator[Engine]:
    endpoints_file(folder, aws.url, NO_EXCHANGE)
    end = Engine({"cexio-bot:sandbox": "true"}, {"CEXIO_BOT_SANDBOX_DIR": str(folder)})
    yield end
    end.stop()


@pytest.fixture(scope="module")
def stack(engine: Engine, aws: Aws) -> Iterator[World]:
    """A stack that the tests of a file share and leave as it was."""
    world = World(engine, aws)
    yield world
    world.take_down()


@pytest.fixture
def own_stack(engine: Engine, aws: Aws) -> Iterator[World]:
    """A stack of one test's own, which may do anything to it."""
    world = World(engine, aws)
    yield world
    world.take_down()
