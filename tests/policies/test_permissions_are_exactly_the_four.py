import pytest
from policy_cases import FOUR, UNKNOWN, changed, on_properties

from rules.permissions_are_exactly_the_four import judge

RECORD = {"label": "Gunbot_Trading", "permissions": FOUR}
PAIRS = [
    {"guide": name, "spot": spot} for name, spot in zip(FOUR, ["Read", "Read", "Trade", "Trade"], strict=True)
]


class TestTheFourAndNoOther:
    """A key that can move funds turns a stolen bot into an empty account."""

    def test_the_four_pass_in_any_order(self):
        assert on_properties(judge, RECORD).passes
        assert on_properties(judge, changed(RECORD, permissions=FOUR[::-1])).passes

    def test_the_four_pass_as_pairs_of_both_vocabularies(self):
        assert on_properties(judge, changed(RECORD, permissions=PAIRS)).passes

    @pytest.mark.parametrize("missing", FOUR)
    def test_a_missing_permission_is_refused_by_its_name(self, missing):
        rest = [name for name in FOUR if name != missing]
        (message,) = on_properties(judge, changed(RECORD, permissions=rest)).messages
        assert missing in message

    @pytest.mark.parametrize(
        "extra",
        [
            "Withdrawal",
            "withdraw",
            "Funds Internal",
            "Funds Wallet",
            "Internal transfer",
            "Crypto deposit address",
        ],
    )
    def test_a_permission_that_moves_funds_is_refused_as_such(self, extra):
        (message,) = on_properties(judge, changed(RECORD, permissions=[*FOUR, extra])).messages
        assert "moves funds" in message
        assert "permissions[4]" in message

    def test_a_pair_whose_spot_half_moves_funds_is_refused(self):
        pairs = [*PAIRS[:3], {"guide": "Cancel order", "spot": "Funds Wallet"}]
        assert "moves funds" in on_properties(judge, changed(RECORD, permissions=pairs)).messages[0]

    @pytest.mark.parametrize("extra", ["Everything", "place order", "Place order ", "*", ""])
    def test_any_other_permission_is_refused(self, extra):
        assert on_properties(judge, changed(RECORD, permissions=[*FOUR, extra])).messages

    def test_a_permission_said_twice_is_refused(self):
        assert on_properties(judge, changed(RECORD, permissions=[*FOUR, FOUR[0]])).messages

    @pytest.mark.parametrize("permissions", [..., None, "Place order", 4.0, True, {"Place order": True}, []])
    def test_permissions_that_are_no_list_of_the_four_are_refused(self, permissions):
        assert on_properties(judge, changed(RECORD, permissions=permissions)).messages

    @pytest.mark.parametrize("entry", [None, 1.0, False, [], {}, {"guide": "Place order"}, {"guide": 1.0}])
    def test_an_entry_of_the_wrong_type_is_refused(self, entry):
        assert on_properties(judge, changed(RECORD, permissions=[*FOUR, entry])).messages

    @pytest.mark.parametrize("permissions", [UNKNOWN, [*FOUR[:3], UNKNOWN]])
    def test_unknown_permissions_are_undecided(self, permissions):
        verdict = on_properties(judge, changed(RECORD, permissions=permissions))
        assert verdict.undecided
        assert not verdict.messages

    def test_an_unknown_permission_does_not_hide_one_that_moves_funds(self):
        verdict = on_properties(judge, changed(RECORD, permissions=[UNKNOWN, "Withdrawal"]))
        assert verdict.undecided
        assert "moves funds" in verdict.messages[0]

    def test_the_message_does_not_show_what_was_declared(self):
        (message,) = on_properties(judge, changed(RECORD, permissions=[*FOUR, "hunter2hunter2"])).messages
        assert "hunter2" not in message
