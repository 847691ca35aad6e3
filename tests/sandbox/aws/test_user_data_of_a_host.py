from __future__ import annotations

import base64
import gzip
from pathlib import Path

import pytest

from sandbox.aws.agent.user_data import UnreadableUserDataError, write_files


def cloud_config(entry: str) -> bytes:
    return f"#cloud-config\nwrite_files:\n- {entry}\n".encode()


class TestUserDataIsReadAsCloudInitReadsIt:
    """A file that the sandbox writes and a real host does not would never be missed before production.

    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html#user-data-cloud-init
    """

    def test_plain_base64_and_packed_content(self, tmp_path: Path) -> None:
        packed = base64.b64encode(gzip.compress(b"three")).decode()
        text = (
            "#cloud-config\nwrite_files:\n"
            "- {path: /a/one, content: one}\n"
            f"- {{path: /two, encoding: b64, content: {base64.b64encode(b'two').decode()}}}\n"
            f"- {{path: /three, encoding: gz+b64, permissions: '0750', content: {packed}}}\n"
        )
        assert write_files(text.encode(), tmp_path) == ["/a/one", "/two", "/three"]
        assert [(tmp_path / name).read_text() for name in ("a/one", "two", "three")] == [
            "one",
            "two",
            "three",
        ]
        assert (tmp_path / "three").stat().st_mode & 0o777 == 0o750

    def test_a_packed_document_is_unpacked(self, tmp_path: Path) -> None:
        write_files(gzip.compress(cloud_config("{path: /one, content: one}")), tmp_path)
        assert (tmp_path / "one").read_text() == "one"

    def test_no_path_leads_out_of_the_host(self, tmp_path: Path) -> None:
        write_files(cloud_config("{path: /../../../outside, content: x}"), tmp_path / "root")
        assert (tmp_path / "root" / "outside").exists()

    @pytest.mark.parametrize(
        ("data", "says"),
        [
            (b"#!/bin/sh\necho\n", "#cloud-config"),
            (b"#cloud-config\n{", "YAML"),
            (b"\x1f\x8bbroken", "gzip"),
            (cloud_config("{content: x}"), "write_files[0] has no path"),
            (cloud_config("{path: /x, encoding: gz+b64, content: aGFsbG8=}"), "gz+b64"),
            (cloud_config("{path: /x, permissions: rwx, content: x}"), "octal"),
        ],
    )
    def test_what_cannot_be_read_is_said(self, tmp_path: Path, data: bytes, says: str) -> None:
        with pytest.raises(UnreadableUserDataError) as caught:
            write_files(data, tmp_path)
        assert says in str(caught.value)
        assert "\n" not in str(caught.value)
