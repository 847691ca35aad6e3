"""`aws:Subnet`: the zone it lies in, and that its range moves with nothing but the zone."""

from __future__ import annotations

from tests.providers.aws.world import World


class TestZone:
    """AWS chose a zone that did not have the machine, and the first launch of all failed."""

    def test_left_out_it_is_one_that_has_the_instance_type(self, own_stack: World) -> None:
        made = own_stack.create("Subnet", own_stack.inputs("Subnet", instanceType="t4g.micro"))
        own_stack.objects["Subnet"] = made
        assert made.outs["availabilityZone"] == "us-east-1a"

    def test_another_instance_type_later_moves_nothing(self, stack: World) -> None:
        made = stack.made("Subnet")
        assert stack.engine.diff(made.id, made.outs, {**made.inputs, "instanceType": "c7gn.medium"}) == (
            False,
            [],
        )

    def test_naming_the_zone_it_lies_in_moves_nothing_though_that_has_a_range_of_its_own(
        self, stack: World
    ) -> None:
        made = stack.made("Subnet")
        named = {"availabilityZone": made.outs["availabilityZone"], "cidr": "10.60.0.32/27"}
        assert stack.engine.diff(made.id, made.outs, {**made.inputs, **named}) == (False, [])

    def test_another_zone_and_its_range_are_another_subnet(self, stack: World) -> None:
        made = stack.made("Subnet")
        news = {**made.inputs, "availabilityZone": "us-east-1f", "cidr": "10.60.0.192/27"}
        assert stack.engine.diff(made.id, made.outs, news) == (True, ["cidr", "availabilityZone"])
