"""providers/aws/adoption.py: which address a stack takes; preflight and the run say the same of each."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from providers.aws.checks import quotas
from providers.aws.checks.finding import Outcome, found
from providers.aws.elastic_ip import ElasticIpInputs, ElasticIpProvider
from providers.aws.plan import plan_of
from providers.endpoints import Endpoints
from providers.errors import ProviderError
from tests.providers.aws.asking import ADDRESSES
from tests.providers.aws.conftest import NO_EXCHANGE
from tests.providers.aws.world import World
from tests.providers.sandbox_processes import Aws

OWNER, MARKER = "cexio-bot:owner", "cexio-bot:borrowed-by"
OTHER_HOST, OTHER_STACK = "address-other", "cexio-bot/elsewhere/address-bot"

# The tags of the addresses that there are (`own`, `renamed`: of this stack), which one is named, and what the
# refusal says, or None if the first is taken.
SITUATIONS: dict[str, tuple[tuple[dict[str, str], ...], bool, str | None]] = {
    "its own": (({OWNER: "own"},), False, None),
    "its own, named": (({OWNER: "own"},), True, None),
    "of the host under another name, named as the refusal says": (({OWNER: "renamed"},), True, None),
    "of the host under another name, not named": (({OWNER: "renamed"},), False, "cexio-bot:allocationId to"),
    "brought and free": (({"mine": "yes"},), True, None),
    "brought before": (({MARKER: "own"},), True, None),
    "brought before under another name of the host": (({MARKER: "renamed"},), True, None),
    "another stack's": (({OWNER: OTHER_STACK},), True, f"serves {OTHER_STACK}: bring another"),
    "brought to another stack": (({MARKER: OTHER_STACK},), True, f"--tags Key={MARKER}"),
}


@pytest.fixture
def owner() -> str:
    return f"cexio-bot/t{uuid.uuid4().hex[:8]}/address-bot"


@pytest.fixture
def allocated(aws: Aws, owner: str) -> Iterator[Any]:
    """Allocates an address with tags; all are released in the end."""
    ec2, made = aws.client("ec2"), []
    values = {"own": owner, "renamed": f"{owner.rpartition('/')[0]}/{OTHER_HOST}"}

    def allocate(tags: dict[str, str]) -> str:
        rows = [{"Key": key, "Value": values.get(value, value)} for key, value in tags.items()]
        tagged = [{"ResourceType": "elastic-ip", "Tags": rows}]
        made.append(ec2.allocate_address(TagSpecifications=tagged)["AllocationId"])
        return str(made[-1])

    yield allocate
    for id_ in made:
        ec2.release_address(AllocationId=id_)


def run(endpoints: Endpoints, owner: str, allocation_id: str | None) -> str:
    """The address that a run takes, or its refusal."""
    provider = ElasticIpProvider()
    provider.endpoints = endpoints
    try:
        return str(provider.find(ElasticIpInputs(owner=owner, allocation_id=allocation_id)))
    except ProviderError as error:
        return str(error)


class TestOneJudgement:
    """Preflight refused the way out that the run's refusal had named, and its advice lost the address."""

    @pytest.mark.parametrize("situation", SITUATIONS)
    def test_preflight_and_the_run_say_the_same(
        self, aws: Aws, owner: str, allocated: Any, situation: str
    ) -> None:
        there, named, refusal = SITUATIONS[situation]
        endpoints = Endpoints(sandbox=True, region="us-east-1", aws=aws.url, cexio=NO_EXCHANGE)
        ids = [allocated(tags) for tags in there]
        wished = {"allocation_id": ids[0]} if named else {}
        taken = run(endpoints, owner, wished.get("allocation_id"))
        [asked] = found("Elastic IP", lambda: quotas.address(plan_of(owner, wished), endpoints))
        if refusal is None:
            assert (taken, asked.outcome) == (ids[0], Outcome.FINE)
            return
        assert refusal in taken
        assert (asked.outcome, asked.text) == (Outcome.REFUSED, taken)

    def test_which_of_two_idle_ones_is_only_told_as_a_state_may_have_one(
        self, aws: Aws, owner: str, allocated: Any
    ) -> None:
        endpoints = Endpoints(sandbox=True, region="us-east-1", aws=aws.url, cexio=NO_EXCHANGE)
        allocated({OWNER: "own"}), allocated({OWNER: "own"})
        [asked] = found("Elastic IP", lambda: quotas.address(plan_of(owner, {}), endpoints))
        assert asked.outcome is Outcome.UNASKED
        assert run(endpoints, owner, None) in asked.text


class TestWhatTheStateHas:
    """A setting was taken away again, or a hand took our tag off: with all five addresses in use, no run
    could change anything, not even write the tag anew."""

    def test_it_needs_neither_room_nor_the_right_to_allocate(
        self, aws: Aws, own_stack: World, allocated: Any, owner: str, quota: Any
    ) -> None:
        endpoints = Endpoints(sandbox=True, region="us-east-1", aws=aws.url, cexio=NO_EXCHANGE)
        ec2, marker = aws.client("ec2"), [{"Key": MARKER, "Value": owner}]
        on_host, brought = own_stack.made("ElasticIpAssociation").id, allocated({})
        quota(ADDRESSES, 1)

        def asked(of: str) -> tuple[Outcome, str]:
            [seen] = found("Elastic IP", lambda: quotas.address(plan_of(of, {}), endpoints))
            return seen.outcome, seen.makes

        ec2.delete_tags(Resources=[on_host], Tags=[{"Key": OWNER}])
        untagged = asked(own_stack.owner("address-bot"))
        ec2.create_tags(Resources=[on_host], Tags=[{"Key": OWNER, "Value": own_stack.owner("elasticip")}])
        assert untagged == (Outcome.FINE, "")
        assert asked(owner) == (Outcome.REFUSED, "address")
        ec2.create_tags(Resources=[brought], Tags=marker)
        assert asked(owner) == (Outcome.FINE, "")
