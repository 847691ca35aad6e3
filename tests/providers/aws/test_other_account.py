"""Objects of one account, asked for with the credentials of another."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.proxy import Call, Fate, Proxy, answer
from tests.providers.aws.conftest import NO_EXCHANGE
from tests.providers.aws.world import OBJECTS, Engine, World
from tests.providers.sandbox_processes import Aws

ELSEWHERE = "210987654321"
IDENTITY = (
    '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
    f"<Arn>arn:aws:iam::{ELSEWHERE}:user/else</Arn><UserId>AIDAELSE</UserId><Account>{ELSEWHERE}</Account>"
    "</GetCallerIdentityResult><ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata>"
    "</GetCallerIdentityResponse>"
)


@pytest.fixture(scope="module")
def elsewhere(aws: Aws) -> Iterator[tuple[Proxy, Engine]]:
    """A provider process with another account's credentials."""
    proxy = Proxy(aws.url)
    named = {"awsEndpoint": proxy.url, "cexioEndpoint": NO_EXCHANGE, "sandbox": "true"}
    engine = Engine({f"cexio-bot:{name}": value for name, value in named.items()}, {})

    def rule(call: Call) -> Fate | None:
        told = answer(200, IDENTITY, {"Content-Type": "text/xml"})
        return told if call.action == "GetCallerIdentity" else None

    proxy.forget(rule)
    yield proxy, engine
    engine.stop()
    proxy.stop()


class TestAnotherAccountsCredentials:
    """A destroy with the wrong profile found nothing, emptied the state, and the bot ran on unknown."""

    @pytest.mark.parametrize("resource", [name for name in OBJECTS if name != "ExistingNetwork"])
    def test_nothing_is_asked_changed_or_said_to_be_gone(
        self, stack: World, elsewhere: tuple[Proxy, Engine], resource: str
    ) -> None:
        proxy, engine = elsewhere
        made = stack.made(resource)
        assert made.outs["account"] == "123456789012"
        sent = len(proxy.calls)
        for call in (
            lambda: engine.read(made.id, made.outs),
            lambda: engine.delete(made.id, made.outs),
            lambda: engine.update(made.id, made.outs, made.inputs),
        ):
            said = stack.refusal(call)
            assert "OtherAccount" in said
            assert "123456789012" in said
            assert ELSEWHERE in said
            assert "AWS_PROFILE" in said
        assert {call.action for call in proxy.calls[sent:]} <= {"GetCallerIdentity"}
        assert stack.engine.read(made.id, made.outs)[0] == made.id

    def test_a_diff_asks_nobody(self, stack: World, elsewhere: tuple[Proxy, Engine]) -> None:
        proxy, engine = elsewhere
        made = stack.made("Vpc")
        sent = len(proxy.calls)
        assert engine.diff(made.id, made.outs, made.inputs) == (False, [])
        assert len(proxy.calls) == sent

    def test_a_state_of_before_the_account_was_recorded_is_asked_for_as_ever(self, stack: World) -> None:
        made = stack.made("Vpc")
        older = {name: value for name, value in made.outs.items() if name != "account"}
        id_, outs = stack.engine.read(made.id, older)[:2]
        assert (id_, outs["account"]) == (made.id, "123456789012")
