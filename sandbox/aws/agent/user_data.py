"""Writes the files that an instance's user data asks for, as cloud-init's write_files would.

Only `#cloud-config` is read, and of it only write_files: https://cloudinit.readthedocs.io/en/latest/reference/modules.html#write-files
"""

from __future__ import annotations

import base64
import binascii
import gzip
import posixpath
from pathlib import Path
from typing import Any

import yaml

_GZIP_MAGIC = b"\x1f\x8b"


class UnreadableUserDataError(ValueError):
    """The user data is not what cloud-init would take; the message says where."""


def write_files(user_data: bytes, root: Path) -> list[str]:
    """Write the files below `root` and return their absolute paths as the host sees them.

    Raises UnreadableUserDataError; files before the faulty entry are written, as on a real host.
    """
    written = []
    for number, entry in enumerate(_entries(user_data)):
        if not isinstance(entry, dict) or not isinstance(entry.get("path"), str):
            raise UnreadableUserDataError(f"write_files[{number}] has no path")
        path = posixpath.normpath(posixpath.join("/", entry["path"]))
        target = root / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("ab" if entry.get("append") else "wb") as file:
            file.write(_content(entry, number))
        target.chmod(_mode(entry, number))
        written.append(path)
    return written


def _entries(user_data: bytes) -> list[Any]:
    try:
        text = (gzip.decompress(user_data) if user_data.startswith(_GZIP_MAGIC) else user_data).decode()
    except (OSError, EOFError, UnicodeDecodeError) as fault:
        raise UnreadableUserDataError("user data is neither text nor gzip of text") from fault
    if text.split("\n", 1)[0].rstrip() != "#cloud-config":
        raise UnreadableUserDataError(
            "user data does not begin with the line #cloud-config: nothing was written"
        )
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as fault:
        where = getattr(fault, "problem_mark", None)
        raise UnreadableUserDataError(
            f"user data is not YAML (line {where.line + 1 if where else '?'})"
        ) from fault
    entries = document.get("write_files", []) if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise UnreadableUserDataError("write_files is not a list")
    return entries


def _content(entry: dict[str, Any], number: int) -> bytes:
    content = entry.get("content", "")
    data = content if isinstance(content, bytes) else str(content).encode()
    encoding = str(entry.get("encoding", "text/plain")).lower()
    try:
        if encoding in ("b64", "base64", "gz+b64", "gzip+b64", "gz+base64", "gzip+base64"):
            data = base64.b64decode(data)
        if encoding.startswith("gz"):
            data = gzip.decompress(data)
    except (binascii.Error, OSError, EOFError) as fault:
        raise UnreadableUserDataError(f"write_files[{number}] is not {encoding}") from fault
    return data


def _mode(entry: dict[str, Any], number: int) -> int:
    permissions = entry.get("permissions", "0644")
    try:
        # YAML reads an unquoted 0644 as the octal number it is.
        return permissions if isinstance(permissions, int) else int(str(permissions), 8)
    except ValueError as fault:
        raise UnreadableUserDataError(f"write_files[{number}] has permissions that are not octal") from fault
