"""The key page: what a person can do there, and what is kept of it."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.exchange.errors import StoreFault
from sandbox.exchange.key_page import KeyPage, KeyPageError
from sandbox.exchange.permissions import Permission, permission_named
from sandbox.exchange.serving import serving
from sandbox.exchange.store import Store
from sandbox.exchange.whitelist import allows, parse_whitelist
from tests.sandbox.exchange.conftest import ELSEWHERE, HOST, Client, Clock

READ = "get_my_wallet_balance"


class TestAKeyIsMadeAsAPersonMakesIt:
    """A stand-in with shortcuts lets the product forget the steps that people must take."""

    def test_it_does_nothing_until_the_mailed_code_is_given(self, client: Client) -> None:
        key = client.key(activate=False)
        assert client.private(key, READ).status == 401
        mail = client.page.ask("GET", "/accounts/1/mailbox")[-1]
        code = mail["text"].split(": ")[-1][:6]
        with pytest.raises(KeyPageError, match="wrong"):
            client.page.key("POST", "1", key["key"], "/activate", {"code": f"{(int(code) + 1) % 10**6:06d}"})
        client.page.key("POST", "1", key["key"], "/activate", {"code": code})
        assert client.private(key, READ).status == 200

    def test_a_code_lives_five_minutes(self, client: Client, clock: Clock) -> None:
        key = client.key(activate=False)
        clock.ahead = 301
        with pytest.raises(KeyPageError, match="older than 5 minutes"):
            client.page.activate("1", key["key"], ask_for_code=False)
        client.page.activate("1", key["key"])
        assert client.private(key, READ).status == 200

    def test_the_secret_is_told_once(self, client: Client) -> None:
        key = client.key()
        told = [
            client.page.keys("1"),
            client.page.key("PATCH", "1", key["key"], form={"label": "New"}),
            client.page.activate("1", key["key"]),
            client.page.ask("GET", "/accounts/1/mailbox"),
        ]
        assert key["secret"] not in repr(told)

    def test_there_are_five(self, client: Client) -> None:
        for number in range(5):
            client.key(label=f"L{number}")
        with pytest.raises(KeyPageError, match="5 keys"):
            client.key(label="L5")
        client.page.key("DELETE", "1", "L0")
        assert client.key(label="L5")["key"]

    def test_unused_ones_of_the_label_can_be_replaced(self, client: Client) -> None:
        used, unused = client.key(), client.key()
        client.private(used, READ)
        new = client.key(replace_unused=True)
        left = [row["key"] for row in client.page.keys("1")]
        assert left == [used["key"], new["key"]]
        assert client.private(unused, READ).status == 401

    @pytest.mark.parametrize(
        ("form", "words"),
        [
            ({"permissions": ["Fly"]}, "permission 'Fly' is unknown: use Read, Trade"),
            ({"addresses": ["10.0.0.1/8"]}, "'10.0.0.1/8' is not an IPv4 address"),
            ({"addresses": ["::1"]}, "'::1' is not an IPv4 address"),
            ({"label": " "}, "label: 1 to 100"),
        ],
    )
    def test_a_wrong_word_is_one_clear_line(
        self, client: Client, form: dict[str, object], words: str
    ) -> None:
        asked = {"label": "L", "permissions": [], "addresses": []} | form
        with pytest.raises(KeyPageError) as told:
            client.page.make_key("1", **asked)  # type: ignore[arg-type]
        assert words in str(told.value)
        assert "\n" not in str(told.value)
        assert client.page.ask("GET", "/accounts") == []

    def test_an_account_name_is_no_path(self, client: Client) -> None:
        for name in ("../x", "a/b", "", "x" * 41):
            with pytest.raises(KeyPageError):
                client.page.make_key(name, label="L", permissions=[], addresses=[])


class TestAnEditDeactivates:
    """The outage that a changed address brings is the reason for the whole module."""

    @pytest.mark.parametrize("form", [{"whitelist": ELSEWHERE}, {"permissions": ["Read"]}])
    def test_until_it_is_activated_again(self, client: Client, form: dict[str, object]) -> None:
        key = client.key("Trade", addresses=(HOST, ELSEWHERE))
        client.page.key("PATCH", "1", key["key"], form=form)
        assert client.private(key, READ, source=ELSEWHERE).status == 401
        client.page.activate("1", key["key"])
        assert client.private(key, READ, source=ELSEWHERE).status == 200

    def test_a_new_label_does_not(self, client: Client) -> None:
        key = client.key()
        client.page.key("PATCH", "1", key["key"], form={"label": "New"})
        assert client.private(key, READ).status == 200

    def test_it_is_a_switch(self, client: Client) -> None:
        client.page.switches({"edit_deactivates": False})
        key = client.key()
        client.page.key("PATCH", "1", key["key"], form={"whitelist": ""})
        assert client.private(key, READ, source=ELSEWHERE).status == 200

    def test_a_person_can_switch_it_off(self, client: Client) -> None:
        key = client.key()
        client.page.key("POST", "1", key["key"], "/deactivate")
        assert client.private(key, READ).status == 401


class TestOnlyWhoMayReadTheStoreMayAct:
    """A control surface that the product could reach would let it cheat."""

    def test_without_the_token_nothing_is_answered(self, client: Client, tmp_path: Path) -> None:
        (tmp_path / "control.token").write_text("guess")
        with pytest.raises(KeyPageError, match=r"control\.token"):
            KeyPage(client.stand.url, tmp_path).keys("1")

    def test_every_file_is_the_owners_alone(self, client: Client) -> None:
        client.private(client.key(), READ)
        client.page.switches({"edit_deactivates": False})
        files = [path for path in client.exchange.store.directory.rglob("*") if path.is_file()]
        assert len(files) == 5
        assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


class TestTheStoreSurvives:
    """A key that a restart forgets looks like a revoked one."""

    def test_a_restart(self, tmp_path: Path, clock: Clock) -> None:
        with serving(tmp_path / "e", wall=clock) as stand:
            client = Client(stand, clock)
            key = client.key("Trade")
            made = client.private(key, "do_my_new_order", client.order()).data
        with serving(tmp_path / "e", wall=clock) as stand:
            client = Client(stand, clock)
            [row] = client.private(key, "get_my_orders").data
            assert row["orderId"] == made["orderId"]
            later = client.private(key, "do_my_new_order", client.order()).data
            assert int(later["orderId"]) > int(made["orderId"])

    def test_another_worlds_store_is_refused(self, tmp_path: Path) -> None:
        Store(tmp_path, "one")
        with pytest.raises(StoreFault, match="another world"):
            Store(tmp_path, "two")

    def test_a_broken_file_is_named_and_its_content_is_not(self, tmp_path: Path) -> None:
        Store(tmp_path, "one")
        (tmp_path / "accounts" / "1.json").write_text('{"name":"1","keys":[{"secret":"canary"}]}')
        with pytest.raises(StoreFault, match=r"1\.json") as told:
            Store(tmp_path, "one")
        assert "canary" not in str(told.value)

    def test_a_change_that_cannot_be_written_is_undone(self, client: Client) -> None:
        key = client.key("Trade")
        account_file = client.exchange.store.directory / "accounts" / "1.json"
        kept = account_file.read_bytes()
        account_file.unlink()
        account_file.mkdir()
        try:
            with (
                pytest.raises(IsADirectoryError),
                client.exchange.store.change(client.exchange.store.accounts["1"]),
            ):
                pass
        finally:
            account_file.rmdir()
            account_file.write_bytes(kept)
        assert client.private(key, READ).status == 200


ADDRESSES = st.lists(st.ip_addresses(v=4).map(str), max_size=6)


class TestTheWhitelistField:
    """The form takes a text; what it makes of it decides who is let in."""

    @given(ADDRESSES, st.sampled_from([" ", ",", ";", " ; ", "\n", ", "]))
    def test_any_separator_gives_the_same_list(self, addresses: list[str], separator: str) -> None:
        parsed = parse_whitelist(separator.join(addresses), networks=False, maximum=None)
        assert parsed == list(dict.fromkeys(addresses))

    @given(ADDRESSES, st.ip_addresses(v=4).map(str))
    def test_exactly_the_listed_are_let_in(self, addresses: list[str], source: str) -> None:
        assert allows(addresses, source) == (not addresses or source in addresses)

    @given(st.text(max_size=40))
    def test_any_text_is_a_list_or_one_line(self, text: str) -> None:
        told = ""
        try:
            parse_whitelist(text, networks=True, maximum=3)
        except ValueError as fault:
            told = str(fault)
        assert "\n" not in told

    def test_networks_and_a_maximum_are_switches(self) -> None:
        assert parse_whitelist("10.0.0.0/8", networks=True, maximum=None) == ["10.0.0.0/8"]
        assert allows(["10.0.0.0/8"], "10.1.2.3")
        with pytest.raises(ValueError, match="takes 1"):
            parse_whitelist("1.1.1.1 2.2.2.2", networks=False, maximum=1)


class TestBothVocabulariesAreUnderstood:
    """The guide speaks the older page's words; the key page speaks Spot's."""

    @pytest.mark.parametrize(
        ("word", "permission"),
        [
            ("Account balance", Permission.READ),
            ("OPEN ORDERS", Permission.READ),
            ("place order", Permission.TRADE),
            ("Cancel Order", Permission.TRADE),
            ("withdrawal", Permission.FUNDS_WALLET),
            ("funds-internal", Permission.FUNDS_INTERNAL),
            ("read", Permission.READ),
        ],
    )
    def test_each(self, word: str, permission: Permission) -> None:
        assert permission_named(word) is permission
