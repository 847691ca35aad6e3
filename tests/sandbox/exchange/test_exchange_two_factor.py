"""The code of two-factor login: the one that every authenticator shows, good once and for a short while."""

from __future__ import annotations

import base64

import pytest

from sandbox.exchange import two_factor
from sandbox.exchange.accounts import Account, TwoFactor
from sandbox.exchange.errors import PersonFault

RFC_SECRET = base64.b32encode(b"12345678901234567890").decode()
NOW = 1_800_000_000_000


def account() -> Account:
    return Account(name="1", two_factor=TwoFactor(secret=RFC_SECRET))


def code(step: int) -> str:
    return two_factor.code_at(RFC_SECRET, NOW + step * two_factor.STEP_MS)


class TestTheCodeIsTheOneOfEveryAuthenticator:
    """A code of our own kind would rehearse something that no phone shows."""

    @pytest.mark.parametrize(
        ("seconds", "expected"),
        [
            (59, "287082"),
            (1111111109, "081804"),
            (1111111111, "050471"),
            (1234567890, "005924"),
            (2000000000, "279037"),
            (20000000000, "353130"),
        ],
    )
    def test_the_rfcs_own_examples_hold(self, seconds: int, expected: str) -> None:
        assert two_factor.code_at(RFC_SECRET, seconds * 1000) == expected

    def test_the_phone_knows_how_long_it_shows_it(self) -> None:
        assert [two_factor.seconds_left(NOW + ms) for ms in (0, 1, 29_000, 29_999)] == [30, 30, 1, 1]


class TestACodeIsGoodOnceAndShortly:
    """A code read over a shoulder must not open anything afterwards."""

    def test_one_step_of_lateness_either_way_is_forgiven(self) -> None:
        for step in (-1, 0, 1):
            two_factor.confirm(account(), code(step), NOW)

    @pytest.mark.parametrize("step", [-2, 2])
    def test_more_is_not(self, step: int) -> None:
        with pytest.raises(PersonFault, match="not the one that your phone shows"):
            two_factor.confirm(account(), code(step), NOW)

    def test_a_used_one_and_those_before_it_are_refused(self) -> None:
        person = account()
        two_factor.confirm(person, code(0), NOW)
        for step in (0, -1):
            with pytest.raises(PersonFault, match="used already"):
                two_factor.confirm(person, code(step), NOW)
        two_factor.confirm(person, code(1), NOW)

    def test_it_may_be_typed_as_it_is_shown(self) -> None:
        two_factor.confirm(account(), f" {code(0)[:3]} {code(0)[3:]} ", NOW)

    @pytest.mark.parametrize("typed", ["", "  ", "abc", "12345", "é" * 6])
    def test_anything_else_is_one_line_at_the_field(self, typed: str) -> None:
        with pytest.raises(PersonFault) as fault:
            two_factor.confirm(account(), typed, NOW)
        assert fault.value.field == "code"

    def test_without_a_shared_secret_no_code_is_good(self) -> None:
        with pytest.raises(PersonFault):
            two_factor.confirm(Account(name="1"), code(0), NOW)
