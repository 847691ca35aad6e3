"""The host's program and this process read one and the same answer alike, whatever stands in the way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from cexio.probes import SPOILT, Probe, key_check, probe_plan
from cexio.vantage import ask
from sandbox.exchange import in_the_way
from sandbox.exchange.switches import FAULTS
from tests.cexio.matrix.situations import Key, Side
from tests.cexio.matrix.stand import Stand, answered, stand
from tests.host.in_process import run_probe

OPEN = Key(addresses=())
PLAN = {probe.name: probe for probe in probe_plan("bot", "BTC-USD", 1_700_000_000_000, "n1")}
APART = ("slow", "drip", "huge")
BROKEN = ("cut", "garbage")


@pytest.fixture(scope="module")
def exchange() -> Iterator[Stand]:
    with stand() as running:
        yield running


def both(exchange: Stand, probe: Probe) -> tuple[Any, Any]:
    """(status, fault, text) as the host reports it and as it is seen from here."""
    credentials = exchange.key(OPEN)
    key, secret = credentials.key.get_secret_value(), credentials.secret.get_secret_value()
    row, text = run_probe(probe.model_dump(), exchange.url, (key, secret), 5.0)
    alone = probe.model_copy(update={"after": None})
    seen = ask([alone], credentials, exchange.url, "here", "127.0.0.1", timeout=2)
    _, _, _, ((_, status, fault, here),) = answered(seen)
    told = seen.model_copy(
        update={
            "answers": [
                seen.answers[0].model_copy(
                    update={"status": row["status"], "fault": row["fault"], "text": text[:600]}
                )
            ]
        }
    )
    _, _, _, ((_, own_status, own_fault, own_text),) = answered(told)
    return (own_status, own_fault, own_text), (status, fault, here)


class TestOneAnswerHasOneReading:
    """A redirect that the host follows and we do not, and the two vantages prove different things."""

    @pytest.mark.parametrize("fault", [name for name in FAULTS if name not in APART])
    @pytest.mark.parametrize("name", ["key-check", "websocket", "wrong-signature"])
    def test_under_every_fault(self, exchange: Stand, fault: str, name: str) -> None:
        exchange.key(OPEN)
        exchange.switch(Side(switches=(("fault", fault),)), {}, None)
        host, here = both(exchange, PLAN[name])
        assert host == here or (host[1] in BROKEN and here[1] in BROKEN)

    def test_an_answer_that_is_too_large_is_read_as_a_success_by_neither(self, exchange: Stand) -> None:
        exchange.key(OPEN)
        exchange.switch(Side(switches=(("fault", "huge"),)), {}, None)
        for name in ("key-check", "websocket"):
            for _, fault, text in both(exchange, PLAN[name]):
                assert fault in BROKEN or text.endswith("xxx")

    @pytest.mark.parametrize(
        "setting",
        [
            {"ws_address_refused": "close"},
            {"ws_failed_auth_closes": True},
            {"address_refused": "edge-page"},
            {"status_code_in_body": True},
        ],
        ids=str,
    )
    def test_under_the_unknowns(self, exchange: Stand, setting: dict[str, Any]) -> None:
        exchange.key(OPEN)
        exchange.switch(Side(), setting, None)
        for probe in PLAN.values():
            host, here = both(exchange, probe)
            assert host == here

    def test_a_login_that_is_signed_wrongly_is_told_so_by_both(self, exchange: Stand) -> None:
        exchange.key(OPEN)
        exchange.switch(Side(), {}, None)
        assert PLAN["wrong-signature"].body == SPOILT
        for told in both(exchange, PLAN["wrong-signature"]):
            assert "Invalid signature" in told[2]

    def test_the_faults_are_all_tried(self) -> None:
        assert set(in_the_way.NAMES) <= set(FAULTS)
        assert key_check("BTC-USD") == PLAN["key-check"]
