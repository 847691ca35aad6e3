"""A machine counts as ended when it is terminated, and not when EC2 does not find it for a moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.faults.proxy import Call, Fate, Proxy, answer
from tests.providers.aws.conftest import NO_EXCHANGE
from tests.providers.aws.world import Engine, World
from tests.providers.sandbox_processes import Aws

NOT_FOUND = (
    "<Response><Errors><Error><Code>InvalidInstanceID.NotFound</Code><Message>The instance ID does not exist"
    "</Message></Error></Errors><RequestID>r-1</RequestID></Response>"
)


@pytest.fixture(scope="module")
def proxy(aws: Aws) -> Iterator[Proxy]:
    made = Proxy(aws.url)
    yield made
    made.stop()


@pytest.fixture(scope="module")
def world(aws: Aws, proxy: Proxy) -> Iterator[World]:
    named = {"awsEndpoint": proxy.url, "cexioEndpoint": NO_EXCHANGE, "sandbox": "true"}
    config = {f"cexio-bot:{name}": value for name, value in named.items()}
    engine = Engine(config, {"CEXIO_BOT_SANDBOX_PATIENCE": "0.2"})
    made = World(engine, aws)
    yield made
    proxy.forget()
    made.take_down()
    engine.stop()


def unseen(times: int, *actions: str) -> Callable[[Call], Fate | None]:
    """The instance is not found so many times by each of these calls."""

    def rule(call: Call) -> Fate | None:
        if call.action not in actions or call.nth > times:
            return None
        return answer(400, NOT_FOUND, {"Content-Type": "text/xml"})

    return rule


class TestNotFoundIsNotEnded:
    """A look at a replica that lagged said "not found": the old bot ran on, and a second one was started."""

    def state(self, aws: Aws, id_: str) -> Any:
        rows = aws.client("ec2").describe_instances(InstanceIds=[id_])["Reservations"]
        return rows[0]["Instances"][0]["State"]["Name"]

    def test_a_machine_that_was_not_seen_once_is_ended_all_the_same(
        self, aws: Aws, proxy: Proxy, world: World
    ) -> None:
        made = world.made("Instance")
        proxy.forget(unseen(1, "DescribeInstances"))
        world.engine.delete(made.id, made.outs)
        world.objects.pop("Instance")
        assert proxy.sent("TerminateInstances") == 1
        assert self.state(aws, made.id) == "terminated"

    def test_an_order_that_finds_nothing_is_given_again(self, aws: Aws, proxy: Proxy, world: World) -> None:
        made = world.made("Instance")
        proxy.forget(unseen(1, "DescribeInstances", "TerminateInstances"))
        world.engine.delete(made.id, made.outs)
        world.objects.pop("Instance")
        assert proxy.sent("TerminateInstances") == 2
        assert self.state(aws, made.id) == "terminated"

    def test_one_that_stays_unseen_is_gone(self, proxy: Proxy, world: World) -> None:
        made = world.made("Instance")
        proxy.forget(unseen(1000, "DescribeInstances", "TerminateInstances"))
        world.engine.delete(made.id, made.outs)
        assert proxy.sent("DescribeInstances") > 3
