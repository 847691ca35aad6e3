"""Fees, volume, sub-accounts and balances."""

from __future__ import annotations

from cexio.answers.reply import Exact, Maybe, Reply


class PairFee(Reply):
    """The trading fee of a pair, in percent."""

    percent: Exact


class CurrentFee(Reply):
    """By pair, as `BTC-USD`."""

    trading_fee: dict[str, PairFee]


class FeeTier(Reply):
    """From this 30-day volume on, this fee in percent."""

    fee: Exact
    volume: Exact


class FeeTiers(Reply):
    """The tiers; `per_tier` and `per_weekend`, where they are told, stay as they are sent."""

    default: tuple[FeeTier, ...]
    per_tier: object = None
    per_weekend: object = None


class FeeStrategy(Reply):
    """How fees follow from volume."""

    strategy_config: FeeTiers


class Volume(Reply):
    """What was traded in a period such as `30d`."""

    period: str
    volume: Exact
    currency: str


class CreatedAccount(Reply):
    """A sub-account that exists now; an existing name answers the same."""

    account_id: str


class Balance(Reply):
    """One currency of one account. `balance_available` is told by the second version only."""

    balance: Exact
    balance_on_hold: Maybe = None
    balance_available: Maybe = None
    balance_in_converted_currency: Maybe = None


class AccountStatus(Reply):
    """Balances by account and currency. The main account is the key `""`; an account that does not exist is
    left out, so a missing one is no error."""

    converted_currency: str | None = None
    balances_per_accounts: dict[str, dict[str, Balance]]

    def balance(self, account_id: str, currency: str) -> Balance | None:
        """One currency of one account, or None where the exchange tells of none."""
        return self.balances_per_accounts.get(account_id, {}).get(currency)


class WalletBalance(Reply):
    """One currency of the Wallet, which is not Spot."""

    balance: Exact
