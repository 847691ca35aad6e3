import pytest
from policy_cases import DYNAMIC, FOREIGN, OURS, UNKNOWN, changed, on_properties, on_resources, stack
from rule import Run

from rules.address_is_kept import judge, judge_stack

KEPT = {"owner": "cexio-bot/dev/address", "retain": True}
AGREED = Run(settings={"acknowledgedReleases": [OURS]})


class TestTheAddressIsKept:
    """A released address is an outage: the whitelist names it, and editing that deactivates the key."""

    def test_a_retained_address_passes(self):
        assert on_properties(judge, KEPT).passes

    @pytest.mark.parametrize("retain", [False, None, ..., "true", 1, [], {}])
    def test_an_address_that_is_not_plainly_retained_is_refused(self, retain):
        assert len(on_properties(judge, changed(KEPT, retain=retain)).messages) == 1

    def test_an_unknown_retain_is_undecided_and_does_not_hide_a_bad_release(self):
        verdict = on_properties(judge, changed(KEPT, retain=UNKNOWN, release="everything"))
        assert verdict.undecided
        assert len(verdict.messages) == 1

    def test_the_message_names_the_property_and_not_its_value(self):
        (message,) = on_properties(judge, changed(KEPT, release=FOREIGN)).messages
        assert "`release`" in message
        assert FOREIGN not in message


class TestAReleaseIsAskedForByName:
    """A left-over or mistyped release must not take an address that a key is tied to."""

    def test_a_release_that_a_reviewer_acknowledged_passes(self):
        assert on_properties(judge, changed(KEPT, retain=False, release=OURS), AGREED).passes

    def test_a_release_that_nobody_acknowledged_is_refused(self):
        assert "acknowledged" in on_properties(judge, changed(KEPT, release=OURS)).messages[0]

    def test_an_acknowledgement_of_another_address_does_not_count(self):
        assert on_properties(judge, changed(KEPT, release=FOREIGN), AGREED).messages

    @pytest.mark.parametrize("settings", ["x", 4.0, {"a": OURS}, f"{OURS},", None])
    def test_an_acknowledgement_of_the_wrong_type_does_not_count(self, settings):
        run = Run(settings={"acknowledgedReleases": settings})
        assert on_properties(judge, changed(KEPT, release=OURS), run).messages

    @pytest.mark.parametrize(
        "release", ["", "yes", True, 1.0, "0.0.0.0/0", f"{OURS}/32", f" {OURS}", [OURS], {}]
    )
    def test_a_release_that_is_not_one_address_is_refused(self, release):
        run = Run(settings={"acknowledgedReleases": [release]})
        assert "not one IPv4 address" in on_properties(judge, changed(KEPT, release=release), run).messages[0]

    def test_an_unknown_release_is_undecided(self):
        assert on_properties(judge, changed(KEPT, release=UNKNOWN)).undecided


class TestAReleaseNamesItsOwnAddress:
    """With two addresses in a stack, the release of one must not be written on the other."""

    def test_a_stack_without_releases_passes(self):
        assert on_resources(judge_stack, stack()).passes

    def test_a_release_of_that_very_address_passes(self):
        resources = stack()
        resources["address"][1]["release"] = OURS
        assert on_resources(judge_stack, resources).passes

    @pytest.mark.parametrize("release", [FOREIGN, "", True, [OURS]])
    def test_a_release_of_another_address_is_reported(self, release):
        resources = stack()
        resources["address"][1]["release"] = release
        assert len(on_resources(judge_stack, resources).messages) == 1

    def test_an_address_that_a_preview_does_not_know_yet_is_undecided(self):
        resources = {"address": (DYNAMIC + "aws:ElasticIp", {"retain": True, "release": OURS})}
        assert on_resources(judge_stack, resources, Run(preview=True)).undecided
        assert on_resources(judge_stack, resources).messages
