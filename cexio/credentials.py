"""Key and secret of one API key: trimmed, shape-checked, never printed.

Does not read files or the environment and does not know whether the exchange accepts the key.
"""

from __future__ import annotations

import re

from pydantic import BaseModel, ConfigDict, SecretStr, field_validator

_VISIBLE = re.compile(r"[!-~]{1,256}")
_LEGACY_USER_ID = re.compile(r"up\d+", re.IGNORECASE)


class Credentials(BaseModel):
    """API key and secret (Spot key page). Raises ValidationError that never shows a value."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    key: SecretStr
    secret: SecretStr

    @field_validator("key", "secret", mode="before")
    @classmethod
    def _trimmed(cls, value: object) -> object:
        if isinstance(value, SecretStr):
            value = value.get_secret_value()
        if not isinstance(value, str):
            raise ValueError("must be a text")  # noqa: TRY004 - pydantic turns ValueError into a field's fault
        text = value.strip().strip("\"'").strip()
        if not text:
            raise ValueError("is empty: copy it from the key page again")
        if not _VISIBLE.fullmatch(text):
            raise ValueError("must be visible ASCII without spaces, at most 256 characters: copy it again")
        return text

    @field_validator("key")
    @classmethod
    def _not_a_legacy_user_id(cls, value: SecretStr) -> SecretStr:
        if _LEGACY_USER_ID.fullmatch(value.get_secret_value()):
            raise ValueError(
                "is a user ID of the legacy API, the wrong kind of key: "
                "make a key at https://trade.cex.io/terminal/settings/keys"
            )
        return value
