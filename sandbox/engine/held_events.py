"""Shows nothing of a run before the passphrase is known to be right.

The key takes some tenths of a second to derive, in which the run's processes already start. Should it turn
out wrong, one line says so, and no half of a display stands above it.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from typing import Any

from sandbox.engine.errors import IncorrectPassphraseError
from sandbox.engine.events import Event, Sink
from sandbox.engine.secrets import PassphraseSecrets

Deployment = dict[str, Any]


class HeldEvents:
    """Keeps events back until the secrets are ready, then opens the sink and passes everything on."""

    def __init__(self, secrets: PassphraseSecrets, opened: Callable[[], Sink]) -> None:
        self._secrets = secrets
        self._opened = opened
        self._held: list[Event] = []
        self._sink: Sink | None = None
        self._closed = False
        self._lock = threading.RLock()
        self._waiting = threading.Thread(target=self._release_in_time, daemon=True)
        self._waiting.start()

    def emit(self, event: Event) -> None:
        with self._lock:
            self._held.append(event)
            if self._secrets.is_ready:
                self.release()

    def release(self) -> None:
        """Pass on what is held; IncorrectPassphraseError, and nothing shown, if the passphrase is wrong."""
        self._secrets.verify()
        with self._lock:
            if self._sink is None and not self._closed:
                self._sink = self._opened()
            while self._sink and self._held:
                self._sink.emit(self._held.pop(0))

    def close(self) -> None:
        """The run is over: what was not shown by now is not shown any more."""
        with self._lock:
            self._closed = True
        self._waiting.join()  # no thread is to be at work while the interpreter goes down

    def _release_in_time(self) -> None:
        with contextlib.suppress(IncorrectPassphraseError):  # told when the run is over
            self.release()


def guarded(save: Callable[[Deployment], None], secrets: PassphraseSecrets) -> Callable[[Deployment], None]:
    """`save`, but that nothing is written with a wrong passphrase; so nothing is made either."""

    def save_verified(deployment: Deployment) -> None:
        secrets.verify()
        save(deployment)

    return save_verified
