"""The program: settings in, components, outputs."""

from __future__ import annotations

import os
import signal
from typing import Any

import pulumi

from cexio.readiness import readiness
from components.address import Address, AddressArgs
from components.bot_host import BotHost, BotHostArgs
from components.cloud_config import cloud_config
from components.exchange_key import ExchangeKey, ExchangeKeyArgs
from components.key_vault import KeyVault, KeyVaultArgs
from components.network import Network, NetworkArgs
from components.readme import readme
from components.settings import settings_of_stack
from providers.aws.regions import country_of
from providers.names import Names

# The CLI ends the program by SIGINT when a resource failed, and would show that as a traceback as well.
signal.signal(signal.SIGINT, lambda *_: os._exit(130))

settings = settings_of_stack()
names = Names(project=pulumi.get_project(), stack=pulumi.get_stack(), region=settings.region)
host = settings.host

address = Address(
    f"{host}-address",
    AddressArgs(
        names=names,
        host=host,
        allocation_id=settings.allocation_id,
        release=settings.release_address,
        lost=settings.lost_address,
        tags=settings.tags,
    ),
)
network = Network(
    "network",
    NetworkArgs(
        names=names,
        cidr=settings.vpc_cidr,
        availability_zone=settings.availability_zone,
        instance_type=settings.instance_type,
        vpc_id=settings.vpc_id,
        subnet_id=settings.subnet_id,
        tags=settings.tags,
    ),
)
vault = KeyVault(
    f"{host}-vault",
    KeyVaultArgs(
        names=names,
        host=host,
        recovery_window_days=settings.secret_recovery_days,
        deployers=settings.deployers,
        kms_key=settings.secret_kms_key,
        tags=settings.tags,
    ),
)
bot = BotHost(
    f"{host}-host",
    BotHostArgs(
        names=names,
        host=host,
        subnet_id=network.subnet_id,
        security_group_id=network.security_group_id,
        allocation_id=address.allocation_id,
        public_ip=address.public_ip,
        secret_arn=vault.arn,
        secret_kms_key=settings.secret_kms_key,
        after=network.way_out,
        instance_type=settings.instance_type,
        architecture=settings.architecture,
        image_id=settings.image_id,
        image_request=settings.refresh_image,
        root_volume_gib=settings.root_volume_gib,
        user_data=cloud_config(),
        tags=settings.tags,
    ),
)
key = ExchangeKey(
    f"{host}-key",
    ExchangeKeyArgs(
        names=names,
        host=host,
        label=settings.label,
        public_ip=address.public_ip,
        instance_id=bot.instance_id,
        secret_arn=vault.arn,
        extra_addresses=[extra.model_dump() for extra in settings.extra_addresses],
        trading_limits=settings.trading_limits,
        account_id=settings.account_id,
        pair=settings.pair,
        confirmations=settings.confirmations,
        review_request=settings.review_request,
        review_days=settings.review_every,
    ),
)

record, proof = key.whitelist, key.trading_key
whitelist: dict[str, Any] = {
    "label": record.label,
    "permissions": record.permissions,
    "addresses": record.addresses,
    "addressText": record.address_text,
    "limits": record.limits,
    "change": record.change,
    "history": record.history,
}
ready = pulumi.Output.all(proof.evidence, proof.drift).apply(
    lambda found: readiness(
        evidence=[] if found[1] else found[0] or [],  # of a key that is not the proven one nothing is known
        statements=settings.statements,
        account_id=settings.account_id,
        pair=settings.pair,
        region=settings.region,
        country=country_of(settings.region),
    )
)
pulumi.export("address", address.public_ip)
pulumi.export("allocationId", address.allocation_id)
pulumi.export("instanceId", bot.instance_id)
pulumi.export("whitelist", whitelist)
pulumi.export("steps", record.steps)
pulumi.export("status", proof.status)
pulumi.export(
    "verification",
    {
        "line": proof.summary,
        "permissions": proof.permission_verdicts,
        "levels": proof.level_verdicts,
        "funds": proof.funds_verdicts,
        "elsewhere": proof.elsewhere,
        "verifiedAt": proof.verified_at,
        "evidence": proof.evidence,
    },
)
pulumi.export("secret", {"arn": vault.arn, "stage": proof.stage, "versionId": proof.version_id})
pulumi.export("reviewDue", proof.review_due)
pulumi.export("readiness", ready)
pulumi.export(
    "readme",
    pulumi.Output.all(
        address=address.public_ip,
        status=proof.status,
        line=proof.summary,
        whitelist=whitelist,
        steps=record.steps,
        readiness=ready,
        secret_arn=vault.arn,
        review_due=proof.review_due,
    ).apply(lambda found: readme(**found)),
)
