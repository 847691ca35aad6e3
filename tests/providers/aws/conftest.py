"""The sandbox's AWS and one provider process for the session; a stack of objects for a test or a file."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from providers.aws.caller import caller
from providers.aws.checks.finding import Finding
from providers.aws.plan import plan_of, wishes
from providers.aws.preflight import inspected
from providers.endpoints import Endpoints
from tests.faults.proxy import Proxy
from tests.providers.aws.asking import ADDRESSES, GATEWAYS, OWNER, VCPUS, VPCS, set_quota
from tests.providers.aws.world import Engine, World
from tests.providers.sandbox_processes import Aws, endpoints_file

NO_EXCHANGE = "http://127.0.0.1:9"


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sandbox")


@pytest.fixture(scope="session")
def aws(folder: Path) -> Iterator[Aws]:
    server = Aws(folder)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def engine(folder: Path, aws: Aws) -> Iterator[Engine]:
    endpoints_file(folder, aws.url, NO_EXCHANGE)
    end = Engine({"cexio-bot:sandbox": "true"}, {"CEXIO_BOT_SANDBOX_DIR": str(folder)})
    yield end
    end.stop()


@pytest.fixture(scope="module")
def stack(engine: Engine, aws: Aws) -> Iterator[World]:
    """A stack that the tests of a file share and leave as it was."""
    world = World(engine, aws)
    yield world
    world.take_down()


@pytest.fixture
def own_stack(engine: Engine, aws: Aws) -> Iterator[World]:
    """A stack of one test's own, which may do anything to it."""
    world = World(engine, aws)
    yield world
    world.take_down()


@pytest.fixture(scope="module")
def proxy(aws: Aws) -> Iterator[Proxy]:
    made = Proxy(aws.url)
    yield made
    made.stop()


@pytest.fixture
def asked(proxy: Proxy) -> Iterator[Any]:
    """Preflight of a stack with some wishes, under a rule for its calls."""
    caller.cache_clear()

    def ask(
        rule: Any = None,
        region: str = "us-east-1",
        whole: bool = False,
        standing: bool = False,
        **wished: str,
    ) -> list[Finding]:
        caller.cache_clear()
        proxy.forget(rule)
        endpoints = Endpoints(sandbox=True, region=region, aws=proxy.url, cexio=NO_EXCHANGE)
        plan = plan_of(OWNER, wishes(wished.get)).model_copy(update={"standing": standing})
        return inspected(plan, endpoints, whole=whole)

    yield ask
    proxy.forget()


@pytest.fixture
def quota(aws: Aws) -> Iterator[Any]:
    """Sets a quota of the account, for a test."""

    yield partial(set_quota, aws)
    for code, value in ((ADDRESSES, 5), (VPCS, 5), (GATEWAYS, 5), (VCPUS, 32)):
        set_quota(aws, code, value)


@pytest.fixture
def deployer(aws: Aws) -> Iterator[Any]:
    """Holds the deployer to a policy, for a test."""
    iam = aws.client("iam")
    iam.create_user(UserName="deployer")
    yield lambda text: iam.put_user_policy(UserName="deployer", PolicyName="p", PolicyDocument=text)
    iam.delete_user_policy(UserName="deployer", PolicyName="p")
    iam.delete_user(UserName="deployer")
