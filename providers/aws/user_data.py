"""What a host's user data says, apart from how it was packed.

components/cloud_config.py compresses each program. Another build of zlib, or another Python, compresses the
same program to other bytes, which is no reason to replace a host. So wherever user data is compared or
hashed, each `content:` that unpacks is taken for the digest of what is inside; all else as it stands.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import hashlib
import re
import zlib

PACKED = re.compile(r"^(\s*content: )([A-Za-z0-9+/]+=*)$", re.MULTILINE)


def unpacked(text: str) -> str:
    """The user data with every packed file replaced by the SHA-256 of its content."""
    return PACKED.sub(lambda found: found[1] + _digest(found[2]), text)


def _digest(packed: str) -> str:
    try:
        content = gzip.decompress(base64.b64decode(packed, validate=True))
    except (binascii.Error, EOFError, OSError, zlib.error):
        return packed
    return f"sha256 {hashlib.sha256(content).hexdigest()}"
