"""What is foretold of a key from its row, held against what the probes and the verdict really say of it."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from cexio.credentials import Credentials
from cexio.judgement import Expectation, Judgement
from cexio.probes import Probe, elsewhere_plan, probe_plan, recheck_plan
from cexio.vantage import ask
from cexio.verdicts import judge
from sandbox.key_review import ELSEWHERE, Row, Wanted, remarks
from tests.sandbox.exchange.conftest import HOST, Client

WANTED = Wanted(label="Bot", levels=("Read", "Trade"), addresses=(HOST,))
WRONG = {
    "read only": {"permissions": ("Read",)},
    "money inside": {"permissions": ("Read", "Trade", "Funds Internal")},
    "money out": {"permissions": ("Read", "Trade", "Funds Wallet")},
    "no whitelist": {"addresses": ()},
    "another address": {"addresses": ("127.99.99.99",)},
    "elsewhere listed": {"addresses": (HOST, ELSEWHERE)},
    "not activated": {"activate": False},
}


def measured(client: Client, key: dict[str, str]) -> Judgement:
    """The verifier's verdict, from real requests: host, here, host."""
    credentials = Credentials(key=SecretStr(key["key"]), secret=SecretStr(key["secret"]))

    def asked(plan: list[Probe], vantage: str, source: str):  # type: ignore[no-untyped-def]
        return ask(plan, credentials, client.stand.url, vantage, source_address=source)

    return judge(
        asked(probe_plan("bot", "BTC-USD", client.now(), "real"), "host", HOST),
        asked(elsewhere_plan("BTC-USD"), "here", ELSEWHERE),
        asked(recheck_plan("BTC-USD"), "host", HOST),
        Expectation(addresses=(HOST,), account_id="bot"),
    )


class TestForetoldIsWhatTheVerifierSays:
    """A rehearsal that praises what the proof then refuses, or the reverse, teaches the wrong thing."""

    @pytest.mark.parametrize("fault", [None, *WRONG])
    def test_verdict_and_words_are_the_same(self, client: Client, fault: str | None) -> None:
        change = dict(WRONG.get(fault or "", {}))
        permissions = change.pop("permissions", ("Read", "Trade"))
        key = client.key(*permissions, **change)  # type: ignore[arg-type]
        [page] = client.page.keys("1")
        foretold = [remark for remark in remarks(Row.model_validate(page), WANTED) if remark.proof]
        real = measured(client, key)
        if fault is None:
            assert (foretold, real.verdict.value) == ([], "verified")
        else:
            assert [remark.what for remark in foretold] == [real.verdict.value]
            assert _next_step(foretold[0].line) == _next_step(real.line)

    def test_all_faults_are_told_at_once(self) -> None:
        row = Row(key="k", label="Bot", status="created", permissions=("Read", "Funds Wallet"), addresses=())
        assert [remark.what for remark in remarks(row, WANTED)] == [
            "not activated",
            "whitelist not enforced",
            "permission missing",
            "too many permissions",
        ]

    def test_what_only_the_page_shows_is_told_and_bars_no_proof(self) -> None:
        row = Row(
            key="k",
            label="Other",
            status="active",
            permissions=("Read", "Trade"),
            addresses=(HOST, "127.99.99.99"),
        )
        found = remarks(row, WANTED)
        assert [(remark.what, remark.proof) for remark in found] == [("label", False), ("whitelist", False)]
        assert "127.99.99.99" in found[1].line

    def test_an_address_of_the_record_that_is_not_listed_is_named(self) -> None:
        two = WANTED.model_copy(update={"addresses": (HOST, "127.5.5.5")})
        row = Row(key="k", label="Bot", status="active", permissions=("Read", "Trade"), addresses=(HOST,))
        assert [remark.line for remark in remarks(row, two)] == ["the record lists 127.5.5.5 too: add it"]


def _next_step(line: str) -> str:
    """A line without the exchange's own words, which nobody can foretell."""
    return line.partition(" (")[0] + line.rpartition("): ")[2]
