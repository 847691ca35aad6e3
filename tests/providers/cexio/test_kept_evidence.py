"""providers/cexio/kept_evidence.py where the disk does not take it."""

from __future__ import annotations

from pathlib import Path

import pytest

from cexio.verdicts import judge
from providers.cexio.kept_evidence import kept
from providers.endpoints import Endpoints
from tests.cexio.answers import EXPECTED, host

ENDPOINTS = Endpoints(sandbox=True, region="eu-west-1", aws=None, cexio="http://127.0.0.1:9")
REFUSED = judge(host(), None, None, EXPECTED)


class TestADiskHidesNoVerdict:
    """A full disk in the place of a verdict sends the operator to the wrong machine."""

    def test_a_folder_that_cannot_be_made(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "file").touch()
        monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "file"))
        line = kept(REFUSED, "ab" * 32, "cexio-bot/dev/key", ENDPOINTS)
        assert line.startswith("what was answered could not be kept: ")
        assert "Not a directory" in line

    def test_a_file_that_cannot_be_replaced(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PULUMI_HOME", str(tmp_path))
        file = Path(kept(REFUSED, "ab" * 32, "cexio-bot/dev/key", ENDPOINTS).rpartition(" is in ")[2])
        file.unlink()
        file.mkdir()
        assert "Is a directory" in kept(REFUSED, "ab" * 32, "cexio-bot/dev/key", ENDPOINTS)
        assert list(file.parent.iterdir()) == [file]
