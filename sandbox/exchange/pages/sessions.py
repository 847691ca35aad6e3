"""Who is visiting: sessions in memory, known by a cookie; a restart of the server signs everybody out."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

KEPT = 200  # sessions; the oldest goes for the next


@dataclass
class Session:
    """`account` is set with the account's name, `signed_in` once the second factor was shown.

    unseen: secrets of keys just made, until their one showing. notice: a line for the next page.
    """

    form_token: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    account: str | None = None
    signed_in: bool = False
    notice: str = ""
    unseen: dict[str, str] = field(default_factory=dict, repr=False)

    def take_notice(self) -> str:
        told, self.notice = self.notice, ""
        return told


class Sessions:
    def __init__(self) -> None:
        self._by_cookie: dict[str, Session] = {}

    def find(self, cookie: str | None) -> Session | None:
        return self._by_cookie.get(cookie or "")

    def begin(self, session: Session | None = None) -> tuple[str, Session]:
        """A session under a cookie value that nobody has seen yet."""
        while len(self._by_cookie) >= KEPT:
            del self._by_cookie[next(iter(self._by_cookie))]
        cookie = secrets.token_urlsafe(32)
        self._by_cookie[cookie] = session or Session()
        return cookie, self._by_cookie[cookie]

    def end(self, cookie: str | None) -> None:
        self._by_cookie.pop(cookie or "", None)
