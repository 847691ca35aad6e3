"""offered_key.py and stored_key.py: the key comes in whole, unseen, and always as the same bytes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from cexio.credentials import Credentials
from providers.cexio.offered_key import KeyNotAccepted, fingerprint, offered_key
from providers.cexio.stored_key import NotAKey, as_text, from_text
from tests.providers.sandbox_processes import ROOT

KEY, SECRET = "canaryKEY0123456789abcdef", "canarySECRET0123456789abcdefghijklmnop"
OWNER = "cexio-bot/test/key-bot"


def values(credentials: Credentials | None) -> tuple[str, str]:
    assert credentials is not None
    return credentials.key.get_secret_value(), credentials.secret.get_secret_value()


def file(folder: Path, content: object, mode: int = 0o600) -> dict[str, str]:
    path = folder / "key.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    path.chmod(mode)
    return {"CEXIO_KEY_FILE": str(path)}


class TestOffering:
    """A key that brings a quote or a blank along is refused by the exchange for no visible reason."""

    def test_nothing_offered_is_no_key(self) -> None:
        assert offered_key({}) is None
        assert offered_key({"CEXIO_KEY_FILE": "", "CEXIO_API_KEY": ""}) is None

    def test_a_file_that_only_its_owner_can_read_is_taken(self, tmp_path: Path) -> None:
        assert values(offered_key(file(tmp_path, {"key": KEY, "secret": SECRET}))) == (KEY, SECRET)

    @pytest.mark.parametrize("pasted", ["{}\n", '"{}"', " '{}' ", "\u201c{}\u201d", "\ufeff{}\u00a0", "{},"])
    def test_what_copying_brings_along_is_trimmed(self, pasted: str) -> None:
        offered = offered_key(
            {"CEXIO_API_KEY": pasted.format(KEY), "CEXIO_API_SECRET": pasted.format(SECRET)}
        )
        assert values(offered) == (KEY, SECRET)

    @pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o610])
    def test_a_file_that_others_can_reach_is_refused_with_the_command_that_closes_it(
        self, tmp_path: Path, mode: int
    ) -> None:
        with pytest.raises(KeyNotAccepted, match="chmod 600"):
            offered_key(file(tmp_path, {"key": KEY, "secret": SECRET}, mode))


class TestRefusals:
    """A message that echoes what it refuses puts the secret into logs."""

    @pytest.mark.parametrize(
        "content",
        [
            "",
            KEY,
            f"{KEY}:{SECRET}",
            {"key": KEY},
            {"key": KEY, "secret": 5},
            {"key": KEY, "secret": SECRET[:4]},
            {"key": KEY, "secret": f"{SECRET} {SECRET}"},
            {"key": SECRET, "secret": SECRET},
            {"key": "up123456789", "secret": SECRET},
            [KEY, SECRET],
            "\x00" * 20_000,
        ],
    )
    def test_what_is_no_key_is_refused_in_one_line_that_shows_none_of_it(
        self, tmp_path: Path, content: object
    ) -> None:
        with pytest.raises(KeyNotAccepted) as caught:
            offered_key(file(tmp_path, content))
        told = str(caught.value)
        assert "\n" not in told
        assert "canary" not in told
        assert "CEXIO_KEY_FILE" in told

    def test_a_legacy_user_id_is_told_from_a_wrong_key(self) -> None:
        with pytest.raises(KeyNotAccepted, match="legacy"):
            offered_key({"CEXIO_API_KEY": "up123456789", "CEXIO_API_SECRET": SECRET})

    def test_half_an_offer_or_two_offers_are_refused(self, tmp_path: Path) -> None:
        for environment in (
            {"CEXIO_API_KEY": KEY},
            {"CEXIO_API_SECRET": SECRET},
            {**file(tmp_path, {"key": KEY, "secret": SECRET}), "CEXIO_API_KEY": KEY},
        ):
            with pytest.raises(KeyNotAccepted):
                offered_key(environment)

    def test_a_path_that_is_no_readable_file_is_named(self, tmp_path: Path) -> None:
        for path in (tmp_path / "none.json", tmp_path):
            with pytest.raises(KeyNotAccepted, match=path.name):
                offered_key({"CEXIO_KEY_FILE": str(path)})

    def test_a_pipe_that_nobody_writes_to_is_named_and_not_waited_for(self, tmp_path: Path) -> None:
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe, 0o600)
        program = "import os; from cexio.offered_key import offered_key; offered_key(os.environ)"
        ran = subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT,
            env={"CEXIO_KEY_FILE": str(pipe)},
            capture_output=True,
            text=True,
            timeout=30,  # far more than it takes; a pipe that is waited for ends the test here
            check=False,
        )
        assert f"CEXIO_KEY_FILE: {pipe} is not a plain file" in ran.stderr

    @pytest.mark.parametrize("path", ["key\0.json", "~nobody-of-this-name/key.json"])
    def test_a_path_that_cannot_be_one_is_refused_in_one_line(self, path: str) -> None:
        with pytest.raises(KeyNotAccepted, match="CEXIO_KEY_FILE: the path"):
            offered_key({"CEXIO_KEY_FILE": path})


class TestFingerprint:
    """It lies in the state for all to read, and must tell keys apart without helping to guess one."""

    def test_it_is_the_same_for_the_same_key_and_stack_only(self) -> None:
        one = Credentials(key=SecretStr(KEY), secret=SecretStr(SECRET))
        other = Credentials(key=SecretStr(KEY), secret=SecretStr(SECRET + "x"))
        mark = fingerprint(one, OWNER)
        assert len(mark) == 64
        assert mark == fingerprint(one, OWNER)
        assert len({mark, fingerprint(other, OWNER), fingerprint(one, OWNER + "2")}) == 3


class TestStoredForm:
    """Other bytes under a known version id are an error on AWS, for ever."""

    @given(st.text("abcXYZ019+/=\"'\\", min_size=1), st.text("abcXYZ019+/=\"'\\", min_size=1))
    def test_a_key_is_read_back_as_it_was_stored(self, key: str, secret: str) -> None:
        stored = Credentials.model_construct(key=SecretStr(key), secret=SecretStr(secret))
        text = as_text(stored)
        assert json.loads(text) == {"key": key, "secret": secret}
        assert " " not in text

    def test_the_placeholder_is_no_key(self) -> None:
        assert from_text('{"status":"awaiting key"}') is None

    @pytest.mark.parametrize("text", ["", "x", "[]", "{}", '{"key":"a"}', '{"key":1,"secret":2}'])
    def test_anything_else_is_told_and_not_taken_for_either(self, text: str) -> None:
        with pytest.raises(NotAKey, match="CEXIO_KEY_FILE"):
            from_text(text)
