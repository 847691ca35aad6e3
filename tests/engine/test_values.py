"""Property values on their way between program, provider and state."""

import json

import pytest
from google.protobuf import json_format
from hypothesis import given
from hypothesis import strategies as st

from sandbox.engine.values import (
    UNKNOWN,
    UNKNOWN_TEXT,
    Reference,
    Secret,
    UnsupportedValueError,
    decoded,
    encoded,
    from_state,
    masked,
    plain,
    same,
    to_state,
    with_secrets_of,
)
from sandbox.engine.wire import from_struct, to_struct

LEAVES = st.none() | st.booleans() | st.text(max_size=8) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=4), inner, max_size=3)
        | inner.map(Secret)
        | st.just(Reference("urn:pulumi:s::p::t::n", "id"))
    ),
    max_leaves=12,
)


def seal(text):
    return {"ciphertext": "sealed " + text}


def unseal(text):
    return text.removeprefix("sealed ")


class TestNothingIsLostOnTheWay:
    """A value that came back changed would show up as a change of an object in the next run."""

    @given(st.dictionaries(st.text(max_size=4), VALUES, max_size=4))
    def test_properties_survive_the_wire(self, properties):
        assert same(from_struct(to_struct(properties, secrets=True, references=True)), properties)

    @given(VALUES)
    def test_a_value_survives_the_state(self, value):
        text = json.dumps(to_state(value, seal))
        assert same(plain(from_state(json.loads(text), unseal)), plain(value))

    def test_a_whole_number_is_written_without_a_point(self):
        assert json.dumps(to_state([3.0, 2.5, 1e300, -0.0], seal)) == "[3, 2.5, 1e+300, 0]"

    def test_a_large_number_has_no_more_digits_than_tell_it_apart(self):
        assert json.dumps(to_state(123456789012345680000.0, seal)) == "123456789012345680000"

    def test_what_is_not_known_yet_crosses_as_pulumis_marker(self):
        assert json_format.MessageToDict(to_struct({"a": UNKNOWN})) == {"a": UNKNOWN_TEXT}
        assert from_struct(to_struct({"a": UNKNOWN}))["a"] is UNKNOWN


class TestSecretsStaySecret:
    """A secret that lost its mark would lie in the state, or be shown, in plain."""

    def test_a_secret_is_sealed_in_the_state(self):
        written = to_state({"a": [Secret("hunter2")]}, lambda text: {"ciphertext": str(len(text))})
        assert "hunter2" not in json.dumps(written)
        assert written["a"][0]["ciphertext"] == "9"

    def test_an_event_shows_no_secret(self):
        assert "hunter2" not in json.dumps(masked({"a": {"b": Secret({"c": "hunter2"})}}))

    def test_a_secret_is_not_printed(self):
        assert "hunter2" not in repr({"a": Secret("hunter2")})

    def test_the_provider_is_given_the_value_itself(self):
        assert encoded({"a": Secret([Secret("x")])}, secrets=False) == {"a": ["x"]}

    def test_an_output_named_like_a_secret_input_is_a_secret(self):
        marks = {"a": Secret("x"), "b": {"c": [Secret(1)]}}
        marked = with_secrets_of({"a": "x", "b": {"c": [1], "d": 2}, "e": 3}, marks)
        assert marked == {"a": Secret("x"), "b": {"c": Secret([1]), "d": 2}, "e": 3}

    def test_marks_for_what_is_not_there_add_nothing(self):
        assert with_secrets_of({}, {"a": Secret("x")}) == {}


class TestEquality:
    """Taking unlike values for the same hides a change; the other way round makes one in every run."""

    @pytest.mark.parametrize(
        ("one", "other"),
        [(True, 1.0), (False, 0.0), (Secret("a"), "a"), ([1], [1, 2]), ({"a": None}, {}), ("1", 1.0)],
    )
    def test_unlike_values_differ(self, one, other):
        assert not same(one, other)
        assert not same({"x": [one]}, {"x": [other]})

    def test_a_number_equals_itself_however_it_is_held(self):
        assert same({"a": [3]}, {"a": [3.0]})


class TestRefusals:
    """What is not known has to be refused, not mangled."""

    def test_an_asset_is_refused(self):
        asset = {"4dabf18193072939515e22adb298388d": "c44067f5952c0a294b673a41bacd8c17", "text": "x"}
        with pytest.raises(UnsupportedValueError, match="assets"):
            decoded({"a": asset})
