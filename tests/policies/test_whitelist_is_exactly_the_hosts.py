import pytest
from policy_cases import (
    FOREIGN,
    OURS,
    OURS_TOO,
    UNKNOWN,
    changed,
    on_properties,
    on_resources,
    stack,
    with_second_host,
)
from rule import Run

from rules.whitelist_is_exactly_the_hosts import judge, judge_stack

RECORD = {"label": "Gunbot_Trading", "addresses": [{"address": OURS}, {"address": FOREIGN, "reason": "desk"}]}


def one(address: object) -> dict[str, object]:
    return {"addresses": [{"address": address}]}


class TestTheListHoldsPublicAddresses:
    """An empty whitelist lets a stolen key be used from anywhere; a private address locks the bot out."""

    def test_a_list_of_public_addresses_passes(self):
        assert on_properties(judge, RECORD).passes

    def test_an_empty_list_is_refused(self):
        assert "empty" in on_properties(judge, changed(RECORD, addresses=[])).messages[0]

    @pytest.mark.parametrize("addresses", [..., None, OURS, {"address": OURS}, 4.0, True])
    def test_a_list_that_is_no_list_is_refused(self, addresses):
        assert len(on_properties(judge, changed(RECORD, addresses=addresses)).messages) == 1

    @pytest.mark.parametrize(
        "address",
        [
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "100.64.0.1",
            "169.254.169.254",
            "0.0.0.0",
            "255.255.255.255",
            "224.0.1.1",
            "240.0.0.1",
            "198.51.100.7",
            "127.0.0.1",
        ],
    )
    def test_an_address_that_is_not_public_is_refused(self, address):
        assert "not a public address" in on_properties(judge, one(address)).messages[0]

    @pytest.mark.parametrize(
        "address",
        [
            "",
            "*",
            "0.0.0.0/0",
            f"{OURS}/32",
            f"{OURS}-99",
            f"{OURS},{FOREIGN}",
            f" {OURS}",
            f"0{OURS}",
            "2a05:d01c::1",
            "bot.example",
            303303188.0,
            True,
            None,
            [OURS],
            {},
        ],
    )
    def test_what_is_not_one_ipv4_address_is_refused(self, address):
        assert "not one IPv4 address" in on_properties(judge, one(address)).messages[0]

    @pytest.mark.parametrize("entry", [OURS, None, 1.0, [OURS]])
    def test_an_entry_of_the_wrong_type_is_refused(self, entry):
        assert len(on_properties(judge, {"addresses": [entry]}).messages) == 1

    @pytest.mark.parametrize("reason", [1.0, True, ["desk"], {}])
    def test_a_reason_of_the_wrong_type_is_refused(self, reason):
        entry = {"address": OURS, "reason": reason}
        assert "reason" in on_properties(judge, {"addresses": [entry]}).messages[0]

    @pytest.mark.parametrize("reason", ["", " ", "\n\t"])
    def test_a_blank_reason_is_refused(self, reason):
        assert (
            "is blank"
            in on_properties(judge, {"addresses": [{"address": OURS, "reason": reason}]}).messages[0]
        )

    def test_loopback_passes_in_a_sandbox_only(self):
        assert on_properties(judge, one("127.38.74.76"), Run(sandbox=True)).passes
        assert on_properties(judge, one("127.38.74.76")).messages

    def test_a_sandbox_does_not_open_private_addresses(self):
        assert on_properties(judge, one("10.0.0.1"), Run(sandbox=True)).messages

    @pytest.mark.parametrize("addresses", [UNKNOWN, [UNKNOWN], [{"address": UNKNOWN}]])
    def test_unknown_addresses_are_undecided(self, addresses):
        verdict = on_properties(judge, {"addresses": addresses})
        assert verdict.undecided
        assert not verdict.messages

    def test_an_unknown_address_does_not_hide_a_bad_one_beside_it(self):
        verdict = on_properties(judge, {"addresses": [{"address": UNKNOWN}, {"address": "0.0.0.0"}]})
        assert verdict.undecided
        assert len(verdict.messages) == 1

    def test_the_message_names_the_place_and_not_the_address(self):
        (message,) = on_properties(judge, one("192.168.77.5")).messages
        assert "addresses[0].address" in message
        assert "192.168.77.5" not in message


class TestTheListIsTheHosts:
    """A list that is not that of the hosts locks the bot out, or lets somebody else in."""

    def test_a_stack_of_one_host_passes(self):
        assert on_resources(judge_stack, stack()).passes

    def test_two_hosts_with_a_record_each_pass(self):
        resources = stack()
        with_second_host(resources)
        assert on_resources(judge_stack, resources).passes

    def test_an_extra_address_with_a_reason_passes(self):
        resources = stack()
        resources["whitelist"][1]["addresses"].append({"address": FOREIGN, "reason": "operator's desk"})
        resources["key"][1]["addresses"].append(FOREIGN)
        assert on_resources(judge_stack, resources).passes

    @pytest.mark.parametrize("reason", [..., None, "", "  ", 1.0, ["desk"]])
    def test_an_extra_address_without_a_reason_is_reported(self, reason):
        resources = stack()
        resources["whitelist"][1]["addresses"].append(changed({"address": FOREIGN}, reason=reason))
        resources["key"][1]["addresses"].append(FOREIGN)
        (message,) = on_resources(judge_stack, resources).messages
        assert "addresses[1]" in message

    def test_the_address_of_a_host_that_does_not_use_the_key_is_an_extra_one(self):
        resources = stack()
        with_second_host(resources)
        resources["whitelist"][1]["addresses"].append({"address": OURS_TOO})
        resources["key"][1]["addresses"].append(OURS_TOO)
        assert "addresses[1]" in on_resources(judge_stack, resources).messages[0]

    def test_a_host_that_is_not_listed_is_reported(self):
        resources = stack()
        with_second_host(resources)
        del resources["whitelist-2"], resources["key-2"]
        (message,) = on_resources(judge_stack, resources).messages
        assert "in no whitelist record" in message

    def test_a_list_of_extra_addresses_alone_is_reported(self):
        resources = stack()
        resources["whitelist"][1]["addresses"] = [{"address": FOREIGN, "reason": "desk"}]
        resources["key"][1]["addresses"] = [FOREIGN]
        assert any("names no host" in message for message in on_resources(judge_stack, resources).messages)

    def test_an_address_that_is_associated_with_nothing_is_no_hosts_address(self):
        resources = stack()
        del resources["association"]
        assert on_resources(judge_stack, resources).messages

    def test_a_key_that_expects_other_addresses_than_the_record_is_reported(self):
        resources = stack()
        resources["key"][1]["addresses"] = [OURS, FOREIGN]
        assert any(
            "no whitelist record" in message for message in on_resources(judge_stack, resources).messages
        )

    def test_a_key_without_a_record_is_reported(self):
        resources = stack()
        del resources["whitelist"]
        assert on_resources(judge_stack, resources).messages

    def test_a_record_without_a_key_is_judged_by_all_hosts(self):
        resources = stack()
        del resources["key"]
        assert on_resources(judge_stack, resources).passes

    def test_a_host_without_any_key_is_no_matter_of_this_rule(self):
        resources = stack()
        del resources["key"], resources["whitelist"]
        assert on_resources(judge_stack, resources).passes

    @pytest.mark.parametrize("addresses", [None, "x", 1.0, {"a": 1.0}, [[]], [{}], [None]])
    @pytest.mark.parametrize("of", ["whitelist", "key"])
    def test_addresses_of_the_wrong_type_are_reported_and_do_not_crash(self, of, addresses):
        resources = stack()
        resources[of][1]["addresses"] = addresses
        assert on_resources(judge_stack, resources).messages

    @pytest.mark.parametrize(
        ("of", "name"),
        [("address", "publicIp"), ("host", "instanceId"), ("association", "networkInterfaceId")],
    )
    def test_outputs_that_a_preview_has_not_got_are_undecided(self, of, name):
        for value in (UNKNOWN, None, ...):
            resources = stack()
            resources[of] = (resources[of][0], changed(resources[of][1], **{name: value}))
            verdict = on_resources(judge_stack, resources, Run(preview=True))
            assert verdict.undecided
            assert not verdict.messages

    def test_outputs_that_are_missing_after_the_run_are_reported(self):
        resources = stack()
        del resources["address"][1]["publicIp"]
        assert on_resources(judge_stack, resources).messages
