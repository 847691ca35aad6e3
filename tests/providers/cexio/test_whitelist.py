"""cexio:Whitelist through the real dynamic-provider server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from providers.cexio.whitelist import WhitelistProvider
from tests.providers.dynamic_server import UNKNOWN, DynamicServer
from tests.providers.sandbox_processes import endpoints_file

FOUR = ["Account balance", "Open orders", "Place order", "Cancel order"]
NOWHERE = "http://127.0.0.1:9"
WHITELIST = WhitelistProvider()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DynamicServer]:
    """A sandbox whose AWS and exchange are not there at all: a record must not miss them."""
    folder = tmp_path_factory.mktemp("world")
    endpoints_file(folder, NOWHERE, NOWHERE)
    started = DynamicServer({"cexio-bot:sandbox": "true"}, {"CEXIO_BOT_SANDBOX_DIR": str(folder)})
    yield started
    started.stop()


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DynamicServer]:
    started = DynamicServer({}, {"CEXIO_BOT_SANDBOX_DIR": str(tmp_path_factory.mktemp("none"))})
    yield started
    started.stop()


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
            ("changed: addresses", ["127.8.7.5"]),
        ]
        assert server.diff("x", updated, moved) == (False, [])

    def test_refresh_and_delete_ask_nobody(self, server: DynamicServer) -> None:
        _, outputs = recorded(server)
        assert server.read("x", outputs) == ("x", outputs)
        server.delete("x", outputs)


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

    def test_an_address_that_is_not_known_yet_passes_and_is_no_replacement(
        self, server: DynamicServer
    ) -> None:
        inputs, outputs = recorded(server)
        unknown, failures = server.check(
            WHITELIST, props(addresses=[{"address": UNKNOWN, "reason": "own"}]), inputs
        )
        assert failures == []
        assert server.diff("x", outputs, unknown) == (True, [])
