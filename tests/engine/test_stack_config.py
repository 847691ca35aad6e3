"""Pulumi.<stack>.yaml: read and written as the CLI does."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.engine.config import StackConfig, as_text, coerced, compact_json, full_key, opened
from sandbox.engine.config_path import Sealed
from sandbox.engine.errors import ConfigError
from sandbox.engine.yaml_text import YamlError, dump, load, remove_entry, set_entry

TEXTS = st.text(st.characters(blacklist_categories=["Cs", "Cc"], whitelist_characters="\n\t"), max_size=12)
VALUES = st.recursive(
    TEXTS | st.booleans() | st.integers(-(2**40), 2**40) | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
FILE = """\
# how this stack differs
encryptionsalt: v1:salt
config:
  # the first
  p:a: "1"   # why
  short:
    - one
    - two
  other:b: x

# at the end
"""


def config_at(tmp_path, text):
    path = tmp_path / "Pulumi.dev.yaml"
    path.write_text(text)
    return StackConfig.load(path, "p")


class TestTextsKeepTheirType:
    """A value such as `no`, `007` or `1e3` that changes its type on the way is another value."""

    @given(VALUES)
    def test_what_is_written_is_read_again(self, value):
        assert load(dump({"key": value})) == {"key": value}

    @pytest.mark.parametrize("text", ["yes", "on", "no", "y", "2001-01-01x", "1.2.3.4", "=", "a:b"])
    def test_texts_stay_texts(self, text):
        assert load(f"k: {text}") == {"k": text}

    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ("010", 8),
            ("0x10", 16),
            ("1_000", 1000),
            ("2.50", 2.5),
            ("1e3", 1000.0),
            ("~", None),
            ("True", True),
        ],
    )
    def test_other_types_are_read_as_the_cli_reads_them(self, text, value):
        assert load(f"k: {text}") == {"k": value}

    @pytest.mark.parametrize(
        "text", ["true", "3", "007", "1e3", "null", "yes", "", "12:30", ".5", "0o7", "<<"]
    )
    def test_what_could_be_taken_for_another_type_is_quoted(self, text):
        assert dump({"k": text}) == f'k: "{text}"\n'

    @pytest.mark.parametrize(
        ("text", "told"),
        [("true", True), ("5", 5), ("-5", -5), ("007", "007"), ("1.5", "1.5"), ("yes", "yes")],
    )
    def test_only_whole_numbers_and_truth_values_are_told_apart_at_a_path(self, text, told):
        assert coerced(text) == told
        assert type(coerced(text)) is type(told)


class TestAnEditLeavesTheRestAlone:
    """People comment these files; an engine that rewrote them would lose why a value is what it is."""

    def test_a_new_entry_comes_last_in_its_section(self):
        edited = set_entry(FILE, ("config", "p:new"), "v")
        assert edited == FILE.replace("  other:b: x\n", "  other:b: x\n  p:new: v\n")

    def test_an_entry_is_replaced_where_it_stands_under_its_full_name(self):
        edited = set_entry(FILE, ("config", "p:short"), ["three"], names=("short",))
        assert edited == FILE.replace("  short:\n    - one\n    - two\n", "  p:short:\n    - three\n")

    def test_a_removed_entry_takes_its_lines_alone(self):
        edited = remove_entry(FILE, ("config", "p:short"), names=("short",))
        assert edited == FILE.replace("  short:\n    - one\n    - two\n", "")

    def test_the_section_goes_with_its_last_entry(self):
        assert (
            remove_entry("encryptionsalt: s\nconfig:\n  p:a: x\n", ("config", "p:a")) == "encryptionsalt: s\n"
        )

    @given(st.dictionaries(TEXTS, VALUES, max_size=4), TEXTS, VALUES)
    def test_an_edit_changes_that_entry_and_no_other(self, entries, key, value):
        edited = set_entry(dump({"config": entries}) if entries else "", ("config", key), value)
        assert load(edited) == {"config": {**entries, key: value}}

    def test_a_flow_style_file_is_edited_too(self):
        assert load(set_entry("{config: {a: b}}", ("config", "c"), "d")) == {"config": {"a": "b", "c": "d"}}


class TestABrokenFileIsOneLineThatNamesFileAndLine:
    @pytest.mark.parametrize(
        ("text", "line"),
        [("config:\n  a: [1\n  b: 2\n", "line"), ("config:\n\ta: 1\n", "line 2"), ("a: 1\na: 2\n", "line 2")],
    )
    def test_broken_yaml(self, tmp_path, text, line):
        with pytest.raises(ConfigError) as caught:
            config_at(tmp_path, text)
        assert "Pulumi.dev.yaml" in str(caught.value)
        assert line in str(caught.value)
        assert "\n" not in str(caught.value)

    @pytest.mark.parametrize("text", ["5\n", "config: 5\n", "config:\n  a:b:c: 1\n", "- a\n"])
    def test_yaml_of_another_shape(self, tmp_path, text):
        with pytest.raises(ConfigError):
            config_at(tmp_path, text)

    def test_an_unreadable_text_is_no_traceback(self, tmp_path):
        (tmp_path / "Pulumi.dev.yaml").write_bytes(b"\xff\xfe\x00")
        with pytest.raises(ConfigError, match="not a text"):
            StackConfig.load(tmp_path / "Pulumi.dev.yaml", "p")

    def test_the_error_of_a_text_alone_is_a_value_error(self):
        with pytest.raises(YamlError, match="line 1"):
            load("a: 'x")


class TestValuesAsTheProgramGetsThem:
    def test_scalars_at_the_top_are_texts(self, tmp_path):
        config = config_at(tmp_path, "config:\n  a: 1\n  b: true\n  c: 2.50\n  d:\n  p:e: x\n")
        assert config.values == {"p:a": "1", "p:b": "true", "p:c": "2.5", "p:d": "", "p:e": "x"}

    def test_objects_are_packed_json_with_sorted_keys(self):
        assert as_text({"b": [1, 2.0, "<&>"], "a": None}) == '{"a":null,"b":[1,2,"\\u003c\\u0026\\u003e"]}'

    @given(st.dictionaries(TEXTS, VALUES, max_size=3))
    def test_packed_json_means_the_value(self, value):
        assert json.loads(compact_json(value)) == value

    def test_a_secret_inside_an_object_is_masked_or_opened_there(self, tmp_path):
        config = config_at(tmp_path, "config:\n  p:o:\n    a:\n      secure: v1:x\n    b: 1\n")
        assert config.values["p:o"]["a"] == Sealed("v1:x")
        assert opened(config.values["p:o"], None) == {"a": "[secret]", "b": 1}

    @pytest.mark.parametrize(("key", "full"), [("a", "p:a"), ("n:a", "n:a"), ("n:config:a", "n:a")])
    def test_a_bare_name_is_the_projects(self, key, full):
        assert full_key(key, "p") == full

    def test_a_key_of_too_many_parts_is_refused(self):
        with pytest.raises(ConfigError, match="could not parse a:b:c as a configuration key"):
            full_key("a:b:c", "p")
