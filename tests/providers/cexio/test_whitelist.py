"""cexio:Whitelist through the real dynamic-provider server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from providers.cexio.whitelist import KEPT, WhitelistProvider
from tests.providers.dynamic_server import UNKNOWN, DynamicServer
from tests.providers.sandbox_processes import endpoints_file

FOUR = ["Account balance", "Open orders", "Place order", "Cancel order"]
NOWHERE = "http://127.0.0.1:9"
WHITELIST = WhitelistProvider()


def started(folder: Path) -> DynamicServer:
    """A sandbox whose AWS and exchange are not there at all: a record must not miss them."""
    endpoints_file(folder, NOWHERE, NOWHERE)
    return DynamicServer({"cexio-bot:sandbox": "true"}, {"CEXIO_BOT_SANDBOX_DIR": str(folder)})


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DynamicServer]:
    made = started(tmp_path_factory.mktemp("world"))
    yield made
    made.stop()


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DynamicServer]:
    made = DynamicServer({}, {"CEXIO_BOT_SANDBOX_DIR": str(tmp_path_factory.mktemp("none"))})
    yield made
    made.stop()


def props(**changed: Any) -> dict[str, Any]:
    return {
        "label": "Gunbot_Trading",
        "permissions": FOUR,
        "addresses": [{"address": "127.8.7.6", "reason": "the static address of host bot"}],
        "limits": "not offered",
        "reviewDays": 90,
        **changed,
    }


def recorded(server: DynamicServer, **changed: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    inputs, failures = server.check(WHITELIST, props(**changed))
    assert failures == []
    _, outputs = server.create(inputs)
    return inputs, outputs


class TestRecord:
    """A person types what the record says; what is missing in it is missing on the key."""

    def test_it_holds_label_permissions_in_both_vocabularies_addresses_and_limits(
        self, server: DynamicServer
    ) -> None:
        extra = {"address": "127.1.1.1", "reason": "second host"}
        _, outputs = recorded(server, addresses=[*props()["addresses"], extra])
        assert [row["guide"] for row in outputs["permissions"]] == FOUR
        assert {row["spot"] for row in outputs["permissions"]} == {"Read", "Trade"}
        assert outputs["addressText"] == "127.8.7.6,127.1.1.1"
        assert outputs["limits"] == "not offered"

    def test_the_steps_are_numbered_and_name_all_that_a_person_must_do(self, server: DynamicServer) -> None:
        _, outputs = recorded(server, accountId="bot")
        steps = outputs["steps"]
        assert [step.partition(".")[0] for step in steps] == [str(n + 1) for n in range(len(steps))]
        text = "\n".join(steps)
        for word in (
            *FOUR,
            *("Gunbot_Trading", "127.8.7.6", "Read", "Trade", "Two-factor", "Withdrawal", "off"),
            *("e-mail", "Trading limits", "CEXIO_KEY_FILE", "90 days", "Spot page", "legacy", "`bot`"),
        ):
            assert word in text

    def test_without_a_sub_account_the_steps_tell_to_make_one(self, server: DynamicServer) -> None:
        _, outputs = recorded(server)
        assert "cexio-bot:accountId" in "\n".join(outputs["steps"])

    def test_a_change_is_added_to_the_history_and_an_unchanged_record_is_no_change(
        self, server: DynamicServer
    ) -> None:
        inputs, outputs = recorded(server)
        assert server.diff("x", outputs, inputs) == (False, [])
        moved, _ = server.check(
            WHITELIST, props(addresses=[{"address": "127.8.7.5", "reason": "own"}]), inputs
        )
        assert server.diff("x", outputs, moved) == (True, [])
        updated = server.update("x", outputs, moved)
        assert [(row["change"], row["addresses"]) for row in updated["history"]] == [
            ("recorded", ["127.8.7.6"]),
            ("add 127.8.7.5 (own), remove 127.8.7.6 (the static address of host bot)", ["127.8.7.5"]),
        ]
        assert server.diff("x", updated, moved) == (False, [])

    def test_refresh_and_delete_ask_nobody(self, server: DynamicServer) -> None:
        _, outputs = recorded(server)
        assert server.read("x", outputs) == ("x", outputs)
        server.delete("x", outputs)


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What a run prints of four records, each of which is named for the calls that it gets."""
    run = started(tmp_path_factory.mktemp("told"))
    for label in ("diff", "update", "diff-update", "delete"):
        inputs, outputs = recorded(run, label=label)
        office = [*props()["addresses"], {"address": "127.1.1.1", "reason": " the  office "}]
        more, _ = run.check(WHITELIST, props(label=label, addresses=office), inputs)
        for call in label.split("-"):
            if call == "delete":
                run.delete("x", outputs)
            else:
                getattr(run, call)("x", outputs, more)
    return run.stop()


class TestChange:
    """A whitelist that changed silently at a merge was edited by nobody, and the new host was refused."""

    EDIT = "add 127.1.1.1 (the office): this edit deactivates the key; have your mail at hand"

    @pytest.mark.parametrize("calls", ["diff", "update", "diff-update"])
    def test_a_preview_says_it_once_and_so_does_an_update(self, said: str, calls: str) -> None:
        assert said.count(f"key {calls}: {self.EDIT}\n") == 1

    def test_a_record_that_is_deleted_says_that_the_key_is_not(self, said: str) -> None:
        assert "key delete: its record is deleted and the key is not: it works from 127.8.7.6 until" in said

    def test_it_is_an_output_with_the_steps_that_it_asks_for(self, server: DynamicServer) -> None:
        inputs, outputs = recorded(server)
        assert outputs.get("change") is None
        office = [*props()["addresses"], {"address": "127.1.1.1", "reason": " the  office "}]
        more, failures = server.check(WHITELIST, props(addresses=office), inputs)
        assert failures == []
        updated = server.update("x", outputs, more)
        assert updated["change"]["line"] == f"key Gunbot_Trading: {self.EDIT}"
        assert (updated["change"]["add"], updated["change"]["remove"]) == (["127.1.1.1"], [])
        assert "127.8.7.6,127.1.1.1" in "\n".join(updated["change"]["steps"])
        assert server.diff("x", updated, more) == (False, [])

    def test_the_history_is_bounded_and_keeps_its_beginning(self, server: DynamicServer) -> None:
        inputs, outputs = recorded(server)
        for number in range(1, KEPT + 10):
            inputs, _ = server.check(WHITELIST, props(limits=f"{number} BTC a day"), inputs)
            outputs = server.update("x", outputs, inputs)
        history = outputs["history"]
        assert len(history) == KEPT
        assert history[0]["change"] == "recorded"
        assert [row["limits"] for row in history[-2:]] == [f"{KEPT + 8} BTC a day", f"{KEPT + 9} BTC a day"]
        assert outputs["change"]["deactivates"] is False


class TestAddresses:
    """An empty whitelist lets a stolen key be used from anywhere; a wrong address locks the bot out."""

    @pytest.mark.parametrize(
        "addresses",
        [
            [],
            [{"address": "127.0.0.0/8", "reason": "x"}],
            [{"address": "::1", "reason": "x"}],
            [{"address": "10.1.2.3", "reason": "x"}],
            [{"address": "127.8.7.6", "reason": ""}],
            [{"address": "127.8.7.6", "reason": "  "}],
            [{"address": "127.8.7.6"}],
            [{"address": "127.8.7.6, 127.8.7.7", "reason": "x"}],
            [{"address": "100.64.1.1", "reason": "x"}],
            [{"address": "224.0.0.1", "reason": "x"}],
            [{"address": "203.0.113.1", "reason": "x"}],
            [{"address": "127.8.7.6", "reason": "x"}, {"address": "127.8.7.6", "reason": "y"}],
        ],
    )
    def test_what_is_no_whitelist_fails_the_check_by_name(
        self, server: DynamicServer, addresses: list[Any]
    ) -> None:
        _, failures = server.check(WHITELIST, props(addresses=addresses))
        assert failures
        assert all(name.startswith("addresses") for name, _ in failures)

    def test_loopback_is_no_address_of_a_real_stack(self, real: DynamicServer) -> None:
        _, [(name, reason)] = real.check(WHITELIST, props())
        assert name == "addresses"
        assert "not public" in reason
        public = [{"address": "8.8.8.8", "reason": "own"}]
        assert real.check(WHITELIST, props(addresses=public))[1] == []

    def test_a_bad_address_beside_one_that_is_not_known_yet_is_told_in_the_first_preview(
        self, server: DynamicServer
    ) -> None:
        rows = [{"address": UNKNOWN, "reason": "own"}, {"address": "10.1.1.1", "reason": "the office"}]
        _, [(name, reason)] = server.check(WHITELIST, props(addresses=rows))
        assert name == "addresses"
        assert reason.startswith("10.1.1.1 is private")

    def test_an_address_that_is_not_known_yet_passes_and_is_no_replacement(
        self, server: DynamicServer
    ) -> None:
        inputs, outputs = recorded(server)
        unknown, failures = server.check(
            WHITELIST, props(addresses=[{"address": UNKNOWN, "reason": "own"}]), inputs
        )
        assert failures == []
        assert server.diff("x", outputs, unknown) == (True, [])
