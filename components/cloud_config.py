"""What a host is given at its first boot: a `#cloud-config` text with the programs of `host/`, and no secret.

User data can be read by every process on the host and by whoever may describe instances; the programs find
the key with the host's own role. At most 16 KB, so programs are compressed.
"""

from __future__ import annotations

import base64
import gzip
from pathlib import Path

PROGRAMS = "/opt/cexio-bot"
LIMIT = 16_384
PROBE = Path(__file__).resolve().parent.parent / "host" / "probe.py"
TEMPLATE = """\
#cloud-config
write_files:
{files}
runcmd:
  - [systemctl, disable, --now, sshd]
"""
FILE = """\
  - path: {path}
    owner: root:root
    permissions: "0755"
    encoding: gz+b64
    content: {content}"""


class UserDataTooLongError(Exception):
    """The rendered text is longer than EC2 takes."""


def cloud_config(programs: tuple[Path, ...] = (PROBE,)) -> str:
    """The user data that installs the programs; the same text on every machine and at every time."""
    files = [FILE.format(path=f"{PROGRAMS}/{program.name}", content=_packed(program)) for program in programs]
    text = TEMPLATE.format(files="\n".join(files))
    if len(text.encode()) > LIMIT:
        raise UserDataTooLongError(
            f"user data has {len(text.encode())} bytes and EC2 takes {LIMIT}: shorten the programs in host/"
        )
    return text


def _packed(program: Path) -> str:
    return base64.b64encode(gzip.compress(program.read_bytes(), compresslevel=9, mtime=0)).decode()
