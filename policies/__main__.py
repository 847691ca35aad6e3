"""The pack: lists the rules and serves them. `PolicyPack` never returns, so nothing else may live here."""

from pulumi_policy import EnforcementLevel, PolicyPack

from rules import (
    address_is_kept,
    imdsv2_is_required,
    no_ingress,
    permissions_are_exactly_the_four,
    whitelist_is_exactly_the_hosts,
)

PolicyPack(
    "cexio-bot",
    display_name="CEX.IO bot host",
    description="What a reviewer must be able to rely on in a CEX.IO bot host",
    enforcement_level=EnforcementLevel.MANDATORY,
    policies=[
        *address_is_kept.POLICIES,
        *whitelist_is_exactly_the_hosts.POLICIES,
        *permissions_are_exactly_the_four.POLICIES,
        *imdsv2_is_required.POLICIES,
        *no_ingress.POLICIES,
    ],
)
