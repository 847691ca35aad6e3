from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox.aws.world import World, running


@pytest.fixture
def aws(tmp_path: Path) -> Iterator[World]:
    """A sandbox AWS without delays: what is due is done by the next call."""
    with running(tmp_path / "aws") as world:
        yield world


@pytest.fixture
def still(tmp_path: Path) -> Iterator[World]:
    """A sandbox AWS whose time stands still until the test moves it; one usual second is a thousand."""
    with running(tmp_path / "aws", pace=1000) as world:
        yield world
