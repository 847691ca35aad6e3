"""The plan of probes."""

from __future__ import annotations

import json

from cexio.probes import (
    CANCEL,
    CLOCK,
    NOW_MS,
    PLACE,
    PUBLIC,
    elsewhere_plan,
    points,
    probe_plan,
    recheck_plan,
)

NOW = 1_700_000_000_000
PLAN = probe_plan("bot", "BTC-USD", NOW, "n1")


def body_of(name: str) -> dict[str, object]:
    return json.loads(next(probe.body for probe in PLAN if probe.name == name))


class TestThePlanIsHarmless:
    """A probe that trades or moves funds is the accident that this product must never be."""

    def test_only_documented_harmless_actions_are_asked(self) -> None:
        assert {probe.action for probe in PLAN} == {
            "get_server_time",
            "get_my_current_fee",
            "get_my_account_status_v3",
            "get_my_orders",
            "do_my_new_order",
            "do_cancel_my_order",
            "do_withdrawal_funds_to_wallet",
            "do_my_internal_transfer",
            "auth",
        }

    def test_the_order_has_three_bars(self) -> None:
        order = body_of(PLACE)
        assert NOW - order["timestamp"] >= 3600_000
        assert float(order["amountCcy1"]) <= 1e-8
        assert (order["side"], order["orderType"], order["timeInForce"]) == ("BUY", "Limit", "IOC")
        assert float(order["price"]) <= 1e-8

    def test_the_next_request_after_the_order_cancels_that_very_order(self) -> None:
        names = [probe.name for probe in PLAN]
        assert names[names.index(PLACE) + 1] == CANCEL
        assert body_of(CANCEL)["clientOrderId"] == body_of(PLACE)["clientOrderId"]

    def test_nothing_is_movable_by_the_funds_probes(self) -> None:
        wallet, internal = body_of("funds-wallet"), body_of("funds-internal")
        assert wallet["currency"] == "XXX"
        assert wallet["accountId"] != "bot"
        assert internal["currency"] == "ABC"
        assert internal["fromAccountId"] == internal["toAccountId"] != "bot"
        assert float(internal["amount"]) < 0

    def test_without_a_sub_account_no_order_is_probed(self) -> None:
        plan = probe_plan(None, "BTC-USD", NOW, "n1")
        assert PLACE not in [probe.name for probe in plan]
        assert CANCEL in [probe.name for probe in plan]


class TestThePlanFits:
    """The key's bot shares the 200 points a minute, and one SSM command carries the plan."""

    def test_a_pass_costs_at_most_25_points(self) -> None:
        assert points(PLAN) == 21
        assert points(PLAN) + points(elsewhere_plan("BTC-USD")) + points(recheck_plan("BTC-USD")) <= 50

    def test_the_clock_comes_first_and_a_public_call_last(self) -> None:
        for plan in (PLAN, elsewhere_plan("BTC-USD"), recheck_plan("BTC-USD")):
            assert (plan[0].name, plan[-1].name) == (CLOCK, PUBLIC)
            assert len({probe.name for probe in plan}) == len(plan)

    def test_it_survives_json(self) -> None:
        copies = [type(probe).model_validate_json(probe.model_dump_json()) for probe in PLAN]
        assert copies == PLAN

    def test_what_is_asked_from_elsewhere_is_byte_for_byte_the_hosts(self) -> None:
        host = {probe.name: probe for probe in PLAN}
        assert all(host[probe.name] == probe for probe in elsewhere_plan("BTC-USD"))

    def test_the_cancels_time_is_put_in_when_it_is_sent(self) -> None:
        assert NOW_MS in next(probe.body for probe in PLAN if probe.name == CANCEL)
