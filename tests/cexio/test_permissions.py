"""The two vocabularies of permissions, and the shape of credentials."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from cexio.credentials import Credentials
from cexio.errors import UnknownPermissionError
from cexio.permissions import (
    GUIDE_PERMISSIONS,
    SPOT_PERMISSIONS,
    both_vocabularies,
    guide_for,
    moves_funds,
    spot_for,
    spot_level,
)


class TestTheGuidesFourAreReadAndTrade:
    """A person ticks Spot boxes while the guide speaks of four others: one box too many moves funds."""

    def test_the_four_need_read_and_trade_and_nothing_else(self) -> None:
        assert spot_for(GUIDE_PERMISSIONS) == ("Read", "Trade")
        assert moves_funds(GUIDE_PERMISSIONS) == ()

    def test_read_and_trade_allow_exactly_the_four(self) -> None:
        assert guide_for(["Trade", "Read"]) == GUIDE_PERMISSIONS

    def test_withdrawal_is_both_levels_that_move_funds(self) -> None:
        assert spot_for(["Withdrawal"]) == ("Funds Internal", "Funds Wallet") == moves_funds(["withdrawal"])

    @pytest.mark.parametrize("name", [*GUIDE_PERMISSIONS, *SPOT_PERMISSIONS])
    def test_case_and_underscores_are_forgiven(self, name: str) -> None:
        assert spot_for([name.upper().replace(" ", "_")]) == spot_for([name])

    def test_an_unknown_name_is_told_with_the_known_ones(self) -> None:
        with pytest.raises(UnknownPermissionError, match=r"'Witdrawal' is not known: use one of Account"):
            spot_for(["Witdrawal"])

    def test_withdrawal_has_no_single_level(self) -> None:
        with pytest.raises(UnknownPermissionError):
            spot_level("Withdrawal")

    def test_the_record_shows_both_names(self) -> None:
        assert both_vocabularies(["Place order"]) == [
            {"guide": "Place order", "spot": "Trade"},
            {"guide": "Cancel order", "spot": "Trade"},
        ]


class TestCredentialsAreNeverShown:
    """An error text or a repr with the secret in it ends in a log that everybody reads."""

    def test_spaces_and_quotes_around_them_are_taken_off(self) -> None:
        credentials = Credentials(key=' "abc123" \n', secret="'s3cret/=='")
        assert credentials.key.get_secret_value() == "abc123"
        assert credentials.secret.get_secret_value() == "s3cret/=="

    def test_neither_repr_nor_json_shows_them(self) -> None:
        credentials = Credentials(key="abc123", secret="canary-secret")
        shown = f"{credentials!r} {credentials} {credentials.model_dump_json()}"
        assert "abc123" not in shown
        assert "canary" not in shown

    @pytest.mark.parametrize("secret", ["", "  ", "two canary words", "canary\u00e9", "canary" * 60, 7, None])
    def test_a_bad_shape_is_refused_without_showing_it(self, secret: object) -> None:
        with pytest.raises(ValidationError) as refused:
            Credentials.model_validate({"key": "abc", "secret": secret})
        assert "canary" not in str(refused.value)

    def test_a_user_id_of_the_legacy_api_is_the_wrong_kind_of_key(self) -> None:
        with pytest.raises(ValidationError, match="wrong kind of key"):
            Credentials(key="up123456789", secret="abc")
