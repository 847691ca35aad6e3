"""The exchange's side of one host: the whitelist record, and the key that is proven against it.

The record takes the host's address and says what a person does with it; the key is proven from that address.
The key itself passes through neither: providers/cexio/trading_key.py reads it from the environment.
"""

from __future__ import annotations

import pulumi
from pydantic import BaseModel, ConfigDict

from cexio.permissions import GUIDE_PERMISSIONS
from providers.cexio.trading_key import TradingKey
from providers.cexio.whitelist import Whitelist
from providers.names import Names

HOSTS_OWN = "the static address of host"


class ExchangeKeyArgs(BaseModel):
    """extra_addresses: rows `{address, reason}`. confirmations: rows `{subject, fingerprint, date}`."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, arbitrary_types_allowed=True
    )

    names: Names
    host: str
    label: str
    public_ip: str | pulumi.Output[str]
    instance_id: str | pulumi.Output[str]
    secret_arn: str | pulumi.Output[str]
    extra_addresses: list[dict[str, str]]
    trading_limits: str
    account_id: str | None
    pair: str
    confirmations: list[dict[str, str]]
    review_request: str | None
    review_days: int


class ExchangeKey(pulumi.ComponentResource):
    """Whitelist record and trading key."""

    def __init__(self, name: str, args: ExchangeKeyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cexio-bot:components:ExchangeKey", name, None, opts)
        own = {"address": args.public_ip, "reason": f"{HOSTS_OWN} {args.host}"}
        self.whitelist = Whitelist(
            f"{name}-whitelist",
            label=args.label,
            permissions=GUIDE_PERMISSIONS,
            addresses=[own, *args.extra_addresses],
            limits=args.trading_limits,
            account_id=args.account_id,
            review_days=args.review_days,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.trading_key = TradingKey(
            f"{name}-trading-key",
            owner=args.names.owner("key", args.host),
            secret_arn=args.secret_arn,
            instance_id=args.instance_id,
            addresses=[args.public_ip, *(extra["address"] for extra in args.extra_addresses)],
            permissions=GUIDE_PERMISSIONS,
            account_id=args.account_id,
            pair=args.pair,
            confirmations=args.confirmations,
            review_request=args.review_request,
            review_days=args.review_days,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[self.whitelist]),
        )
        self.status: pulumi.Output[str] = self.trading_key.status
        self.register_outputs({"status": self.status})
