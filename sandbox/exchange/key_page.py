"""What a person does at the key page, done through the control surface of a running stand-in.

KeyPageError    one line: what the exchange said, or that it did not answer
"""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit


class KeyPageError(Exception):
    pass


class KeyPage:
    """The person's side of the exchange at `base_url`, whose store (with the token) is `store`."""

    def __init__(self, base_url: str, store: Path) -> None:
        self._address = urlsplit(base_url)
        self._store = store

    def make_key(
        self,
        account: str,
        *,
        label: str,
        permissions: Sequence[str],
        addresses: Sequence[str],
        sub_account: str = "bot",
        activate: bool = True,
        replace_unused: bool = False,
    ) -> dict[str, str]:
        """Make a key as a person would, code from the mailbox included: `{"key", "secret"}`."""
        form = {
            "label": label,
            "permissions": list(permissions),
            "whitelist": " ".join(addresses),
            "sub_account": sub_account,
            "replace_unused": replace_unused,
        }
        made = self.ask("POST", f"/accounts/{_part(account)}/keys", form)
        if activate:
            self.activate(account, made["key"], ask_for_code=False)
        return {"key": made["key"], "secret": made["secret"]}

    def activate(self, account: str, key: str, *, ask_for_code: bool = True) -> dict[str, Any]:
        """Activate with the code of the latest mail, a fresh one when asked for."""
        path = f"/accounts/{_part(account)}/keys/{_part(key)}"
        if ask_for_code:
            self.ask("POST", f"{path}/mail-code")
        mailbox = self.ask("GET", f"/accounts/{_part(account)}/mailbox")
        codes = re.findall(r": (\d{6})\.", mailbox[-1]["text"]) if mailbox else []
        if not codes:
            raise KeyPageError(f"no mail with a code is in the mailbox of account {account}")
        return dict(self.ask("POST", f"{path}/activate", {"code": codes[0]}))

    def key(self, method: str, account: str, key: str, verb: str = "", form: Any = None) -> Any:
        """Ask something of one key, named by its text or its label."""
        return self.ask(method, f"/accounts/{_part(account)}/keys/{_part(key)}{verb}", form)

    def accounts(self) -> list[str]:
        return [str(row["account"]) for row in self.ask("GET", "/accounts")]

    def open_account(self, account: str, *, sub_account: str = "bot") -> None:
        self.ask("POST", f"/accounts/{_part(account)}", {"sub_account": sub_account})

    def keys(self, account: str) -> list[dict[str, Any]]:
        return list(self.ask("GET", f"/accounts/{_part(account)}/keys"))

    def switches(self, changes: dict[str, Any] | None = None) -> dict[str, Any]:
        """The switches, after the changes; None as a value puts one back to its default."""
        return dict(self.ask("GET" if changes is None else "PATCH", "/switches", changes))

    def has_pages(self) -> bool:
        """Whether it shows pages to a browser: one that was started by older code does not."""
        try:
            connection = self._connection()
            try:
                connection.request("GET", "/rehearsal/sign-in")
                return connection.getresponse().status == 200
            finally:
                connection.close()
        except (OSError, http.client.HTTPException) as fault:
            raise KeyPageError(f"the sandbox's exchange did not answer: {fault}") from None

    def ask(self, method: str, path: str, form: Any = None) -> Any:
        """One request to the control surface. Raises KeyPageError with the exchange's own line."""
        body = None if form is None else json.dumps(form)
        try:
            token = (self._store / "control.token").read_text(encoding="utf-8").strip()
            connection = self._connection()
            try:
                connection.request(method, f"/_sandbox{path}", body, {"X-Sandbox-Token": token})
                answer = connection.getresponse()
                said = json.loads(answer.read())
            finally:
                connection.close()
        except (OSError, http.client.HTTPException, ValueError) as fault:
            raise KeyPageError(f"the sandbox's exchange did not answer: {fault}") from None
        if answer.status != 200:
            raise KeyPageError(str(said.get("error", said)))
        return said

    def _connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self._address.hostname or "", self._address.port, timeout=30)


def pages_url(base_url: str, account: str) -> str:
    """Where a person signs in to the account, in a browser."""
    return f"{base_url}/rehearsal/?account={_part(account)}"


def _part(text: str) -> str:
    return quote(text, safe="")
