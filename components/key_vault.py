"""The secret in which a host's key lies: the container alone, whose first version says that it awaits a key.

Its policy lets the host's role and the deployers at the value, and nobody else.

Keys get in by the trading key's staging and proof (components/exchange_key.py), and in no other way.
"""

from __future__ import annotations

import pulumi
from pydantic import BaseModel, ConfigDict

from providers.aws.secret import Secret
from providers.names import Names


class KeyVaultArgs(BaseModel):
    """recovery_window_days: how long a destroyed secret can be brought back, 7 to 30.

    deployers: ARNs of IAM roles and users; none means whoever makes the secret. kms_key: a KMS key's ARN.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    names: Names
    host: str
    recovery_window_days: int
    deployers: tuple[str, ...]
    kms_key: str | None
    tags: dict[str, str]


class KeyVault(pulumi.ComponentResource):
    """One secret container."""

    def __init__(self, name: str, args: KeyVaultArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cexio-bot:components:KeyVault", name, None, opts)
        self.secret = Secret(
            f"{name}-secret",
            owner=args.names.owner("key", args.host),
            name=args.names.secret("key", args.host),
            description=f"CEX.IO Spot key of host {args.host}; staged, proven and promoted by its stack",
            recovery_window_days=args.recovery_window_days,
            host_role_name=args.names.host_role(args.host),
            deployers=args.deployers or None,
            kms_key_id=args.kms_key,
            tags=args.tags,
            # --replace and a taint make before they delete: the living secret would be adopted, then gone
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )
        self.arn: pulumi.Output[str] = self.secret.arn
        self.register_outputs({"arn": self.arn})
