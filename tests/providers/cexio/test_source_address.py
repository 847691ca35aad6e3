"""providers/cexio/source_address.py: what can stand on a whitelist, and what is said of the rest."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.cexio.source_address import one_address, unseen

CANARY = "canary-5f0c1d7e9b"
NEVER = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "224.0.0.0/4"]
NEVER += ["192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "0.0.0.0/8", "240.0.0.0/4", "198.18.0.0/15"]


class TestSeen:
    """An address that the exchange can never see locks the bot out; the key's page takes it all the same."""

    @given(st.sampled_from(NEVER).flatmap(lambda network: st.ip_addresses(v=4, network=network)))
    def test_no_address_of_a_closed_range_passes_and_each_is_told_what_to_do(
        self, address: IPv4Address
    ) -> None:
        for sandbox in (True, False):
            fault = unseen(address, sandbox=sandbox)
            assert fault is not None
            assert ": give " in fault

    @given(st.ip_addresses(v=4, network="127.0.0.0/8"))
    def test_loopback_passes_in_the_sandbox_alone(self, address: IPv4Address) -> None:
        assert unseen(address, sandbox=True) is None
        assert unseen(address, sandbox=False) is not None

    @given(st.ip_addresses(v=4))
    def test_whatever_passes_is_public(self, address: IPv4Address) -> None:
        assert address.is_global or unseen(address, sandbox=False) is not None
        assert not (address.is_multicast and unseen(address, sandbox=False) is None)

    @pytest.mark.parametrize(
        "address", ["8.8.8.8", "52.95.110.1", "100.63.255.255", "100.128.0.1", "172.32.0.1"]
    )
    def test_public_addresses_pass(self, address: str) -> None:
        assert unseen(IPv4Address(address), sandbox=False) is None

    @pytest.mark.parametrize(
        ("address", "says"),
        [
            ("10.1.2.3", "private"),
            ("100.100.1.1", "carrier's NAT"),
            ("203.0.113.9", "documentation"),
            ("239.1.1.1", "multicast"),
            ("169.254.169.254", "link-local"),
            ("127.0.0.1", "loopback"),
            ("192.88.99.1", "reserved"),
            ("255.255.255.255", "reserved"),
        ],
    )
    def test_the_fault_says_what_kind_of_address_it_is(self, address: str, says: str) -> None:
        assert says in str(unseen(IPv4Address(address), sandbox=False))


class TestOne:
    """A range or a list in one row was typed into the key's page, which opened the key to all of it."""

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ("52.95.110.0/24", "range"),
            ("52.95.110.1/32", "range"),
            ("2a05:d01c::/56", "range"),
            ("2a05:d01c::1", "IPv6"),
            ("::ffff:8.8.8.8", "IPv6"),
            ("8.8.8.8, 8.8.4.4", "more than one"),
            ("8.8.8.8;8.8.4.4", "more than one"),
            ("8.8.8.8:443", "port"),
            ("bot.example", "no IPv4 address"),
            (" 8.8.8.8", "no IPv4 address"),
            ("8.8.8.08", "no IPv4 address"),
            ("8.8.8.8\n", "no IPv4 address"),
            ("\u0668.8.8.8", "no IPv4 address"),
            ("", "no IPv4 address"),
        ],
    )
    def test_what_it_is_instead_is_said(self, text: str, says: str) -> None:
        with pytest.raises(ValueError, match=says):
            one_address(text)

    @given(st.ip_addresses(v=4))
    def test_an_address_is_itself(self, address: IPv4Address) -> None:
        assert one_address(str(address)) == one_address(address) == address

    @given(st.text(max_size=20), st.text(max_size=20))
    def test_no_other_text_passes_and_none_is_shown(self, before: str, after: str) -> None:
        with pytest.raises(ValueError) as caught:
            one_address(f"{before}{CANARY}{after}")
        assert CANARY not in str(caught.value)
        assert ": give " in str(caught.value) or ": list " in str(caught.value)
