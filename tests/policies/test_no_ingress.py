import pytest
from policy_cases import UNKNOWN, changed, on_properties

from rules.no_ingress import judge

CLOSED = {
    "name": "cexio-bot-dev-host",
    "ingress": [],
    "egress": [{"protocol": "tcp", "port": 443, "cidr": "0.0.0.0/0"}],
}


class TestNothingComesIn:
    """An open port on the machine that holds the key is somebody else's way to the key."""

    def test_a_group_without_ingress_passes(self):
        assert on_properties(judge, CLOSED).passes

    @pytest.mark.parametrize(
        "rule",
        [
            {"protocol": "tcp", "port": 22, "cidr": "0.0.0.0/0"},
            {"protocol": "tcp", "port": 443, "cidr": "10.0.0.0/8"},
            {"protocol": "-1", "ipv6Cidr": "::/0"},
            "all",
            {},
            None,
        ],
    )
    def test_any_rule_is_refused(self, rule):
        assert len(on_properties(judge, changed(CLOSED, ingress=[rule])).messages) == 1

    @pytest.mark.parametrize("ingress", [..., None, "", "none", False, 0.0, {}])
    def test_what_is_no_list_is_refused(self, ingress):
        assert len(on_properties(judge, changed(CLOSED, ingress=ingress)).messages) == 1

    def test_unknown_ingress_is_undecided(self):
        assert on_properties(judge, changed(CLOSED, ingress=UNKNOWN)).undecided

    def test_one_unknown_rule_is_a_rule(self):
        assert on_properties(judge, changed(CLOSED, ingress=[UNKNOWN])).messages

    def test_the_message_holds_no_value(self):
        (message,) = on_properties(judge, changed(CLOSED, ingress=[{"cidr": "203.0.113.9/32"}])).messages
        assert "203.0.113.9" not in message
