"""Settings about the whitelist and the account: extra addresses with reasons, limits, statements."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from ipaddress import IPv4Address

import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.settings import Settings, SettingsError, read_settings, settings_of_stack

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


class TestStatements:
    """A tick without a date is believed for ever."""

    def test_each_is_the_day_you_looked(self) -> None:
        settings = read(twoFactorOn="2026-01-02", apiRequirementsMet=" 2026-01-03 ")
        assert settings.statements == {"twoFactorOn": "2026-01-02", "apiRequirementsMet": "2026-01-03"}
        assert read().statements == {}

    @pytest.mark.parametrize("text", ["yes", "true", "2026-02-30", "20260102", "2026-1-2", "2026-W01-1"])
    def test_what_is_no_day_is_refused(self, text: str) -> None:
        assert "YYYY-MM-DD" in fault(countryEligible=text)

    def test_a_day_to_come_is_refused_but_for_the_date_line(self) -> None:
        today = datetime.now(timezone.utc).date()
        assert read(twoFactorOn=(today + timedelta(days=1)).isoformat()).statements
        assert "a day to come" in fault(twoFactorOn=(today + timedelta(days=3)).isoformat())


class TestRegion:
    """A host in a country that the exchange turns away was found out by the bot, months later."""

    @pytest.mark.parametrize(("region", "warned"), [("ca-west-1", 1), ("ca-central-1", 1), ("eu-west-1", 0)])
    def test_it_is_advised_against_and_not_refused(
        self, monkeypatch: pytest.MonkeyPatch, region: str, warned: int
    ) -> None:
        said: list[str] = []
        monkeypatch.setattr(pulumi.log, "warn", said.append)
        pulumi.runtime.set_all_config({"cexio-bot:region": region})
        try:
            assert settings_of_stack().region == region
        finally:
            pulumi.runtime.set_all_config({})
        assert [f"cexio-bot:region: {region} is in Canada" in line for line in said] == [True] * warned
