"""Property paths and what `ignore_changes` makes of them."""

import pytest

from sandbox.engine.paths import parse, with_ignored
from sandbox.engine.values import Secret


class TestPaths:
    """A path read wrongly would ignore another property than was asked for."""

    @pytest.mark.parametrize(
        ("text", "path"),
        [
            ("a", ["a"]),
            ("a.b[0].c", ["a", "b", 0, "c"]),
            ('a["b.c"]', ["a", "b.c"]),
            ('["say \\"x\\""].y', ['say "x"', "y"]),
            ("a[*].b", ["a", "*", "b"]),
            ("*", ["*"]),
            ("", None),
            ("a[", None),
        ],
    )
    def test_a_path_has_its_elements(self, text, path):
        assert parse(text) == path


class TestIgnoring:
    """An ignored property has to keep its old value, or its change would be made after all."""

    @pytest.mark.parametrize(
        ("path", "old", "new", "result"),
        [
            ("a", {"a": 1}, {"a": 2, "b": 3}, {"a": 1, "b": 3}),
            ("a", {}, {"a": 2}, {}),
            ("a", {"a": 1}, {}, {"a": 1}),
            ("a.b", {"a": {"b": 1}}, {"a": {"b": 2, "c": 3}}, {"a": {"b": 1, "c": 3}}),
            ("a[1]", {"a": [1, 2]}, {"a": [3, 4]}, {"a": [3, 2]}),
            ("a[*].b", {"a": [{"b": 1}, {"b": 2}]}, {"a": [{"b": 3}, {"b": 4}]}, {"a": [{"b": 1}, {"b": 2}]}),
            ("*", {"a": 1}, {"a": 2, "b": 3}, {"a": 1}),
            ("a.b", {"a": {"b": 1}}, {"a": Secret({"b": 2})}, {"a": Secret({"b": 1})}),
            ("x.y", {}, {"a": 1}, {"a": 1}),
        ],
    )
    def test_the_old_value_stays(self, path, old, new, result):
        assert with_ignored(new, old, [path]) == (result, [])

    def test_what_was_given_is_not_changed_in_place(self):
        old, new = {"a": {"b": 1}}, {"a": {"b": 2}}
        with_ignored(new, old, ["a.b"])
        assert (old, new) == ({"a": {"b": 1}}, {"a": {"b": 2}})

    @pytest.mark.parametrize(
        ("path", "old", "new"),
        [
            ("a[2]", {"a": [1, 2, 3]}, {"a": [1]}),
            ("a[*].b", {"a": [{"b": 1}]}, {"a": []}),
            ("a.b", {"a": {"b": 1}}, {"a": 5}),
        ],
    )
    def test_a_path_through_what_is_gone_is_told_and_changes_nothing(self, path, old, new):
        assert with_ignored(new, old, [path]) == (new, [path])
