"""A sample of tests/faults/drifts.py at the providers themselves; `make drift` has them all on a stack."""

from __future__ import annotations

import pytest

from tests.faults.drifts import DRIFTS, Drift, Scene
from tests.providers.aws.world import OBJECTS, World

SAMPLE = (
    "egress removed",
    "ingress opened, IPv6",
    "source/destination check off",
    "IPv6 address on the interface",
    "interface to be deleted with its host",
    "half of the internet to a NAT gateway",
    "subnet put on another route table",
    "IPv6 range added to the subnet",
    "role: trust policy opened",
    "metadata hop limit raised",
    "another instance profile",
)


class TestDrift:
    """What a hand changed was found by nobody, as no property showed it."""

    @pytest.mark.parametrize("drift", [one for one in DRIFTS if one.name in SAMPLE], ids=lambda one: one.name)
    def test_it_is_seen_by_read_and_taken_back_by_update(self, stack: World, drift: Drift) -> None:
        made, scene = (
            stack.made(drift.kind),
            Scene(stack.aws, {kind: stack.made(kind).id for kind in OBJECTS}),
        )
        drift.hand(scene)
        id_, seen, _ = stack.engine.read_whole(made.id, made.outs)
        assert id_ == made.id
        assert seen != made.outs
        assert stack.engine.diff(made.id, seen, made.inputs) == (True, [])
        after = stack.engine.update(made.id, seen, made.inputs)
        assert after == made.outs
        assert stack.engine.read(made.id, after) == (made.id, made.outs)
        scene.tidy()
