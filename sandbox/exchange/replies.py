"""The replies that are switches: a short name, or `STATUS text`, stands for a status and a body.

Every text here that is not quoted in the project's exchange facts is INVENTED: plausible, and no more.
`Authorization Failed` (401) and the four WebSocket texts are known; how the exchange words a refused
address or a missing permission is not. `{account}` in a text becomes the name that was not found.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_FREE_FORM = re.compile(r"([1-5]\d\d) (\S.*)", re.DOTALL)


@dataclass(frozen=True)
class Reply:
    """A refusal: status, and the text that goes into `{"error": …}`, or a whole page when `html`."""

    status: int
    error: str
    html: bool = False


AUTHORIZATION_FAILED = Reply(401, "Authorization Failed")
_PAGE = "<!DOCTYPE html><html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>"
EDGE_FORBIDDEN = Reply(403, _PAGE.format("403 Forbidden"), html=True)
BAD_GATEWAY = Reply(502, _PAGE.format("502 Bad Gateway"), html=True)

# name of the switch -> short name -> reply; the first of each is the default.
PRESETS: dict[str, dict[str, Reply]] = {
    "address_refused": {
        "own-text": Reply(401, "IP address is not allowed"),
        "own-text-403": Reply(403, "IP address is not in the whitelist"),
        "like-wrong-key": AUTHORIZATION_FAILED,
        "forbidden": Reply(403, "Forbidden"),
        "bad-request": Reply(400, "Bad Request"),
        "edge-page": EDGE_FORBIDDEN,
    },
    "permission_missing": {
        "own-text": Reply(403, "Permission denied"),
        "own-text-401": Reply(401, "Not enough permissions"),
        "like-wrong-key": AUTHORIZATION_FAILED,
        "forbidden": Reply(403, "Forbidden"),
        "bad-request": Reply(400, "Bad Request"),
    },
    "country_refused": {
        "own-text": Reply(403, "Service is not available in your country"),
        "like-address": Reply(403, "IP address is in a restricted region"),
        "like-permission": Reply(401, "Not permitted in your jurisdiction"),
        "legal-reasons": Reply(451, "Unavailable For Legal Reasons"),
    },
    "unknown_account": {
        "own-text": Reply(500, "Account {account} does not exist"),
        "bad-request": Reply(400, "Account {account} does not exist"),
        "like-permission": Reply(400, "Transfers from account {account} are not permitted"),
        "forbidden": Reply(403, "Forbidden account"),
        "not-permitted": Reply(404, "Operation not permitted"),
    },
    "deactivated_key": {
        "like-wrong-key": AUTHORIZATION_FAILED,
        "own-text": Reply(401, "API key is not activated"),
        "own-text-403": Reply(403, "API key is not activated"),
    },
    "stale_timestamp": {
        "like-wrong-key": AUTHORIZATION_FAILED,
        "own-text": Reply(401, "Timestamp is not in 20sec range"),
        "bad-request": Reply(400, "Bad Request"),
    },
    "unknown_key": {
        "like-wrong-signature": AUTHORIZATION_FAILED,
        "own-text": Reply(401, "API key not passed or incorrect"),
    },
    "repeated_wallet_transfer": {
        "own-text": Reply(500, "Transaction with this clientTxId already exists"),
        "parameter": Reply(422, "clientTxId is not unique"),
    },
}


def reply_for(switch: str, value: str) -> Reply:
    """The reply that `value` names for `switch`.

    `value`: a short name of PRESETS, or free form, `418 some text`. Raises ValueError otherwise.
    """
    preset = PRESETS[switch].get(value)
    if preset is not None:
        return preset
    free = _FREE_FORM.fullmatch(value)
    if free is None:
        names = ", ".join(PRESETS[switch])
        raise ValueError(f"takes one of {names}, or a status and a text such as '403 Some text'")
    return Reply(int(free[1]), free[2])
