"""What all tests stand on."""

from __future__ import annotations

import signal

# A shell's background job has SIGINT ignored and hands that on: no command under test would hear a Ctrl-C.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
