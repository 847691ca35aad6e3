"""Answers that are not the exchange's own: what a proxy, a login portal or a broken server would say.

WHOLE answers come in place of the exchange's, which never sees the request. RAW ones are bytes on the
wire that are no HTTP at all, or break its rules half way. DRESSED ones are the exchange's own answer,
changed on its way back, so that whatever was asked for has been done.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Whole:
    """Status, body and type of an answer, and further headers."""

    status: int
    body: bytes = b""
    media_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


def _page(title: str, text: str = "") -> bytes:
    return f"<!DOCTYPE html><html><head><title>{title}</title></head><body><h1>{title}</h1>{text}".encode()


_HTML = "text/html"
WHOLE: dict[str, Whole] = {
    "redirect": Whole(302, b"", _HTML, {"location": "https://status.invalid/"}),
    "redirect-308": Whole(308, b"", _HTML, {"location": "/api/spot/rest/elsewhere"}),
    "challenge": Whole(
        403,
        _page("Just a moment...", "<p>Enable JavaScript and cookies to continue</p>"),
        _HTML,
        {"server": "cloudflare", "cf-mitigated": "challenge"},
    ),
    "challenge-503": Whole(503, _page("Just a moment..."), _HTML, {"server": "cloudflare"}),
    "portal": Whole(200, _page("Welcome to the guest network"), _HTML),
    "page-401": Whole(401, _page("401 Authorization Required"), _HTML),
    "page-404": Whole(404, _page("404 Not Found"), _HTML),
    "maintenance-page": Whole(503, _page("We will be back soon"), _HTML),
    "rate-limit": Whole(429, b'{"error":"API rate limit reached"}'),
    "rate-page": Whole(429, _page("429 Too Many Requests"), _HTML),
    "noise": Whole(200, bytes(range(128, 256)) * 4, "application/octet-stream"),
    "empty": Whole(200),
    "no-content": Whole(204),
    "array": Whole(200, b"[]"),
    "null": Whole(200, b"null"),
    "half-json": Whole(200, b'{"ok":"ok","data":{"tradingFee":'),
    "no-data": Whole(200, b'{"ok":"ok"}'),
    "null-data": Whole(200, b'{"ok":"ok","data":null}'),
    "ok-true": Whole(200, b'{"ok":true,"data":{}}'),
    "ok-upper": Whole(200, b'{"OK":"OK","DATA":{}}'),
    "other-product": Whole(200, b'{"status":"success","data":{}}'),
    "error-number": Whole(401, b'{"error":401}'),
    "error-empty": Whole(401, b'{"error":""}'),
    "error-object": Whole(401, b'{"error":{"message":"denied"}}'),
    "proxy-json": Whole(403, b'{"error":"denied by policy","proxy":"edge-7"}'),
    "huge": Whole(200, b'{"ok":"ok","data":{"padding":"' + b"x" * 5_000_000 + b'"}}'),
}
RAW: dict[str, bytes] = {
    "garbage": bytes(range(256)) + b"\r\n\r\n",
    "bad-chunks": b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    b'ZZ\r\n{"ok":"ok"}\r\n-1\r\n',
    "short-body": b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n"
    b'{"ok":"ok"',
}
_TWICE = re.compile(rb'^{("(?:ok|error)":)')
DRESSED: dict[str, Callable[[bytes], tuple[bytes, Mapping[str, str]]]] = {
    "bom": lambda body: (b"\xef\xbb\xbf" + body, {}),
    "gzip": lambda body: (gzip.compress(body, mtime=0), {"content-encoding": "gzip"}),
    "twice": lambda body: (_TWICE.sub(rb'{\1"no",\1', body, count=1), {}),
    "lower-case": lambda body: (body if body.startswith(b'{"ok"') else body.lower(), {}),
    "spaced": lambda body: (b"\r\n  " + body + b"\r\n\r\n", {}),
}
NAMES = (*WHOLE, *RAW, *DRESSED)
