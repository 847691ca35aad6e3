"""The fault harness: a sample of it always, more of it in test-long, all of it in the exhaustive run."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from tests.faults.accidents import ACCIDENTS, REQUEST
from tests.faults.faults import main, planned, played, sampled, table
from tests.faults.moments import OBJECTS, Place, Stage, enumerated, stage
from tests.faults.proxy import Call, mutating
from tests.faults.trials import faults_of

SEED, SIZE = 4, 60
SAMPLE = (
    (Place("ElasticIp", "create", "ec2", "AllocateAddress", 1), "reset after"),
    (Place("ElasticIp", "create", "ec2", "AllocateAddress", 1), "half an answer"),
    (Place("ElasticIp", "create", "ec2", "AllocateAddress", 1), "quota"),
    (Place("ElasticIp", "read", "ec2", "DescribeAddresses", 1), "login page"),
    (Place("Role", "create", "iam", "PutRolePolicy", 1), "not found a while"),
    (Place("Role", "create", "iam", "CreateRole", 1), "denied"),
    (Place("Role", "delete", "iam", "DeleteRole", 1), "changed meanwhile"),
)


@pytest.fixture(scope="module")
def on() -> Iterator[Stage]:
    with stage() as made:
        yield made


class TestFaults:
    """Each of these was an accident somewhere: a second address, an address said to be gone, a traceback."""

    def test_a_sample_ends_well_or_in_a_clear_line_and_the_next_run_converges(self, on: Stage) -> None:
        trials = played(on, SAMPLE)
        assert len(trials) == len(SAMPLE)
        assert [one.line() for one in trials if not one.well] == []

    @pytest.mark.long
    def test_every_create_whose_answer_is_lost_makes_one_object(self, on: Stage) -> None:
        places = [
            place
            for place in enumerated(on)
            if place.moment == "create" and mutating(place.action) and place.nth == 1
        ]
        made = {place.action for place in places}
        assert {"AllocateAddress", "CreateVpc", "CreateInternetGateway", "RunInstances", "CreateRole"} <= made
        trials = played(on, [(place, "reset after") for place in places])
        assert [one.line() for one in trials if not one.well] == []

    @pytest.mark.long
    def test_a_seeded_part_of_all_ends_as_it_has_to(self, on: Stage) -> None:
        resources = ("ElasticIp", "SecurityGroup", "Role", "Secret")
        plan = sampled(planned(enumerated(on, resources)), SEED, SIZE)
        trials = played(on, plan)
        print(table(trials))
        assert [one.line() for one in trials if not one.well] == []

    @pytest.mark.exhaustive
    def test_all_of_them(self) -> None:
        assert main(["--all"]) == 0


class TestTheLine:
    """A checker that finds nothing against any line proves nothing."""

    GOOD = (
        "QuotaReached: ElasticIp cexio-bot/dev/address: ec2:AllocateAddress was refused: too many "
        f"(request {REQUEST}0001): the quota is `x` (ec2 L-0263D0A3): release one, or raise it"
    )
    CALL = Call(1, 1, "ec2", "AllocateAddress", mutating=True, body=b"")

    def found(self, line: str, accident: str = "quota") -> list[str]:
        object_: Any = SimpleNamespace(names=("cexio-bot/dev/address",))
        return faults_of(line, accident, object_, [self.CALL])

    def test_is_good_with_object_action_request_and_next_step(self) -> None:
        assert self.found(self.GOOD) == []

    @pytest.mark.parametrize(
        ("taken", "put", "said"),
        [
            ("cexio-bot/dev/address", "something", "names no object"),
            ("ec2:AllocateAddress", "a call", "names no action"),
            (f"(request {REQUEST}0001)", "", "tells no request id"),
            (": release one, or raise it", "", "has no next step"),
            ("L-0263D0A3", "", "does not say 'L-0263D0A3'"),
            ("was refused", "was\nrefused", "more than one line"),
        ],
    )
    def test_is_found_wanting(self, taken: str, put: str, said: str) -> None:
        assert said in self.found(self.GOOD.replace(taken, put))

    def test_every_accident_is_told_what_it_may_end_in(self) -> None:
        assert {accident.ends for accident in ACCIDENTS.values()} == {"success", "error", "either"}
        assert set(OBJECTS) >= {"Vpc", "ElasticIp", "Instance", "Secret"}
