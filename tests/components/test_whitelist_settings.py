"""Settings about the whitelist and the account: extra addresses with reasons, limits, statements."""

from __future__ import annotations

import json
from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.settings import Settings, SettingsError, read_settings

CANARY = "canary-5f0c1d7e9b"
ROWS = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "address": st.one_of(st.ip_addresses(v=4).map(str), st.ip_addresses(v=6).map(str), st.text()),
            "reason": st.one_of(st.text(max_size=210), st.none()),
            "since": st.text(max_size=3),
        },
    ),
    max_size=3,
)


def read(**config: str) -> Settings:
    return read_settings({f"cexio-bot:{name}": value for name, value in config.items()}, lambda _key: False)


def fault(**config: str) -> str:
    with pytest.raises(SettingsError) as caught:
        read(**config)
    return str(caught.value)


class TestExtraAddresses:
    """An address that nobody can explain a year later is left on the whitelist, and the key with it."""

    @given(ROWS)
    def test_whatever_passes_is_public_single_and_explained(self, rows: list[dict[str, str]]) -> None:
        try:
            extra = read(extraAddresses=json.dumps(rows)).extra_addresses
        except SettingsError as error:
            told = str(error).splitlines()[1:]
        else:
            told = []
        assert all(line.startswith("cexio-bot:extraAddresses") for line in told)
        if told:
            return
        assert len(extra) == len(rows)
        for row in extra:
            assert IPv4Address(row.address).is_global
            assert len(row.reason) >= 3
            assert row.reason.isprintable()
            assert row.reason == " ".join(row.reason.split())

    @pytest.mark.parametrize(
        ("row", "says"),
        [
            ({"address": "8.8.8.0/24", "reason": "office"}, "is a range"),
            ({"address": "2a05:d01c::1", "reason": "office"}, "is IPv6"),
            ({"address": "8.8.8.8 1.1.1.1", "reason": "office"}, "more than one"),
            ({"address": "10.0.0.9", "reason": "office"}, "is private"),
            ({"address": "100.64.0.9", "reason": "office"}, "carrier's NAT"),
            ({"address": "203.0.113.9", "reason": "office"}, "documentation"),
            ({"address": CANARY, "reason": "office"}, "no IPv4 address"),
            ({"address": "8.8.8.8", "reason": "  \n "}, "says no reason"),
            ({"address": "8.8.8.8", "reason": f"{CANARY}\x1b[31m"}, "cannot be printed"),
            ({"address": "8.8.8.8"}, "(0.reason)"),
        ],
    )
    def test_a_fault_says_what_it_is_and_shows_no_value(self, row: dict[str, str], says: str) -> None:
        told = fault(extraAddresses=json.dumps([row]))
        assert says in told
        assert "pulumi config set cexio-bot:extraAddresses" in told
        assert CANARY not in told

    def test_a_reason_is_one_line(self) -> None:
        [row] = read(
            extraAddresses=json.dumps([{"address": "8.8.8.8", "reason": " the\n office "}])
        ).extra_addresses
        assert row.reason == "the office"


class TestLimits:
    """Limits of two lines made a step of two lines, and the second looked like a step of its own."""

    def test_they_are_one_line(self) -> None:
        assert read(tradingLimits="1 BTC\n a day ").trading_limits == "1 BTC a day"

    def test_what_cannot_be_printed_is_refused(self) -> None:
        assert "cexio-bot:tradingLimits" in fault(tradingLimits="1 BTC\x1b[2J")
