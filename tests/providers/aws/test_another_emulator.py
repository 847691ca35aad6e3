"""The life of every object against another emulator of AWS, which CEXIO_BOT_OTHER_AWS names by its URL.

Started by hand and kept out of this repository: a second opinion on what was learnt from one emulator. What
it does not answer fails its test, and whether that is our fault or its own is for a person to judge.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from tests.providers.aws import test_life_of_an_object as life
from tests.providers.aws.conftest import NO_EXCHANGE
from tests.providers.aws.world import Engine
from tests.providers.sandbox_processes import REGION

URL = os.environ.get("CEXIO_BOT_OTHER_AWS", "")

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(not URL, reason="CEXIO_BOT_OTHER_AWS names no other emulator of AWS"),
]


class OtherAws:
    """An emulator that somebody else started."""

    url = URL

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.url,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )


@pytest.fixture(scope="module")
def aws() -> OtherAws:
    return OtherAws()


@pytest.fixture(scope="module")
def engine(aws: OtherAws) -> Iterator[Engine]:
    named = {"awsEndpoint": aws.url, "cexioEndpoint": NO_EXCHANGE, "sandbox": "true"}
    end = Engine({f"cexio-bot:{name}": value for name, value in named.items()}, {})
    yield end
    end.stop()


class TestElsewhere(life.TestOneObject, life.TestNoChange, life.TestChange, life.TestDrift, life.TestEnd):
    """A stack that leans on one emulator's quirks works there and nowhere else, AWS included."""
