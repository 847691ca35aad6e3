"""providers/names.py: what objects are called and by which owner tag they are known."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from providers.names import LOOKS_LIKE_ARN_SUFFIX, Names

word = st.text("abcdefghij-0123456789", min_size=1, max_size=70)


class TestNames:
    """A name that changed between runs would make a second object; one too long would be refused half-way."""

    def test_owner_and_name_are_made_of_project_stack_role_and_host(self) -> None:
        names = Names(project="cexio-bot", stack="live", region="eu-west-1")
        assert names.owner("vpc") == "cexio-bot/live/vpc"
        assert names.owner("host", "bot") == "cexio-bot/live/host-bot"
        assert names.name("role", "bot") == "cexio-bot-live-role-bot"

    def test_two_regions_do_not_share_a_name_in_iam(self) -> None:
        names = Names(project="cexio-bot", stack="live", region="eu-west-1")
        assert names.host_role("bot") == "cexio-bot-live-role-bot-eu-west-1"
        assert names.host_profile("bot") == "cexio-bot-live-profile-bot-eu-west-1"

    @given(word, word, word)
    def test_a_name_is_within_its_limit_and_another_stack_has_another(
        self, stack: str, other: str, host: str
    ) -> None:
        name = Names(project="cexio-bot", stack=stack, region="us-east-1").name("role", host)
        assert len(name) <= 64
        if other != stack:
            assert name != Names(project="cexio-bot", stack=other, region="us-east-1").name("role", host)

    @given(word, word)
    def test_a_secrets_name_never_ends_like_an_arn(self, stack: str, host: str) -> None:
        assert not LOOKS_LIKE_ARN_SUFFIX.search(
            Names(project="cexio-bot", stack=stack, region="us-east-1").secret("key", host)
        )
