"""providers/aws/ending.py: a machine ends once, its launch token spent before, and protection is heeded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from providers.aws.ending import end
from providers.aws.generation import DOWN_SINCE, GENERATION
from providers.aws.ownership import INSTANCE, INTERFACE, described, tags_of
from providers.errors import EndRefused
from tests.faults.proxy import Proxy
from tests.providers.aws.world import World
from tests.providers.sandbox_processes import REGION, Aws


@pytest.fixture(scope="module")
def proxy(aws: Aws) -> Iterator[Proxy]:
    made = Proxy(aws.url)
    yield made
    made.stop()


@pytest.fixture
def ec2(proxy: Proxy) -> Any:
    proxy.forget()
    return boto3.client(
        "ec2",
        region_name=REGION,
        endpoint_url=proxy.url,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


def sent(proxy: Proxy) -> list[str]:
    return [call.action for call in proxy.mutations()]


def state(ec2: Any, id_: str) -> str:
    return str((described(ec2, INSTANCE, id_) or {})["State"]["Name"])


class TestTheEnd:
    """A launch token that outlived its machine brought yesterday's terminated one up as a success."""

    def test_the_token_is_spent_before_the_machine_ends_and_only_once(
        self, own_stack: World, ec2: Any, proxy: Proxy
    ) -> None:
        host, interface = own_stack.made("Instance").id, own_stack.made("NetworkInterface").id
        before = tags_of(described(ec2, INTERFACE, interface) or {})
        end(ec2, host, interface)
        assert sent(proxy) == ["CreateTags", "TerminateInstances"]
        assert state(ec2, host) == "terminated"
        after = tags_of(described(ec2, INTERFACE, interface) or {})
        assert int(after[GENERATION]) == int(before.get(GENERATION, "0")) + 1
        assert DOWN_SINCE in after
        proxy.forget()
        end(ec2, host, interface)
        assert sent(proxy) == []

    def test_its_interface_may_be_gone(self, own_stack: World, ec2: Any, proxy: Proxy) -> None:
        host = own_stack.made("Instance").id
        end(ec2, host, "eni-0123456789abcdef0")
        assert sent(proxy) == ["TerminateInstances"]
        assert state(ec2, host) == "terminated"

    def test_a_protected_one_goes_on_and_the_line_says_how_to_let_it_end(
        self, own_stack: World, ec2: Any
    ) -> None:
        host, interface = own_stack.made("Instance").id, own_stack.made("NetworkInterface").id
        ec2.modify_instance_attribute(InstanceId=host, DisableApiTermination={"Value": True})
        with pytest.raises(EndRefused) as refused:
            end(ec2, host, interface)
        assert f"--instance-id {host} --no-disable-api-termination" in str(refused.value)
        assert "\n" not in str(refused.value)
        assert state(ec2, host) == "running"
        ec2.modify_instance_attribute(InstanceId=host, DisableApiTermination={"Value": False})
