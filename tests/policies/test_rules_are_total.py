"""The judges against anything that a program can send: an exception in a policy ends the whole operation."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from policy_cases import FOUR, OURS, UNKNOWN, on_properties, on_resources, stack
from rule import Run

from rules import (
    address_is_kept,
    imdsv2_is_required,
    no_ingress,
    permissions_are_exactly_the_four,
    whitelist_is_exactly_the_hosts,
)

LEAVES = (
    st.none()
    | st.booleans()
    | st.floats(allow_nan=False)
    | st.sampled_from([OURS, UNKNOWN, "", "\N{BELL}", *FOUR])
    | st.text(max_size=3)
)
NAMES = st.sampled_from(
    [
        "address",
        "addresses",
        "guide",
        "hopLimit",
        "httpEndpoint",
        "httpTokens",
        "ingress",
        "metadata",
        "permissions",
        "reason",
        "release",
        "retain",
        "spot",
        "publicIp",
        "instanceId",
        "allocationId",
        "networkInterfaceId",
    ]
)
ANYTHING = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=8,
)
JUDGES = [
    address_is_kept.judge,
    imdsv2_is_required.judge,
    no_ingress.judge,
    permissions_are_exactly_the_four.judge,
    whitelist_is_exactly_the_hosts.judge,
]


class TestRulesAreTotal:
    """A rule that crashes stops every `up` of every stack, and its traceback shows what it crashed on."""

    @pytest.mark.parametrize("judge", JUDGES, ids=lambda judge: judge.__module__)
    @settings(max_examples=60, deadline=None)
    @given(properties=st.dictionaries(NAMES, ANYTHING, max_size=6))
    def test_a_judge_of_properties_never_raises(self, judge, properties):
        on_properties(judge, properties)

    @pytest.mark.parametrize(
        "judge", [address_is_kept.judge_stack, whitelist_is_exactly_the_hosts.judge_stack]
    )
    @settings(max_examples=60, deadline=None)
    @given(
        changes=st.dictionaries(
            st.sampled_from(sorted(stack())), st.dictionaries(NAMES, ANYTHING, max_size=3)
        )
    )
    def test_a_judge_of_stacks_never_raises(self, judge, changes):
        resources = stack()
        for name, properties in changes.items():
            resources[name][1].update(properties)
        on_resources(judge, resources, Run(preview=len(changes) % 2 == 0))
