"""A machine that cannot speak to AWS at all: one line each, and nothing is asked of the network for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from providers.aws.elastic_ip import ElasticIpProvider
from providers.aws.patience import VARIABLE
from tests.providers.aws.world import Engine
from tests.providers.dynamic_server import CallFailed

OWNER = "cexio-bot/dev/address"


@contextmanager
def engine(config: dict[str, str], folder: Path, **environment: str) -> Iterator[Engine]:
    none = {
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "PULUMI_HOME": str(folder),
    }
    made = Engine(config, {**none, **environment})
    try:
        yield made
    finally:
        made.stop()


def said(engine: Engine) -> str:
    """What a create and a read say, which must be told alike."""
    inputs, _ = engine.check(ElasticIpProvider(), {"owner": OWNER})
    with pytest.raises(CallFailed) as read:
        engine.read("eipalloc-1", {**inputs, "region": "us-east-1"})
    text = str(read.value).strip()
    assert "\n" not in text
    assert OWNER in text
    with pytest.raises(CallFailed) as created:
        engine.create(inputs)
    assert "\n" not in str(created.value).strip()
    return text


class TestNoWay:
    """`Unable to locate credentials`, thirty lines below a traceback."""

    def test_without_credentials(self, tmp_path: Path) -> None:
        with engine({"cexio-bot:sandbox": "false"}, tmp_path) as made:
            text = said(made)
        assert "CredentialsRefused" in text
        assert "ec2:DescribeAddresses could not be made: no usable AWS credentials" in text
        assert "aws sso login" in text

    def test_with_a_profile_that_is_not_there(self, tmp_path: Path) -> None:
        with engine({"cexio-bot:sandbox": "false"}, tmp_path, AWS_PROFILE="nobody") as made:
            text = said(made)
        assert "AWS_PROFILE names a profile that is not there: set another one" in text

    def test_with_a_region_that_is_no_name(self, tmp_path: Path) -> None:
        config = {"cexio-bot:sandbox": "false", "cexio-bot:region": "us-east-1/"}
        keys = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
        with engine(config, tmp_path, **keys) as made:
            inputs, _ = made.check(ElasticIpProvider(), {"owner": OWNER})
            with pytest.raises(CallFailed, match=r"RegionRefused.*cexio-bot:region is no name of a Region"):
                made.create(inputs)

    def test_with_nobody_at_the_endpoint(self, tmp_path: Path) -> None:
        config = {
            "cexio-bot:sandbox": "true",
            "cexio-bot:awsEndpoint": "http://127.0.0.1:9",
            "cexio-bot:cexioEndpoint": "http://127.0.0.1:9",
        }
        with engine(config, tmp_path, **{VARIABLE: "0.02"}) as made:
            text = said(made)
        assert "ec2:DescribeAddresses got no answer (EndpointConnectionError)" in text
        assert "us-east-1 (cexio-bot:region)" in text
