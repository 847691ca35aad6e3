"""Targets, aliases, goals and refreshed states: the parts of planning that need no provider."""

import re
from types import SimpleNamespace

import pytest

from sandbox.engine import protocol, urns
from sandbox.engine.aliases import former_urns
from sandbox.engine.goal import Alias, Goal, UnsupportedRequestError, from_request
from sandbox.engine.policy_config import PolicyConfigError, read, reconciled
from sandbox.engine.refresh import mended
from sandbox.engine.state import Resource
from sandbox.engine.targets import Targets
from sandbox.engine.wire import to_struct

A = "urn:pulumi:dev::shop::t:index:Home$t:index:Thing::a"


class TestTargets:
    """A target that matches too much would change what the user meant to leave alone."""

    @pytest.mark.parametrize("pattern", [A, "**Thing::a", "urn:pulumi:*::shop::**", "**"])
    def test_a_urn_and_patterns_match(self, pattern):
        assert A in Targets([pattern])

    @pytest.mark.parametrize("pattern", ["**::b", "urn:*::a", "a", A + "b", "urn.pulumi**"])
    def test_others_do_not(self, pattern):
        assert A not in Targets([pattern])

    def test_no_targets_are_no_constraint(self):
        assert A in Targets([])
        assert not Targets([])


class TestAliases:
    """An alias that is missed makes a renamed object a new one, and deletes the old."""

    def former(self, goal, **taken):
        return former_urns(goal, stack="dev", project="shop", taken=taken.get("taken", {}))

    def test_a_part_that_is_not_given_is_as_it_is_now(self):
        goal = Goal("t:index:Thing", "new", True, aliases=[Alias(name="old"), Alias(type="t:index:Was")])
        assert self.former(goal) == [
            urns.make("dev", "shop", "", "t:index:Thing", "old"),
            urns.make("dev", "shop", "", "t:index:Was", "new"),
        ]

    def test_children_follow_a_renamed_parent(self):
        home = urns.make("dev", "shop", "", "t:index:Home", "house")
        was = urns.make("dev", "shop", "", "t:index:Home", "hut")
        goal = Goal("t:index:Thing", "house-door", True, parent=home)
        assert self.former(goal, taken={home: was}) == [
            urns.make("dev", "shop", was, "t:index:Thing", "hut-door")
        ]

    def test_a_resource_may_have_been_below_the_stack(self):
        home = urns.make("dev", "shop", "", "t:index:Home", "home")
        goal = Goal("t:index:Thing", "a", True, parent=home, aliases=[Alias(no_parent=True)])
        assert self.former(goal) == [urns.make("dev", "shop", "", "t:index:Thing", "a")]


class TestGoals:
    """What this engine does not do has to be refused in one line, or it would quietly be left out."""

    def request(self, **more):
        kind = more.pop("type", "pulumi-python:dynamic/t:Thing")
        return protocol.resource.RegisterResourceRequest(type=kind, name="a", custom=True, **more)

    @pytest.mark.parametrize(
        "more",
        [
            {"remote": True},
            {"importId": "x"},
            {"type": "aws:s3/bucket:Bucket"},
            {"type": "pulumi:providers:pulumi-python"},
            {"provider": "urn::id"},
            {"packageRef": "x"},
        ],
    )
    def test_what_is_not_known_is_refused_in_one_line(self, more):
        with pytest.raises(UnsupportedRequestError, match="use the pulumi CLI") as refused:
            from_request(self.request(**more))
        assert "\n" not in str(refused.value)

    def test_what_the_program_leaves_open_is_taken_from_the_parent(self):
        goal = from_request(self.request())
        goal.inherit(Goal("t", "p", False, protect=True, retain_on_delete=True, deleted_with="x"))
        assert (goal.protect, goal.retain_on_delete, goal.deleted_with) == (True, True, "x")

    def test_what_it_says_itself_holds(self):
        goal = from_request(self.request(protect=False))
        goal.inherit(Goal("t", "p", False, protect=True))
        assert goal.protect is False

    @pytest.mark.parametrize(
        ("text", "seconds"), [("90s", 90), ("1h30m", 5400), ("500ms", 0.5), ("1.5m", 90)]
    )
    def test_a_duration_is_read_as_the_sdk_writes_it(self, text, seconds):
        timeouts = protocol.resource.RegisterResourceRequest.CustomTimeouts(create=text)
        assert from_request(self.request(customTimeouts=timeouts)).custom_timeouts == {"create": seconds}


class TestRefreshedStates:
    """A state in which something points at what is gone is refused by the CLI."""

    def test_links_to_what_is_gone_are_cut(self):
        b = Resource("b", "t", dependencies=["a", "x"], property_dependencies={"p": ["a"]}, deleted_with="a")
        found = mended([Resource("x", "t"), b])[1]
        assert (found.dependencies, found.property_dependencies, found.deleted_with) == (["x"], {"p": []}, "")

    def test_children_move_up_to_what_is_left(self):
        state = [Resource("stack", "t"), Resource("child", "t", parent="gone")]
        assert mended(state)[1].parent == ""

    def test_what_needs_no_mending_is_the_same_object(self):
        state = [Resource("a", "t"), Resource("b", "t", dependencies=["a"], parent="a")]
        assert mended(state) == state


class TestPolicySettings:
    """A policy that is set wrongly, or not at all, lets through what it was to stop."""

    def info(self):
        schema = SimpleNamespace(
            properties=to_struct({"words": {"type": "array", "default": ["d"]}, "n": {"type": "number"}}),
            required=["n"],
        )
        policy = SimpleNamespace(name="one", enforcementLevel=1, configSchema=schema)
        return SimpleNamespace(policies=[policy], initialConfig={})

    def test_defaults_come_first_and_the_file_last(self):
        settings, faults = reconciled(self.info(), {"all": "advisory", "one": {"n": 5}})
        assert (settings["one"].level, settings["one"].properties) == ("advisory", {"words": ["d"], "n": 5})
        assert faults == []

    def test_the_level_of_one_policy_goes_before_that_of_all(self):
        settings, _ = reconciled(
            self.info(), {"one": {"enforcementLevel": "disabled", "n": 1}, "all": "advisory"}
        )
        assert settings["one"].level == "disabled"

    def test_what_the_schema_does_not_allow_is_told(self):
        _, faults = reconciled(self.info(), {"one": {"words": 5}})
        assert faults == ["one: n is required", "one: words: Invalid type. Expected: array, given: integer"]

    @pytest.mark.parametrize("text", ["[", "[]", '{"one": "strict"}', '{"one": 5}'])
    def test_a_broken_file_is_told_in_one_line(self, tmp_path, text):
        path = tmp_path / "settings.json"
        path.write_text(text)
        with pytest.raises(PolicyConfigError, match=re.escape(str(path))) as refused:
            read(path)
        assert "\n" not in str(refused.value)
