"""What providers/contract.py promises, tried on every AWS resource through the real provider process."""

from __future__ import annotations

from typing import Any

import pytest

from tests.providers.aws.world import OBJECTS, World, provider_of
from tests.providers.dynamic_server import UNKNOWN

every = pytest.mark.parametrize("resource", OBJECTS)
drifting = pytest.mark.parametrize("resource", [name for name, row in OBJECTS.items() if row.drift])


class TestOneObject:
    """A run that was killed after AWS made something left a second one behind at the next run."""

    @every
    def test_creating_with_the_state_lost_adopts_the_object(self, stack: World, resource: str) -> None:
        made = stack.made(resource)
        again = stack.create(resource, made.inputs)
        assert (again.id, again.outs) == (made.id, made.outs)

    @every
    def test_create_answers_with_every_output(self, stack: World, resource: str) -> None:
        outs = stack.made(resource).outs
        assert all(isinstance(outs[name], str) and outs[name] for name in OBJECTS[resource].outputs)
        assert outs["region"] == "us-east-1"


class TestNoChange:
    """A difference that is none made every run a change, and a change of an address a new whitelist."""

    @every
    def test_an_unchanged_program_changes_nothing(self, stack: World, resource: str) -> None:
        made = stack.made(resource)
        assert stack.engine.diff(made.id, made.outs, made.inputs) == (False, [])

    @every
    def test_read_tells_what_create_told(self, stack: World, resource: str) -> None:
        made = stack.made(resource)
        id_, outs, inputs = stack.engine.read_whole(made.id, made.outs)
        assert (id_, outs) == (made.id, made.outs)
        assert inputs.items() <= {**made.inputs, **made.outs}.items()

    @every
    def test_unknown_inputs_pass_check_and_never_replace(self, stack: World, resource: str) -> None:
        made, row = stack.made(resource), OBJECTS[resource]
        for name in made.inputs:
            if name == "__provider":
                continue
            news = {**made.inputs, name: UNKNOWN}
            assert stack.engine.check(row.provider, news, made.inputs)[1] == []
            assert stack.engine.diff(made.id, made.outs, news) == (True, [])


class TestChange:
    """An update that forgot an output wiped it from the state, and what depended on it broke."""

    @every
    def test_an_update_returns_every_output_and_reads_back(self, own_stack: World, resource: str) -> None:
        made, change = own_stack.made(resource), OBJECTS[resource].change
        if change:
            assert own_stack.engine.diff(made.id, made.outs, {**made.inputs, **change}) == (True, [])
        updated = own_stack.update(made, **change)
        assert set(updated.outs) >= set(made.outs)
        assert own_stack.engine.read(made.id, updated.outs) == (made.id, updated.outs)
        assert own_stack.engine.diff(made.id, updated.outs, updated.inputs) == (False, [])

    @pytest.mark.parametrize(
        ("resource", "name"), [(name, key) for name, row in OBJECTS.items() for key in row.replaced_by]
    )
    def test_what_cannot_change_in_place_is_named(self, stack: World, resource: str, name: str) -> None:
        made = stack.made(resource)
        news = {**made.inputs, name: OBJECTS[resource].replaced_by[name]}
        assert stack.engine.diff(made.id, made.outs, news) == (True, [name])
        assert stack.engine.deletes_first(made.id, made.outs, news) == (resource == "Instance")

    @every
    def test_another_region_is_refused_in_one_line(self, stack: World, resource: str) -> None:
        made = stack.made(resource)
        olds = {**made.outs, "region": "eu-west-1"}
        said = stack.refusal(lambda: stack.engine.diff(made.id, olds, made.inputs))
        assert "eu-west-1" in said
        assert "cexio-bot:region" in said
        assert "eu-west-1" in stack.refusal(lambda: stack.engine.read(made.id, olds))


class TestDrift:
    """What was changed by hand stayed changed: nothing compared the world with the program."""

    @drifting
    def test_what_a_hand_did_is_seen_and_taken_back(self, own_stack: World, resource: str) -> None:
        made, row = own_stack.made(resource), OBJECTS[resource]
        assert row.drift is not None
        row.drift(own_stack.aws, made)
        id_, outs, inputs = own_stack.engine.read_whole(made.id, made.outs)
        assert id_ == made.id
        assert outs[row.drifts] != made.outs[row.drifts]
        if row.drifts in made.inputs:
            assert inputs[row.drifts] == outs[row.drifts]
        assert own_stack.engine.diff(made.id, outs, made.inputs) == (True, [])
        made.outs = own_stack.engine.update(made.id, outs, made.inputs)
        assert own_stack.engine.read(made.id, made.outs)[1][row.drifts] == made.outs[row.drifts]
        assert own_stack.engine.diff(made.id, made.outs, made.inputs) == (False, [])


class TestEnd:
    """A delete that failed because the object was gone already blocked every later destroy."""

    @every
    def test_deleting_twice_is_done_and_read_says_gone(self, own_stack: World, resource: str) -> None:
        made = own_stack.made(resource)
        props = {**made.outs, "release": made.outs.get("publicIp")}
        if resource == "ElasticIpAssociation":
            del props["release"]
        own_stack.engine.delete(made.id, props)
        own_stack.engine.delete(made.id, props)
        del own_stack.objects[resource]
        id_, outs = own_stack.engine.read(made.id, props)
        if resource == "Secret":
            assert outs["scheduledForDeletion"] is True
        elif resource == "Tags":
            assert outs["tags"] == {}
        elif resource == "ExistingNetwork":
            assert id_ == made.id
        else:
            assert id_ == ""

    @every
    def test_a_state_of_old_with_nothing_but_the_id_can_be_deleted(self, stack: World, resource: str) -> None:
        gone = {
            "Secret": "arn:aws:secretsmanager:us-east-1:123456789012:secret:gone-abcdef",
            "Role": "gone",
            "InstanceProfile": "gone",
        }
        id_ = gone.get(resource, stack.made(resource).id.partition("-")[0] + "-0123456789abcdef0")
        stack.engine.delete(id_, {"__provider": provider_of(resource)})


class TestBadInput:
    """A wrong value was found by AWS, ten objects later."""

    @every
    def test_a_missing_input_is_named(self, engine: Any, resource: str) -> None:
        _, failures = engine.check(OBJECTS[resource].provider, {"tags": {}})
        assert failures
        assert all(name and reason == "is missing" for name, reason in failures if name != "tags")

    @pytest.mark.parametrize(
        ("resource", "name", "value", "says"),
        [
            ("Vpc", "cidr", "10.0.0.1/24", "host bits"),
            ("Vpc", "cidr", "10.0.0.0/8", "16 to 28"),
            ("Vpc", "owner", "nobody", "pattern"),
            ("Vpc", "tags", {"cexio-bot:owner": "x"}, "reserved"),
            ("SecurityGroup", "ingress", [{"protocol": "icmp", "port": 1, "cidr": "0.0.0.0/0"}], "tcp"),
            ("Secret", "name", "bot-abcdef", "six characters"),
            ("Secret", "recoveryWindowDays", 3, "7"),
            ("Secret", "deployers", ["me"], "pattern"),
            ("Secret", "deployers", [], "nobody"),
            ("Secret", "kmsKeyId", "alias/mine", "pattern"),
            ("Role", "assumeRolePolicy", "[]", "JSON object"),
            ("Instance", "userData", "x" * 16385, "16385 bytes"),
            ("Instance", "metadata", {"httpTokens": "optional"}, "required"),
            ("Instance", "rootVolume", {"encrypted": False}, "True"),
            ("ElasticIp", "allocationId", "203.0.113.7", "pattern"),
        ],
    )
    def test_a_wrong_value_is_a_failure_of_its_property(
        self, stack: World, resource: str, name: str, value: Any, says: str
    ) -> None:
        news = {**stack.made(resource).inputs, name: value}
        _, failures = stack.engine.check(OBJECTS[resource].provider, news)
        assert [failure[0].partition(".")[0] for failure in failures] == [name]
        assert says in failures[0][1]
