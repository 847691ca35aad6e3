"""providers/aws/regions.py: the countries of the regions, held to what boto3 knows of them."""

from __future__ import annotations

import boto3
import pytest
from botocore.loaders import create_loader

from providers.aws.regions import COUNTRIES, advice, country_of

PARTITIONS = {
    row["partition"]: row["regions"] for row in create_loader().load_data("endpoints")["partitions"]
}


class TestCountries:
    """A region that the table did not have was taken for one without a country against it."""

    @pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov"])
    def test_each_region_that_boto3_knows_has_a_country(self, partition: str) -> None:
        known = boto3.session.Session().get_available_regions("ec2", partition_name=partition)
        assert known
        assert [name for name in known if country_of(name) is None] == []

    def test_canadas_regions_are_those_that_aws_calls_so(self) -> None:
        told = {
            name
            for regions in PARTITIONS.values()
            for name, row in regions.items()
            if row["description"].startswith("Canada")
        }
        assert told == {name for name in COUNTRIES if advice(name)}
        assert told

    def test_nothing_is_guessed_of_a_region_that_is_not_known(self) -> None:
        assert country_of("ca-nowhere-9") is None
        assert advice("ca-nowhere-9") is None
