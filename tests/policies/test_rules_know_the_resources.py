import pytest

from providers.aws.elastic_ip import ElasticIp
from providers.aws.elastic_ip_association import ElasticIpAssociation
from providers.aws.instance import Instance
from providers.aws.security_group import SecurityGroup
from providers.cexio.trading_key import TradingKey
from providers.cexio.whitelist import Whitelist
from rules import (
    address_is_kept,
    imdsv2_is_required,
    no_ingress,
    permissions_are_exactly_the_four,
    whitelist_is_exactly_the_hosts,
)


class TestRulesKnowTheResources:
    """A rule is silent on types that it does not know, so a renamed resource would switch it off."""

    @pytest.mark.parametrize(
        ("token", "resource"),
        [
            (address_is_kept.ELASTIC_IP, ElasticIp),
            (imdsv2_is_required.INSTANCE, Instance),
            (no_ingress.SECURITY_GROUP, SecurityGroup),
            (permissions_are_exactly_the_four.WHITELIST, Whitelist),
            (permissions_are_exactly_the_four.TRADING_KEY, TradingKey),
            (whitelist_is_exactly_the_hosts.WHITELIST, Whitelist),
            (whitelist_is_exactly_the_hosts.TRADING_KEY, TradingKey),
            (whitelist_is_exactly_the_hosts.ELASTIC_IP, ElasticIp),
            (whitelist_is_exactly_the_hosts.ASSOCIATION, ElasticIpAssociation),
            (whitelist_is_exactly_the_hosts.INSTANCE, Instance),
        ],
    )
    def test_a_rules_type_is_that_of_the_resource(self, token, resource):
        assert token == f"pulumi-python:{resource._resource_type_name}"
