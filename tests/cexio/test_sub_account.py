"""cexio/sub_account.py: what a balance answer says of one sub-account, amounts aside."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cexio.measurement import Answer
from cexio.rawtext import shortened
from cexio.sub_account import SubAccount, sub_account
from cexio.verdicts import evidence
from tests.cexio.answers import AT, host

UNSEEN = SubAccount()
AMOUNTS = st.decimals(0, 10**9, allow_nan=False, places=8).map(str)
ACCOUNTS = st.dictionaries(
    st.sampled_from(["", "bot", "bot2", "grid_1"]),
    st.dictionaries(st.sampled_from(["BTC", "ETH", "USD", "USDT", "EUR", "XRP"]), AMOUNTS, max_size=6),
)


def answered(accounts: Any, status: int = 200, limit: int = 600) -> Answer:
    """As a vantage reports it: cut where it is long, with its head."""
    body = {"ok": "ok", "data": {"convertedCurrency": "USD", "balancesPerAccounts": accounts}}
    return raw(json.dumps(body, separators=(",", ":")), status, limit)


def raw(body: str, status: int = 200, limit: int = 600) -> Answer:
    text, cut, head = shortened(body, limit)
    return Answer(
        probe="balance",
        vantage="host",
        action="get_my_account_status_v3",
        status=status,
        text=text,
        cut=cut,
        head=head,
        at=AT,
    )


def balances(**amounts: Any) -> dict[str, Any]:
    return {currency: {"balance": amount, "balanceOnHold": "5"} for currency, amount in amounts.items()}


class TestWhole:
    """A bot was started on an empty sub-account, and its first order was refused at the worst moment."""

    @pytest.mark.parametrize(
        ("accounts", "seen"),
        [
            ({"bot": balances(BTC="0.1")}, SubAccount(exists=True, funded=True)),
            ({"bot": balances(BTC="0.00000000", USD="3")}, SubAccount(exists=True, funded=True)),
            ({"bot": balances(BTC="0.00", USD="0")}, SubAccount(exists=True, funded=False)),
            ({"bot": balances(BTC="-1")}, SubAccount(exists=True, funded=False)),
            ({"bot": {}}, SubAccount(exists=True, funded=False)),
            ({}, SubAccount(exists=False)),
            ({"": balances(BTC="9"), "bot2": balances(BTC="9")}, SubAccount(exists=False)),
            ({"bot": balances(BTC="*")}, SubAccount(exists=True)),
            ({"bot": balances(BTC=None, USD="0")}, SubAccount(exists=True)),
            ({"bot": balances(BTC="NaN")}, SubAccount(exists=True)),
            ({"bot": "none"}, SubAccount(exists=True)),
        ],
    )
    def test_it_says_whether_the_account_is_there_and_holds_anything(
        self, accounts: Any, seen: SubAccount
    ) -> None:
        assert sub_account(answered(accounts), "bot") == seen

    @pytest.mark.parametrize(
        "answer",
        [
            answered({"bot": balances(BTC="1")}, status=500),
            answered(None),
            answered([]),
            raw('{"error":"Unexpected error"}', 500),
            raw('{"ok":"ok","data":{"error":"no","balancesPerAccounts":{"bot":{"BTC":{"balance":"1"}}}}}'),
            raw("<html>bot</html>"),
            raw('{"ok":"ok"}'),
            Answer(probe="balance", vantage="host", action="x", fault="timeout", at=AT),
        ],
    )
    def test_what_is_no_such_answer_says_nothing(self, answer: Answer) -> None:
        assert sub_account(answer, "bot") == UNSEEN


class TestCut:
    """An answer that was cut to 600 characters looked like one of an account that is not there."""

    @given(ACCOUNTS, st.integers(30, 600))
    def test_a_part_never_says_what_the_whole_does_not(self, amounts: Any, limit: int) -> None:
        accounts = {name: balances(**held) for name, held in amounts.items()}
        whole = sub_account(answered(accounts, limit=10**6), "bot") if _short(accounts) else None
        part = sub_account(answered(accounts, limit=limit), "bot")
        exists, funded = "bot" in accounts, any(float(a) > 0 for a in amounts.get("bot", {}).values())
        assert part.exists in (None, exists)
        assert part.funded in (None, funded)
        if whole is not None:
            assert whole.exists is exists

    def test_money_that_is_seen_in_a_part_is_seen(self) -> None:
        many = balances(**{f"C{number}": "0.5" for number in range(40)})
        assert sub_account(answered({"bot": many}), "bot") == SubAccount(exists=True, funded=True)

    def test_zeros_in_a_part_say_nothing_of_the_rest(self) -> None:
        many = balances(**{f"C{number}": "0.00" for number in range(40)}, BTC="1")
        assert sub_account(answered({"bot": many}), "bot") == SubAccount(exists=True)

    def test_a_currency_of_the_same_name_is_no_account(self) -> None:
        many = balances(bot="1", **{f"C{number}": "0.5" for number in range(40)})
        assert sub_account(answered({"": many}), "bot") == UNSEEN

    def test_money_of_the_next_account_is_not_the_bots(self) -> None:
        many = balances(**{f"C{number}": "0.5" for number in range(40)})
        assert sub_account(answered({"bot": balances(BTC="0"), "x": many}), "bot").funded is False


class TestEvidence:
    """Evidence goes into logs and reviews: an amount in it tells a thief whom to visit."""

    def test_the_balance_row_says_what_was_seen_and_no_amount(self) -> None:
        noted = evidence(host(), account_id="bot")
        assert [row.get("account") for row in noted if row["probe"] == "balance"] == [
            {"name": "bot", "exists": True, "funded": True}
        ]
        assert all("account" not in row for row in noted if row["probe"] != "balance")
        assert "731.55" not in json.dumps(noted)

    def test_without_a_sub_account_of_ours_nothing_is_said(self) -> None:
        assert all("account" not in row for row in evidence(host(None)))


def _short(accounts: Any) -> bool:
    return len(json.dumps(accounts)) < 450
