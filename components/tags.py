"""The users' own tags: which they may be. The owner tag is the providers' and cannot be set here."""

from __future__ import annotations

import re

RESERVED = ("aws:", "cexio-bot:")
ALLOWED = re.compile(r"[\w .:/=+\-@]*")
MOST = 40  # AWS allows 50 a resource; the rest is left to the owner tag, the name and the company's own


def checked_tags(tags: dict[str, str]) -> dict[str, str]:
    """The tags, if AWS takes them on every object; ValueError says which one and why not."""
    if len(tags) > MOST:
        raise ValueError(f"{len(tags)} tags are too many: at most {MOST}")
    seen = {"name": "Name"}  # which every object has
    for key in tags:
        other = seen.setdefault(key.lower(), key)
        if other != key:
            raise ValueError(
                f"the tag keys {other} and {key} differ in case alone, which IAM does not tell apart"
            )
    for key, value in tags.items():
        if not 1 <= len(key) <= 128:
            raise ValueError("a tag's key has 1 to 128 characters")
        if key.lower().startswith(RESERVED):
            raise ValueError(f"tag keys that begin with {' or '.join(RESERVED)} are reserved: choose another")
        if len(value) > 256:
            raise ValueError("a tag's value has at most 256 characters")
        if not (ALLOWED.fullmatch(key) and ALLOWED.fullmatch(value)):
            raise ValueError("tags are made of letters, digits, spaces and . : / = + - @ _")
    return tags
