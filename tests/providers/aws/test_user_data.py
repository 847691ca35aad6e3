"""providers/aws/user_data.py: what a host is told, whatever packed it."""

from __future__ import annotations

import base64
import gzip
import re

import pytest

from components.cloud_config import cloud_config
from providers.aws.user_data import unpacked
from tests.providers.aws.world import World

TEXT = cloud_config()


def packed_otherwise(text: str) -> str:
    """The same files as another build of zlib packs them."""

    def again(found: re.Match[str]) -> str:
        plain = gzip.decompress(base64.b64decode(found[1]))
        return f"content: {base64.b64encode(gzip.compress(plain, 1, mtime=1)).decode()}"

    return re.sub(r"content: (\S+)", again, text)


class TestPackedOtherwise:
    """A Python update on the deployer's machine replaced every host: the same program, other bytes."""

    def test_the_same_files_are_the_same_user_data(self) -> None:
        assert packed_otherwise(TEXT) != TEXT
        assert unpacked(packed_otherwise(TEXT)) == unpacked(TEXT)

    def test_it_is_no_change_and_the_running_machine_is_adopted(self, own_stack: World) -> None:
        inputs = own_stack.inputs("Instance", userData=TEXT)
        made = own_stack.objects["Instance"] = own_stack.create("Instance", inputs)
        news = {**inputs, "userData": packed_otherwise(TEXT)}
        assert own_stack.engine.diff(made.id, made.outs, news) == (False, [])
        assert own_stack.create("Instance", news).id == made.id

    @pytest.mark.parametrize(
        "other",
        [
            TEXT.replace("0755", "0700"),
            TEXT + "  - [reboot]\n",
            TEXT.replace(
                re.findall(r"content: (\S+)", TEXT)[0], base64.b64encode(gzip.compress(b"x")).decode()
            ),
            "#cloud-config\n",
        ],
        ids=["mode", "command", "content", "nothing"],
    )
    def test_anything_that_says_something_else_is_a_change(self, other: str) -> None:
        assert unpacked(other) != unpacked(TEXT)

    @pytest.mark.parametrize(
        "text",
        ["#!/bin/sh\necho content: x\n", "  content: YWJj\n", "  content: H4sIAAAA\n", "  content: A\n", ""],
    )
    def test_what_does_not_unpack_stands_as_it_is(self, text: str) -> None:
        assert unpacked(text) == text
