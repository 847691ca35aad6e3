"""An Elastic IP of ours that was released behind the stack's back."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from providers.endpoints import Endpoints
from providers.intents import intended
from tests.providers.aws.conftest import NO_EXCHANGE
from tests.providers.aws.world import Made, World
from tests.providers.sandbox_processes import Aws

NEVER_OURS = "127.200.1.2"  # an address that the sandbox's AWS never gave out: what is somebody else's by now


def rows(world: World) -> dict[str, dict[str, Any]]:
    found = world.aws.client("ec2").describe_addresses()["Addresses"]
    return {row["AllocationId"]: row for row in found}


def tags(row: dict[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in row.get("Tags", [])}


def lose(world: World, made: Made) -> None:
    """What a hand at the console does."""
    world.aws.client("ec2").release_address(AllocationId=made.id)


def out_of_reach(made: Made) -> Made:
    """The same state, had AWS given its address to somebody else."""
    gone = {"publicIp": NEVER_OURS, "allocationId": "eipalloc-0123456789abcdef0"}
    return Made(gone["allocationId"], made.inputs, {**made.outs, **gone, "lost": True})


@pytest.fixture
def late(aws: Aws) -> Iterator[Callable[[float], None]]:
    """Lets AWS show new objects only after some seconds."""

    def shown_after(seconds: float) -> None:
        httpx.post(f"{aws.url}/_sandbox/visibility?seconds={seconds}", trust_env=False).raise_for_status()

    yield shown_after
    shown_after(0)


@pytest.fixture
def lost(own_stack: World) -> Iterator[Made]:
    """An address of ours, released by hand, as a refresh has left it in the state."""
    made = own_stack.made("ElasticIp")
    lose(own_stack, made)
    made.outs["lost"] = True
    yield made
    own_stack.objects.clear()
    for id_ in rows(own_stack):
        own_stack.aws.client("ec2").release_address(AllocationId=id_)


class TestLost:
    """A refresh dropped the address from the state, and the next run quietly took another one."""

    def test_it_stays_in_the_state_as_lost_and_is_a_change(self, own_stack: World, lost: Made) -> None:
        recorded = {name: value for name, value in lost.outs.items() if name != "lost"}
        assert own_stack.engine.read(lost.id, recorded) == (lost.id, lost.outs)
        assert own_stack.engine.diff(lost.id, lost.outs, lost.inputs) == (True, [])

    def test_the_next_run_gets_the_very_same_address_back(self, own_stack: World, lost: Made) -> None:
        outs = own_stack.engine.update(lost.id, lost.outs, lost.inputs)
        assert outs["publicIp"] == lost.outs["publicIp"]
        assert outs["allocationId"] != lost.id
        assert "lost" not in outs
        [(id_, row)] = rows(own_stack).items()
        assert (id_, row["PublicIp"]) == (outs["allocationId"], outs["publicIp"])
        assert tags(row)["cexio-bot:owner"] == lost.outs["owner"]
        assert own_stack.engine.diff(lost.id, outs, lost.inputs) == (False, [])
        assert own_stack.engine.read(lost.id, outs) == (id_, outs)

    def test_so_does_one_without_a_refresh(self, own_stack: World, lost: Made) -> None:
        outs = own_stack.engine.update(lost.id, lost.outs, {**lost.inputs, "retain": False})
        assert (outs["publicIp"], len(rows(own_stack))) == (lost.outs["publicIp"], 1)

    def test_a_run_killed_after_it_was_given_back_finds_it(self, own_stack: World, lost: Made) -> None:
        first = own_stack.engine.update(lost.id, lost.outs, lost.inputs)
        again = own_stack.engine.update(lost.id, lost.outs, lost.inputs)
        assert again == first
        assert len(rows(own_stack)) == 1

    def test_what_a_killed_run_got_back_and_aws_shows_late_is_waited_for(
        self,
        own_stack: World,
        lost: Made,
        late: Callable[[float], None],
        folder: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """AWS refused to give it a second time, and the operator was told that it is gone for good."""
        monkeypatch.setenv("CEXIO_BOT_SANDBOX_DIR", str(folder))
        here = Endpoints(sandbox=True, region="us-east-1", aws=own_stack.aws.url, cexio=NO_EXCHANGE)
        late(1.5)
        tags_ = [{"Key": "cexio-bot:owner", "Value": lost.inputs["owner"]}]
        back = own_stack.aws.client("ec2").allocate_address(
            Address=lost.outs["publicIp"],
            TagSpecifications=[{"ResourceType": "elastic-ip", "Tags": tags_}],
        )["AllocationId"]
        with contextlib.suppress(KeyboardInterrupt), intended(lost.inputs["owner"], here):
            raise KeyboardInterrupt  # the kill
        outs = own_stack.engine.update(lost.id, lost.outs, lost.inputs)
        assert (outs["allocationId"], outs["publicIp"]) == (back, lost.outs["publicIp"])

    def test_one_got_back_by_hand_is_taken_for_what_it_is(self, own_stack: World, lost: Made) -> None:
        back = own_stack.aws.client("ec2").allocate_address(Address=lost.outs["publicIp"])
        id_, outs = own_stack.engine.read(lost.id, lost.outs)
        assert (id_, outs["allocationId"]) == (back["AllocationId"], back["AllocationId"])
        assert "lost" not in outs
        assert own_stack.engine.diff(id_, outs, lost.inputs) == (True, [])
        assert own_stack.engine.update(id_, outs, lost.inputs)["owner"] == lost.inputs["owner"]
        assert tags(rows(own_stack)[id_])["cexio-bot:owner"] == lost.inputs["owner"]

    def test_a_delete_after_it_was_given_back_lets_go_of_the_right_one(
        self, own_stack: World, lost: Made
    ) -> None:
        outs = own_stack.engine.update(lost.id, lost.outs, lost.inputs)
        own_stack.engine.delete(lost.id, {**outs, "release": outs["publicIp"]})
        assert rows(own_stack) == {}

    def test_one_that_was_released_on_our_word_is_gone_and_not_lost(
        self, own_stack: World, lost: Made
    ) -> None:
        outs = {**lost.outs, "release": lost.outs["publicIp"]}
        assert own_stack.engine.read(lost.id, outs)[0] == ""


class TestGoneForGood:
    """A new address nobody asked for: the whitelist named somebody else's from then on."""

    def test_no_other_takes_its_place_unasked(self, own_stack: World) -> None:
        made = out_of_reach(own_stack.made("ElasticIp"))
        before = set(rows(own_stack))
        text = own_stack.refusal(lambda: own_stack.engine.update(made.id, made.outs, made.inputs))
        assert NEVER_OURS in text
        assert f"pulumi config set cexio-bot:lostAddress {NEVER_OURS}" in text
        assert "activate the key again" in text
        assert set(rows(own_stack)) == before

    def test_nor_for_the_name_of_another(self, own_stack: World) -> None:
        made = out_of_reach(own_stack.made("ElasticIp"))
        news = {**made.inputs, "lostAddress": "127.200.9.9"}
        text = own_stack.refusal(lambda: own_stack.engine.update(made.id, made.outs, news))
        assert f"lostAddress {NEVER_OURS}" in text

    def test_naming_it_takes_a_new_one_and_once_only(self, own_stack: World) -> None:
        made = Made(
            "eipalloc-0123456789abcdef0",
            {**own_stack.inputs("ElasticIp"), "lostAddress": NEVER_OURS},
            {
                **own_stack.inputs("ElasticIp"),
                "allocationId": "eipalloc-0123456789abcdef0",
                "publicIp": NEVER_OURS,
                "brought": False,
                "lost": True,
                "region": "us-east-1",
            },
        )
        outs = own_stack.engine.update(made.id, made.outs, made.inputs)
        assert outs["publicIp"] != NEVER_OURS
        assert own_stack.engine.diff(made.id, outs, made.inputs) == (False, [])
        assert (
            own_stack.engine.update(made.id, made.outs, made.inputs) == outs
        )  # killed before it was recorded
        assert list(rows(own_stack)) == [outs["allocationId"]]
        own_stack.aws.client("ec2").release_address(AllocationId=outs["allocationId"])

    def test_one_that_is_brought_in_its_place_does_not_become_ours(self, own_stack: World) -> None:
        """It got our owner tag, and with it the way to be released."""
        made = out_of_reach(own_stack.made("ElasticIp"))
        ec2 = own_stack.aws.client("ec2")
        theirs = [{"ResourceType": "elastic-ip", "Tags": [{"Key": "mine", "Value": "yes"}]}]
        other = ec2.allocate_address(TagSpecifications=theirs)["AllocationId"]
        news = {**made.inputs, "lostAddress": NEVER_OURS, "allocationId": other}
        outs = own_stack.engine.update(made.id, made.outs, news)
        assert (outs["allocationId"], outs["brought"]) == (other, True)
        assert set(tags(rows(own_stack)[other])) == {"mine", "cexio-bot:borrowed-by"}
        ec2.release_address(AllocationId=other)

    def test_the_setting_alone_is_no_change(self, own_stack: World) -> None:
        made = own_stack.made("ElasticIp")
        news = {**made.inputs, "lostAddress": made.outs["publicIp"]}
        assert own_stack.engine.diff(made.id, made.outs, news) == (False, [])

    def test_an_address_that_serves_another_stack_by_now_is_left_alone(self, own_stack: World) -> None:
        made = own_stack.made("ElasticIp")
        ec2 = own_stack.aws.client("ec2")
        other = ec2.allocate_address(
            TagSpecifications=[
                {"ResourceType": "elastic-ip", "Tags": [{"Key": "cexio-bot:owner", "Value": "a/b/address-c"}]}
            ]
        )
        gone = {"publicIp": other["PublicIp"], "allocationId": "eipalloc-0123456789abcdef0", "lost": True}
        outs = {**made.outs, **gone}
        own_stack.refusal(lambda: own_stack.engine.update(made.id, outs, made.inputs))
        assert tags(rows(own_stack)[other["AllocationId"]])["cexio-bot:owner"] == "a/b/address-c"
        ec2.release_address(AllocationId=other["AllocationId"])


class TestBroughtAndLost:
    """An address that was never ours to allocate was allocated, and paid for, by the stack."""

    def brought(self, world: World) -> Made:
        id_ = world.aws.client("ec2").allocate_address()["AllocationId"]
        made = world.create("ElasticIp", world.inputs("ElasticIp", allocationId=id_))
        lose(world, made)
        made.outs["lost"] = True
        return made

    def test_it_is_never_allocated(self, own_stack: World) -> None:
        made = self.brought(own_stack)
        text = own_stack.refusal(lambda: own_stack.update(made))
        assert f"aws ec2 allocate-address --address {made.outs['publicIp']}" in text
        named = {"lostAddress": made.outs["publicIp"]}
        own_stack.refusal(lambda: own_stack.update(made, **named))
        assert rows(own_stack) == {}

    def test_another_one_takes_its_place_when_both_are_named(self, own_stack: World) -> None:
        made = self.brought(own_stack)
        other = own_stack.aws.client("ec2").allocate_address()
        news = {
            **made.inputs,
            "lostAddress": made.outs["publicIp"],
            "allocationId": other["AllocationId"],
        }
        assert own_stack.engine.diff(made.id, made.outs, news) == (True, [])
        outs = own_stack.engine.update(made.id, made.outs, news)
        assert (outs["publicIp"], outs["brought"]) == (other["PublicIp"], True)
        own_stack.engine.delete(made.id, outs)
        assert tags(rows(own_stack)[other["AllocationId"]]) == {}
        own_stack.aws.client("ec2").release_address(AllocationId=other["AllocationId"])

    def test_got_back_by_hand_it_goes_on_under_its_new_id(self, own_stack: World) -> None:
        made = self.brought(own_stack)
        back = own_stack.aws.client("ec2").allocate_address(Address=made.outs["publicIp"])["AllocationId"]
        id_, outs = own_stack.engine.read(made.id, made.outs)
        text = own_stack.refusal(lambda: own_stack.engine.diff(id_, outs, made.inputs))
        assert f"set it to {back}" in text
        news = {**made.inputs, "allocationId": back}
        assert own_stack.engine.update(id_, outs, news)["brought"] is True
        own_stack.aws.client("ec2").release_address(AllocationId=back)


class TestRoom:
    """ "Limit exceeded" sent people to the console to find out that five kept addresses were the limit."""

    def test_the_refusal_names_the_kept_ones(self, aws: Aws, own_stack: World) -> None:
        ec2 = aws.client("ec2")
        kept = [
            {"ResourceType": "elastic-ip", "Tags": [{"Key": "cexio-bot:owner", "Value": "a/b/address-c"}]}
        ]
        room = 5 - len(rows(own_stack))
        made = [ec2.allocate_address(TagSpecifications=kept) for _ in range(room)]
        try:
            text = own_stack.refusal(lambda: own_stack.create("ElasticIp", own_stack.inputs("ElasticIp")))
        finally:
            for one in made:
                ec2.release_address(AllocationId=one["AllocationId"])
        assert f"{made[0]['PublicIp']} (kept for a/b/address-c)" in text
        assert "L-0263D0A3" in text
