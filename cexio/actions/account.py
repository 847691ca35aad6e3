"""Fees, volume, sub-accounts and balances. All need Read."""

from __future__ import annotations

from collections.abc import Sequence

from cexio.answers.account import (
    AccountStatus,
    CreatedAccount,
    CurrentFee,
    FeeStrategy,
    Volume,
    WalletBalance,
)
from cexio.call import Call, action, names, typed


class AccountActions:
    """What the account is and holds."""

    @action
    def get_my_current_fee(self, pairs: Sequence[str] | None = None) -> Call[CurrentFee]:
        """Trading fees by pair; of all pairs where none is named. 5 points."""
        params = {"pairs": names("pairs", pairs)}
        return Call("private", "get_my_current_fee", params, typed(CurrentFee))

    @action
    def get_fee_strategy(self) -> Call[FeeStrategy]:
        """How fees follow from volume. 1 point."""
        return Call("private", "get_fee_strategy", {}, typed(FeeStrategy))

    @action
    def get_my_volume(self) -> Call[Volume]:
        """What was traded in the last 30 days. 5 points."""
        return Call("private", "get_my_volume", {}, typed(Volume))

    @action
    def do_create_account(self, account_id: str, currency: str) -> Call[CreatedAccount]:
        """Makes a sub-account (Latin letters, digits, `_`, `-`), with nothing more than Read. An existing
        name is answered alike and makes nothing. 1 point."""
        params = {"accountId": account_id, "currency": currency}
        return Call("private", "do_create_account", params, typed(CreatedAccount))

    @action
    def get_my_account_status_v3(
        self, *, currencies: Sequence[str] | None = None, account_ids: Sequence[str] | None = None
    ) -> Call[AccountStatus]:
        """Balances by account and currency. 5 points."""
        return _status("get_my_account_status_v3", currencies, account_ids)

    @action
    def get_my_account_status_v2(
        self, *, currencies: Sequence[str] | None = None, account_ids: Sequence[str] | None = None
    ) -> Call[AccountStatus]:
        """The same with available balances; the exchange calls it deprecated. 5 points."""
        return _status("get_my_account_status_v2", currencies, account_ids)

    @action
    def get_my_wallet_balance(self) -> Call[dict[str, WalletBalance]]:
        """The Wallet (not Spot) by currency. 5 points."""
        return Call("private", "get_my_wallet_balance", {}, typed(dict[str, WalletBalance]))


def _status(
    name: str, currencies: Sequence[str] | None, account_ids: Sequence[str] | None
) -> Call[AccountStatus]:
    params = {"currencies": names("currencies", currencies), "accountIds": names("accountIds", account_ids)}
    return Call("private", name, params, typed(AccountStatus))
