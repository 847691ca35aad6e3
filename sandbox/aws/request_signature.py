"""Checks the signature of a request against the secret key it should have been made with.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-signing-elements.html
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

ALLOWED_SKEW = timedelta(minutes=15)
NEEDED = frozenset(("host", "x-amz-date"))
_HEADER = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<scope>[^, ]+), *SignedHeaders=(?P<headers>[^, ]+), *"
    r"Signature=(?P<signature>\w+)"
)


def fault(method: str, url: str, headers: Mapping[str, str], body: bytes, secret_key: str) -> str | None:
    """Why the request is not signed with `secret_key`, or None if it is. `url` with its query."""
    given = _HEADER.fullmatch(headers.get("Authorization", ""))
    if given is None:
        return "the Authorization header is not that of Signature Version 4"
    signed = given["headers"].split(";")
    if not NEEDED.issubset(signed):
        return f"SignedHeaders must name {' and '.join(sorted(NEEDED))}"
    stamp = headers.get("X-Amz-Date", "")
    try:
        made = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
    except ValueError:
        return "X-Amz-Date is not of the form YYYYMMDDTHHMMSSZ"
    if abs(datetime.now(timezone.utc) - made) > ALLOWED_SKEW:
        return f"Signature expired or not yet current: it is of {stamp}"
    access_key, _, region, service, _ = given["scope"].split("/")
    signer = SigV4Auth(Credentials(access_key, secret_key), service, region)
    request = AWSRequest(method, url, {name: headers.get(name, "") for name in signed}, body)
    request.context["timestamp"] = stamp
    expected = signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
    if not hmac.compare_digest(expected, given["signature"]):
        return "The request signature we calculated does not match the signature you provided."
    return None
