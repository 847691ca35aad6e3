"""docs/proof.md says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from cexio.judgement import Verdict
from cexio.probes import POINTS, aftermath_plan, elsewhere_plan, points, probe_plan, recheck_plan

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "proof.md").read_text("utf-8")
PLAN = probe_plan("bot", "BTC-USD", 0, "n")


class TestThePageIsTrue:
    """An operator decides by this page whether to let the module probe an account with money in it."""

    def test_every_probe_in_its_order_with_its_cost(self) -> None:
        told = re.findall(r"^\| `([a-z-]+)` \| .*?([a-z_]+[a-z_0-9]*)?.*\| (\d+) \|", TEXT, re.MULTILINE)
        assert [(name, int(cost)) for name, _, cost in told] == [
            (probe.name, 0 if probe.channel == "public" else POINTS[probe.action]) for probe in PLAN
        ]
        for probe in PLAN:
            assert probe.channel == "websocket" or f"`{probe.action}`" in TEXT

    def test_the_cost_of_a_pass(self) -> None:
        assert f"at most {points(PLAN)} of the key's 200" in TEXT

    def test_what_is_asked_elsewhere_and_after(self) -> None:
        for plan in (elsewhere_plan("BTC-USD"), recheck_plan("BTC-USD"), aftermath_plan(PLAN, 0)):
            assert all(f"`{probe.name}`" in TEXT for probe in plan)

    def test_every_verdict(self) -> None:
        for verdict in Verdict:
            assert f"| `{verdict.value}` |" in TEXT
