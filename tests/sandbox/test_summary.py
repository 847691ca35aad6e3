"""The summary of `make up`: what a safe key says is green."""

from __future__ import annotations

import pytest

from sandbox.summary import expected


class TestColours:
    """That funds cannot be moved was shown in red, as if the key wanted something."""

    @pytest.mark.parametrize("name", ["Funds Wallet", "Funds Internal", "A call from elsewhere"])
    def test_what_has_to_be_shut_is_as_expected_when_it_is_refused(self, name: str) -> None:
        assert expected({"name": name, "verdict": "refused"})
        assert not expected({"name": name, "verdict": "granted"})

    @pytest.mark.parametrize("name", ["Account balance", "Place order"])
    def test_what_the_bot_needs_is_as_expected_when_it_is_granted(self, name: str) -> None:
        assert expected({"name": name, "verdict": "granted"})
        assert not expected({"name": name, "verdict": "refused"})

    @pytest.mark.parametrize("name", ["Funds Wallet", "Account balance"])
    def test_what_is_not_known_is_never_as_expected(self, name: str) -> None:
        assert not expected({"name": name, "verdict": "undetermined"})
