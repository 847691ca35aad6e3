"""Whether what came back is an answer of AWS's at all, looked at before botocore reads it.

A login page, a proxy's error or half an answer is taken by botocore for an empty success where the service
speaks JSON, and for a fault of the program where it speaks XML. Here it becomes an error of its own, with
code GarbledAnswer: after a call that changes something it counts as an answer that was lost.
"""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree as ET

from botocore.exceptions import ClientError

from providers.aws.catalogue import GARBLED

TOO_MANY = 429


def look_at(
    operation_model: Any, response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any
) -> None:
    """Handler of `before-parse`: mark an answer that is none of AWS's."""
    body, status = response_dict["body"], int(response_dict["status_code"])
    if not isinstance(body, bytes) or _sound(operation_model, body, status):
        return
    headers = response_dict["headers"]
    request_id = headers.get("x-amzn-requestid") or headers.get("x-amz-request-id") or ""
    # An empty answer of status 500 is one that every parser of botocore's can read.
    response_dict.update(body=b"", status_code=500)
    customized_response_dict.update(
        {
            "Error": {
                "Code": str(TOO_MANY) if status == TOO_MANY else GARBLED,
                "Message": f"{len(body)} bytes of {headers.get('content-type') or 'no stated type'}",
            },
            "ResponseMetadata": {
                "HTTPStatusCode": status,
                "HTTPHeaders": dict(headers),
                "RequestId": request_id,
            },
        }
    )


def refuse(http_response: Any, parsed: dict[str, Any], model: Any, **_: Any) -> None:
    """Handler of `after-call`: raise for a garbled answer of status 200, which botocore would let through."""
    garbled = parsed.get("Error", {}).get("Code") == GARBLED
    if garbled and http_response.status_code < 300:
        raise ClientError(parsed, model.name)  # type: ignore[arg-type]


def _sound(model: Any, body: bytes, status: int) -> bool:
    if model.service_model.resolved_protocol == "json":
        return _sound_json(model, body, status)
    try:
        root = ET.fromstring(body)  # noqa: S314  AWS's own answers, as botocore reads them; entities are not fetched
    except ET.ParseError:
        return False
    name = root.tag.rpartition("}")[2].lower()
    return name != "html"


def _sound_json(model: Any, body: bytes, status: int) -> bool:
    if not body.strip():
        shape = model.output_shape
        return status < 300 and (shape is None or not shape.members)
    try:
        return isinstance(json.loads(body), dict)
    except ValueError:
        return False
