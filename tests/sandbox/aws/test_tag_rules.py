from __future__ import annotations

import pytest

from tests.sandbox.aws.world import World, refused


class TestTags:
    """A tag on nothing is an owner that no search will ever find; moto writes it without a word.

    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html#tag-restrictions
    """

    @pytest.mark.parametrize(
        ("id_", "code"),
        [
            ("vpc-0123456789abcdef0", "InvalidVpcID.NotFound"),
            ("eipalloc-0123456789abcdef0", "InvalidAllocationID.NotFound"),
            ("eni-0123456789abcdef0", "InvalidNetworkInterfaceID.NotFound"),
        ],
    )
    def test_what_is_not_there_takes_none(self, aws: World, id_: str, code: str) -> None:
        with refused(code):
            aws.ec2.create_tags(Resources=[id_], Tags=[{"Key": "k", "Value": "v"}])

    @pytest.mark.parametrize(("key", "value"), [("aws:owner", "x"), ("k" * 129, "x"), ("k", "v" * 257)])
    def test_keys_of_awss_own_and_texts_that_are_too_long_are_refused(
        self, aws: World, key: str, value: str
    ) -> None:
        tags = [{"Key": key, "Value": value}]
        with refused("InvalidParameterValue"):
            aws.ec2.allocate_address(TagSpecifications=[{"ResourceType": "elastic-ip", "Tags": tags}])
        id_ = aws.address()["AllocationId"]
        with refused("InvalidParameterValue"):
            aws.ec2.create_tags(Resources=[id_], Tags=tags)
        assert len(aws.ec2.describe_addresses()["Addresses"]) == 1
