"""Policy documents as canonical JSON text, so that two texts of one meaning are no difference."""

from __future__ import annotations

import json
from typing import Annotated, Any

from pydantic import BeforeValidator


def canonical(document: Any) -> str:
    """The document as text with sorted keys; ValueError if it is not a JSON object."""
    try:
        parsed = json.loads(document) if isinstance(document, str) else document
    except ValueError:
        raise ValueError("is not JSON") from None
    if not isinstance(parsed, dict):
        raise ValueError("must be a policy document, a JSON object")  # noqa: TRY004  pydantic takes no TypeError
    return json.dumps(parsed, sort_keys=True, separators=(",", ":"))


PolicyText = Annotated[str, BeforeValidator(canonical)]
