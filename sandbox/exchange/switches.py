"""Everything about the real exchange that nobody could tell us, as switches; and faults to order.

The defaults follow the project's exchange facts where they lean one way (a REST refusal is one 401 for
wrong key, signature, clock and activation alike); the rest is a guess and marked so in `replies.py`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo

from sandbox.exchange import in_the_way
from sandbox.exchange.replies import Reply, reply_for

FAULTS = (
    *("none", "error-500", "html-502", "slow", "drip", "cut", "truncated", "lost-reply"),
    *in_the_way.NAMES,
)
Maintenance = Literal["order_placement", "market_data", "order_cancellation", "order_status"]


def _known_reply(value: str, info: ValidationInfo) -> str:
    reply_for(info.field_name or "", value)
    return value


def _known_fault(value: str) -> str:
    if value not in FAULTS:
        raise ValueError(f"takes one of {', '.join(FAULTS)}")
    return value


def _comma_separated(value: Any) -> Any:
    return (
        tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value
    )


def _none_word(value: Any) -> Any:
    return None if value in ("none", "") else value


ReplyName = Annotated[str, AfterValidator(_known_reply)]
Names = Annotated[tuple[str, ...], BeforeValidator(_comma_separated)]


class Switches(BaseModel):
    """One field a switch. Set through the control surface or `python -m sandbox switch NAME VALUE`."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    # What is answered, and in which order things are checked.
    address_refused: ReplyName = "own-text"
    permission_missing: ReplyName = "own-text"
    country_refused: ReplyName = "own-text"
    unknown_account: ReplyName = "own-text"
    deactivated_key: ReplyName = "like-wrong-key"
    stale_timestamp: ReplyName = "like-wrong-key"
    unknown_key: ReplyName = "like-wrong-signature"
    repeated_wallet_transfer: ReplyName = "own-text"
    permission_check: Literal["before-validation", "after-validation"] = "before-validation"
    account_check: Literal["after-permission", "before-permission"] = "after-permission"
    cancel_check: Literal["after-permission", "before-permission"] = "after-permission"
    unknown_sub_account: Literal["refused", "ignored"] = "refused"
    orders_taken: Literal["checked", "any"] = "checked"  # any: no bar holds, and what does not fill rests
    price_needed: bool = True  # false: a Limit order without one is taken at the pair's lowest
    cancel_of_unknown_order: Literal["acknowledged", "refused"] = "acknowledged"
    status_code_in_body: bool = False
    ws_address_refused: Literal["own-text", "like-wrong-key", "close", "not-checked"] = "own-text"
    ws_failed_auth_closes: bool = False

    # Windows, limits, and what an edit of a key does.
    rest_window_seconds: Annotated[float | None, BeforeValidator(_none_word)] = Field(20, gt=0)
    order_window_ms: int = Field(30_000, gt=0)
    key_points_per_minute: int = Field(200, ge=0)
    address_points_per_minute: int = Field(100, ge=0)
    max_active_orders: int = Field(20, ge=0)
    ws_idle_seconds: float = Field(60, gt=0)
    edit_deactivates: bool = True
    whitelist_takes_networks: bool = False
    whitelist_max: Annotated[int | None, BeforeValidator(_none_word)] = Field(None, ge=1)

    # Addresses whose country the private API turns away; the public one answers them.
    country_refused_addresses: Names = ()

    # The exchange's clock against this machine's.
    clock_offset_seconds: float = 0

    # Faults to order. Empty lists mean every action, every address; `fault_times` none means for ever.
    maintenance: Annotated[tuple[Maintenance, ...], BeforeValidator(_comma_separated)] = ()
    maintenance_status: int = Field(500, ge=400, le=599)
    fault: Annotated[str, AfterValidator(_known_fault)] = "none"
    fault_actions: Names = ()
    fault_addresses: Names = ()
    fault_times: Annotated[int | None, BeforeValidator(_none_word)] = Field(None, ge=0)
    fault_seconds: float = Field(5, ge=0)

    def reply(self, switch: str) -> Reply:
        """The reply that a reply switch stands for now."""
        return reply_for(switch, getattr(self, switch))
