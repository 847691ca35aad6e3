"""A run that only stages and promotes a key is a changing run as well: preflight comes first."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from providers.cexio.trading_key import TradingKeyProvider
from tests.providers.aws.asking import VPCS, set_quota
from tests.providers.cexio.conftest import Sandbox
from tests.providers.cexio.test_trading_key import Stack
from tests.providers.dynamic_server import CallFailed, DynamicServer


@pytest.fixture
def fresh(sandbox: Sandbox, tmp_path: Path) -> Iterator[DynamicServer]:
    """A provider's process of its own, which has asked nothing yet."""
    own = {"CEXIO_BOT_SANDBOX_DIR": str(sandbox.folder), "PULUMI_HOME": str(tmp_path)}
    server = DynamicServer({"cexio-bot:sandbox": "true"}, own)
    yield server
    server.stop()


class TestAKeysRunIsPreflighted:
    """A key was staged and then the run stopped, for what could have been said before it was touched."""

    def test_a_refusal_comes_before_the_secret_is_touched(
        self, sandbox: Sandbox, fresh: DynamicServer
    ) -> None:
        stack = Stack(sandbox)
        inputs, failures = fresh.check(TradingKeyProvider(), stack.props, None)
        assert not failures
        before = len(sandbox.requests())
        set_quota(sandbox.aws, VPCS, 0)
        try:
            with pytest.raises(CallFailed, match=r"PreflightRefused.*L-F678F1CE"):
                fresh.create(inputs)
        finally:
            set_quota(sandbox.aws, VPCS, 5)
        made = {row["operation"] for row in sandbox.requests()[before:]}
        assert "GetServiceQuota" in made
        assert not made & {"GetSecretValue", "PutSecretValue", "SendCommand"}
