import pytest
from policy_cases import UNKNOWN, changed, on_properties

from rules.imdsv2_is_required import judge

GOOD = {"httpTokens": "required", "httpEndpoint": "enabled", "hopLimit": 1}


def host(**changes: object) -> dict[str, object]:
    return {"instanceType": "t4g.micro", "metadata": changed(GOOD, **changes)}


class TestTheMetadataServiceDemandsSessions:
    """With IMDSv1 or a second hop, a request forged through the bot reads the role that reads the secret."""

    def test_imdsv2_over_one_hop_passes(self):
        assert on_properties(judge, host()).passes
        assert on_properties(judge, host(hopLimit=1.0)).passes

    def test_a_metadata_service_that_is_switched_off_passes(self):
        assert on_properties(judge, host(httpEndpoint="disabled")).passes

    @pytest.mark.parametrize("tokens", ["optional", "Required", "", ..., None, True, 1.0, ["required"]])
    def test_tokens_that_are_not_required_are_refused(self, tokens):
        (message,) = on_properties(judge, host(httpTokens=tokens)).messages
        assert "httpTokens" in message

    @pytest.mark.parametrize("hops", [2.0, 64, 0, 1.5, -1, ..., None, "1", True, [1.0]])
    def test_any_other_hop_limit_is_refused(self, hops):
        (message,) = on_properties(judge, host(hopLimit=hops)).messages
        assert "hopLimit" in message

    @pytest.mark.parametrize("endpoint", ["on", ..., None, True, {}])
    def test_an_endpoint_that_is_not_stated_is_refused(self, endpoint):
        assert len(on_properties(judge, host(httpEndpoint=endpoint)).messages) == 1

    @pytest.mark.parametrize("metadata", [..., None, "required", 1.0, [], True])
    def test_options_of_the_wrong_type_are_refused(self, metadata):
        assert len(on_properties(judge, changed(host(), metadata=metadata)).messages) == 1

    def test_unknown_options_are_undecided(self):
        assert on_properties(judge, changed(host(), metadata=UNKNOWN)).undecided

    def test_an_unknown_token_setting_does_not_hide_a_bad_hop_limit(self):
        verdict = on_properties(judge, host(httpTokens=UNKNOWN, hopLimit=2))
        assert verdict.undecided
        assert "hopLimit" in verdict.messages[0]

    def test_the_message_holds_no_value(self):
        (message,) = on_properties(judge, host(httpTokens="hunter2hunter2")).messages
        assert "hunter2" not in message
