"""Paths into configuration values, by the CLI's grammar."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.engine import config_path
from sandbox.engine.errors import ConfigError

KEYS = st.text(min_size=1, max_size=6).filter(lambda text: not text.endswith("\\"))
STEPS = st.lists(KEYS | st.integers(0, 3), min_size=1, max_size=4)


def written(path):
    quoted = (
        "[" + str(step) + "]" if isinstance(step, int) else '["' + step.replace('"', '\\"') + '"]'
        for step in path
    )
    return "".join(quoted)


class TestWhatIsSetIsFoundThere:
    @given(KEYS, STEPS)
    def test_a_path_in_brackets_is_read_as_written(self, first, rest):
        assert config_path.parse(written([first, *rest])) == (first, *rest)

    @given(st.lists(KEYS, min_size=1, max_size=4))
    def test_a_value_is_got_where_it_was_put(self, steps):
        if steps == ["secure"] or steps[-1] == "secure":
            return
        assert config_path.get(config_path.put(None, steps, 1, at="top"), steps) == 1

    @given(st.lists(KEYS, min_size=1, max_size=4))
    def test_a_dropped_value_is_gone_and_the_rest_stays(self, steps):
        value = config_path.put({"other": True}, ["kept-beside", *steps], 1, at="top")
        left = config_path.drop(value, ["kept-beside", *steps])
        assert left["other"] is True
        with pytest.raises(LookupError):
            config_path.get(left, ["kept-beside", *steps])

    def test_putting_changes_no_value_in_place(self):
        before = {"a": [1, {"b": 2}]}
        config_path.put(before, ["a", 1, "b"], 3, at="top")
        assert before == {"a": [1, {"b": 2}]}

    @pytest.mark.parametrize(
        ("text", "path"),
        [
            ("limits.low", ("limits", "low")),
            ("limits.names[0]", ("limits", "names", 0)),
            ('["a.b"].c', ("a.b", "c")),
            ('a["q\\"q"]', ("a", 'q"q')),
            ("a..b", ("a", "b")),
            ("a[0][1].x", ("a", 0, 1, "x")),
        ],
    )
    def test_the_forms_of_the_manual(self, text, path):
        assert config_path.parse(text) == path


class TestABadPathIsRefusedInTheCliWords:
    @pytest.mark.parametrize(
        ("text", "told"),
        [
            (".a", "expected property path to start with a name or index"),
            ("a.", "expected property path to end with a name or index"),
            ('a.["b"]', "expected property name after '.'"),
            ('a["b', "missing closing quote in property name"),
            ('a["b"', "missing closing bracket in property access"),
            ("a[0", "missing closing bracket in array index"),
            ("a[x]", "invalid array index"),
            ("", "empty config key path"),
            ("[0]", "must be a name"),
        ],
    )
    def test_grammar(self, text, told):
        with pytest.raises(ConfigError) as caught:
            config_path.parse(text)
        assert told in str(caught.value)

    @pytest.mark.parametrize(
        ("value", "path", "told"),
        [
            ({"names": ["a"]}, ["names", 3], "limits.names[3]: array index out of range"),
            ({"names": ["a"]}, ["names", 0, "x"], "limits.names[0]: expected a map"),
            ({"names": ["a"]}, ["names", "x"], "limits.names.x: key for an array must be an int"),
            ({"low": 1}, [0], "limits[0]: key for a map must be a string"),
            ({}, ["secure"], 'maps with the single key "secure" are reserved'),
        ],
    )
    def test_place(self, value, path, told):
        with pytest.raises(ConfigError) as caught:
            config_path.put(value, path, "x", at="limits")
        assert str(caught.value) == told

    def test_a_list_grows_by_one_at_its_end(self):
        assert config_path.put(["a"], [1], "b", at="names") == ["a", "b"]

    def test_the_first_level_gives_way_to_a_container(self):
        assert config_path.put("text", ["a"], 5, at="greeting") == {"a": 5}
