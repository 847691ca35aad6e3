"""Dependencies among the resources of a state."""

from hypothesis import given
from hypothesis import strategies as st

from sandbox.engine.graph import Graph, delete_layers
from sandbox.engine.state import Resource


def made(name, *, needs=(), parent="", custom=True, provider="", with_="", delete=False):
    return Resource(
        urn=name, type="t", custom=custom, parent=parent, dependencies=list(needs), provider=provider,
        deleted_with=with_, delete=delete,
    )  # fmt: skip


def names(layers):
    return [sorted(resource.urn for resource in layer) for layer in layers]


class TestDependents:
    """One that is missed is not updated or deleted in time; one too many is replaced for nothing."""

    def test_those_at_several_removes_are_found_in_order(self):
        a, b, c, d = made("a"), made("b", needs=["a"]), made("c", needs=["b"]), made("d")
        assert Graph([a, b, c, d]).dependents(a) == [b, c]

    def test_children_count_only_if_asked_for(self):
        a = made("a")
        child = made("child", parent="a")
        graph = Graph([a, child])
        assert graph.dependents(a) == []
        assert graph.dependents(a, with_children=True) == [child]

    def test_all_objects_depend_on_their_provider(self):
        provider, a = made("provider"), made("a", provider="provider::some-id")
        assert Graph([provider, a]).dependents(provider) == [a]

    def test_what_is_ignored_leads_no_further(self):
        a, b, c = made("a"), made("b", needs=["a"]), made("c", needs=["b"])
        assert Graph([a, b, c]).dependents(a, ignored={"b"}) == []


class TestDeleteLayers:
    """An object deleted before those that use it leaves them broken, or cannot be deleted at all."""

    def test_dependents_and_children_go_first(self):
        a, b, c = made("a"), made("b", needs=["a"]), made("c", parent="b")
        assert names(delete_layers([a, b, c], [a, b, c])) == [["c"], ["b"], ["a"]]

    def test_independent_objects_go_together(self):
        a, b, c = made("a"), made("b", needs=["a"]), made("c", needs=["a"])
        assert names(delete_layers([a, b, c], [a, b, c])) == [["b", "c"], ["a"]]

    def test_what_depends_on_a_component_goes_before_its_children(self):
        home = made("home", custom=False)
        child = made("child", parent="home")
        user = made("user", needs=["home"])
        assert names(delete_layers([home, child, user], [home, child, user])) == [
            ["user"],
            ["child"],
            ["home"],
        ]

    def test_what_stays_orders_nothing(self):
        a, b = made("a"), made("b", needs=["a"])
        assert names(delete_layers([a, b], [b])) == [["b"]]

    @given(st.lists(st.sets(st.integers(0, 30), max_size=4), max_size=30))
    def test_nothing_goes_before_its_dependents(self, needed):
        state = [made(str(i), needs=[str(n) for n in needs if n < i]) for i, needs in enumerate(needed)]
        place = {
            resource.urn: at for at, layer in enumerate(delete_layers(state, state)) for resource in layer
        }
        assert len(place) == len(state)
        assert all(place[resource.urn] < place[urn] for resource in state for urn in resource.dependencies)
