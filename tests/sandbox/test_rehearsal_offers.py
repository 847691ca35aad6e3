"""A person without a terminal brings the key to a rehearsal in a file, and only the right one is taken."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sandbox.key_review import Row
from sandbox.rehearsal import Offers

ROW = Row(key="abcdefgh", label="Bot", status="active", permissions=("Read",), addresses=())


class TestOnlyThisKeyIsTaken:
    """A file left over from a real account, taken for this one's, would hand a real key to a stand-in."""

    @pytest.fixture
    def offers(self, tmp_path: Path) -> Offers:
        return Offers(tmp_path / "key.json", tmp_path)

    def test_the_file_is_waited_for_and_told_of_once(
        self, offers: Offers, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        for _ in range(2):
            with offers(ROW) as path:
                assert path is None
        assert capsys.readouterr().out.count(str(tmp_path / "key.json")) == 1

    def test_a_file_with_this_key_is_offered_as_it_is(self, offers: Offers, tmp_path: Path) -> None:
        file = tmp_path / "key.json"
        file.write_text(json.dumps({"key": ROW.key, "secret": "s"}))
        with offers(ROW) as path:
            assert path == file
        assert file.exists()

    @pytest.mark.parametrize(
        ("content", "told"),
        [('{"key": "real-key", "secret": "s3cr3t"}', "holds another key"), ("{", "is not JSON")],
    )
    def test_any_other_is_refused_without_a_word_of_it(
        self,
        offers: Offers,
        tmp_path: Path,
        capsys: pytest.CaptureFixture[str],
        content: str,
        told: str,
    ) -> None:
        (tmp_path / "key.json").write_text(content)
        for _ in range(2):
            with offers(ROW) as path:
                assert path is None
        said = capsys.readouterr().out
        assert said.count(told) == 1
        assert "s3cr3t" not in said
        assert "real-key" not in said
