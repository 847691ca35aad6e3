"""The address through a real engine: whatever changes, it is the same one, or the run is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from components.settings import Settings
from tests.end_to_end.conftest import ENGINES
from tests.faults.proxy import Call, Fate, answer, kill_before
from tests.faults.stack import Ran, Stack

pytestmark = pytest.mark.long

ELSEWHERE = "ami-0ae8605ed708e3c3e"  # Amazon Linux 2023 with another kernel than AWS's current one
GIVEN_AWAY = (
    "<Response><Errors><Error><Code>InvalidAddress.NotFound</Code><Message>Not found.</Message></Error>"
    "</Errors><RequestID>r-1</RequestID></Response>"
)
FINGERPRINT = "0123456789ab 2026-11-01"

# Every setting with another value than the stack's; of those that are refused, what the line says.
CHANGES: dict[str, dict[str, Any]] = {
    "availabilityZone": {"availabilityZone": "us-east-1c"},
    "accountId": {"accountId": "other"},
    "pair": {"pair": "ETH-USD"},
    "label": {"label": "Another_Label"},
    "tradingLimits": {"tradingLimits": "1 BTC a day"},
    "extraAddresses": {"extraAddresses": [{"address": "127.77.1.2", "reason": "a second host"}]},
    "reviewEvery": {"reviewEvery": "30"},
    "reviewRequest": {"reviewRequest": "7"},
    "withdrawalConfirmed": {"withdrawalConfirmed": FINGERPRINT},
    "whitelistConfirmed": {"whitelistConfirmed": FINGERPRINT},
    "instanceType": {"instanceType": "t3.small"},
    "imageId": {"imageId": ELSEWHERE},
    "refreshImage": {"refreshImage": "1"},
    "rootVolumeGib": {"rootVolumeGib": "20"},
    "vpcCidr": {"vpcCidr": "10.61.0.0/24"},
    "vpcId": {"vpcId": "vpc-0123456789abcdef0", "subnetId": "subnet-0123456789abcdef0"},
    "lostAddress": {"lostAddress": "127.99.1.2"},
    "secretRecoveryDays": {"secretRecoveryDays": "14"},
    "tags": {"tags": {"team": "trading"}},
    "twoFactorOn": {"twoFactorOn": "2026-01-01"},
    "countryEligible": {"countryEligible": "2026-01-01"},
    "apiRequirementsMet": {"apiRequirementsMet": "2026-01-01"},
}
REFUSED = {
    "region": ("eu-west-1", "cexio-bot:region says eu-west-1"),
    "allocationId": ("eipalloc-0123456789abcdef0", "take cexio-bot:allocationId back"),
    "sandbox": ("false", "in the sandbox alone"),
    "awsEndpoint": ("http://192.0.2.1:80", "awsEndpoint"),
}
ELSEWHERE_TRIED = {
    "host": "TestAnotherName",
    "releaseAddress": "test_its_release_takes_an_up_first_and_names_it",
    "subnetId": "beside vpcId",
    "cexioEndpoint": "of the exchange alone",
    "secretKmsKey": "of the secret alone",
    "deployers": "of the secret alone",
}


@pytest.fixture(scope="module", params=ENGINES)
def stack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with Stack(tmp_path_factory.mktemp("address"), request.param) as made:
        ran = made.up()
        assert ran.status == 0, ran.output
        yield made


def address(stack: Stack) -> dict[str, Any]:
    [row] = stack.aws.client("ec2").describe_addresses()["Addresses"]
    return dict(row)


def hosts(stack: Stack) -> list[str]:
    found = stack.aws.client("ec2").describe_instances()["Reservations"]
    rows = [row for reservation in found for row in reservation["Instances"]]
    return [row["InstanceId"] for row in rows if row["State"]["Name"] == "running"]


def preview(stack: Stack, **config: Any) -> Ran:
    stack.configured(**config)
    try:
        return stack.pulumi("preview", "--stack", "sandbox")
    finally:
        stack.configured()


def rows_of(ran: Ran, kind: str) -> list[str]:
    """The lines of a run that tell of a change to a resource of this kind."""
    line = re.compile(rf"^\s*[-+~]+\s.*dynamic/{kind} ", re.MULTILINE)
    return line.findall(ran.output)


class TestNoSettingReplacesIt:
    """One setting out of thirty led to a replacement, and nobody had tried that one."""

    def test_every_setting_is_tried(self) -> None:
        names = {str(field.alias) for field in Settings.model_fields.values()}
        assert names == {*CHANGES, *REFUSED, *ELSEWHERE_TRIED}

    @pytest.mark.parametrize("name", CHANGES)
    def test_a_changed_setting_leaves_it_as_it_is(self, stack: Stack, name: str) -> None:
        ran = preview(stack, **CHANGES[name])
        assert ran.status == 0, ran.output
        assert rows_of(ran, "aws:ElasticIp") == []

    @pytest.mark.parametrize("name", REFUSED)
    def test_or_it_is_refused_in_one_clear_line(self, stack: Stack, name: str) -> None:
        before = address(stack)
        value, told = REFUSED[name]
        ran = preview(stack, **{name: value})
        assert ran.status != 0
        assert told in ran.output
        assert "Traceback" not in ran.output
        assert address(stack) == before

    def test_an_edited_tag_leaves_address_and_whitelist_as_they_are(self, stack: Stack) -> None:
        ran = preview(stack, tags={"team": "trading", "cost": "7"})
        assert rows_of(ran, "aws:Tags")
        assert rows_of(ran, "aws:ElasticIp") == rows_of(ran, "cexio:Whitelist") == []


class TestAnotherName:
    """The host was renamed: it got an address of its own, and the whitelist named the old one."""

    def test_the_run_is_refused_and_the_old_host_goes_on(self, stack: Stack) -> None:
        before, host = address(stack), hosts(stack)
        ran = stack.up(host="other")
        assert ran.status != 0
        assert f"this stack has the address {before['PublicIp']} already" in ran.output
        assert (address(stack), hosts(stack)) == (before, host)
        again = stack.up()
        assert again.status == 0, again.output
        assert (address(stack), hosts(stack)) == (before, host)


@pytest.fixture(scope="module")
def told(stack: Stack) -> dict[str, Any]:
    """The address released by hand; then a refresh, a preview and an `up`."""
    ec2, before = stack.aws.client("ec2"), address(stack)
    told: dict[str, Any] = {"before": before, "hosts": hosts(stack)}
    ec2.disassociate_address(AssociationId=before["AssociationId"])
    ec2.release_address(AllocationId=before["AllocationId"])
    told["refresh"] = stack.refresh()
    told["preview"] = stack.pulumi("preview", "--stack", "sandbox")
    told["up"] = stack.up()
    told["after"] = address(stack)
    return told


class TestReleasedElsewhere:
    """A clean-up script released it; the next run took another one and called that a success."""

    def test_a_refresh_tells_of_it(self, told: dict[str, Any]) -> None:
        assert told["refresh"].status == 0
        assert f"the address {told['before']['PublicIp']}" in told["refresh"].output
        assert "not there any more" in told["refresh"].output
        assert rows_of(told["preview"], "aws:ElasticIp")

    def test_the_next_run_has_the_same_address_on_the_same_host(
        self, stack: Stack, told: dict[str, Any]
    ) -> None:
        before, after = told["before"], told["after"]
        assert told["up"].status == 0, told["up"].output
        assert "the whitelist stays right" in told["up"].output
        assert after["PublicIp"] == before["PublicIp"]
        assert after["AllocationId"] != before["AllocationId"]
        assert (after["InstanceId"], hosts(stack)) == (before["InstanceId"], told["hosts"])

    def test_all_is_settled_then(self, stack: Stack, told: dict[str, Any]) -> None:
        assert rows_of(told["up"], "cexio:Whitelist") == []
        refreshed = stack.refresh()
        assert "not there any more" not in refreshed.output
        unchanged = stack.pulumi("preview", "--expect-no-changes", "--stack", "sandbox")
        assert unchanged.status == 0, unchanged.output


class TestReplacement:
    """For two minutes two machines traded on one key; and one sent its first orders from no known address."""

    @pytest.fixture
    def watched(self, stack: Stack) -> Iterator[list[dict[str, Any]]]:
        """What AWS shows before each launch takes effect: live machines, and whether the address is there."""
        ec2, launches = stack.aws.client("ec2"), []
        assert stack.up().status == 0

        def look(call: Call) -> Fate | None:
            if call.action == "RunInstances":
                found = ec2.describe_instances()["Reservations"]
                rows = [row for reservation in found for row in reservation["Instances"]]
                alive = [row["InstanceId"] for row in rows if row["State"]["Name"] != "terminated"]
                on = [row.get("NetworkInterfaceId") for row in ec2.describe_addresses()["Addresses"]]
                wanted = call.parameter("NetworkInterface.1.NetworkInterfaceId")
                launches.append({"alive": alive, "addressed": wanted in on})
            return None

        stack.proxy.rule = look
        yield launches
        stack.proxy.rule = None

    def test_one_machine_at_a_time_each_with_the_address_from_its_first_packet(
        self, stack: Stack, watched: list[dict[str, Any]]
    ) -> None:
        settings: dict[str, Any] = {}
        before = address(stack)
        for change in (
            {"instanceType": "t3.small", "rootVolumeGib": "20"},
            {"availabilityZone": "us-east-1c"},
        ):
            host = hosts(stack)
            settings |= change
            ran = stack.up(**settings)
            assert ran.status == 0, ran.output
            assert re.search(r"host bot was down for (at most )?\d+ s while it was replaced", ran.output)
            after = address(stack)
            assert (after["PublicIp"], after["AllocationId"]) == (before["PublicIp"], before["AllocationId"])
            assert hosts(stack) == [after["InstanceId"]] != host
        assert watched == [{"alive": [], "addressed": True}] * 2

    def test_a_run_killed_between_the_machines_is_finished_and_tells_the_outage(
        self, stack: Stack, watched: list[dict[str, Any]]
    ) -> None:
        before, killed = address(stack), []

        def kill(call: Call) -> Fate | None:
            if call.action != "RunInstances" or killed:
                return None
            killed.append(call)
            return kill_before(lambda: (run.kill_engine(), run.kill_provider()))

        stack.proxy.rule = kill
        run = stack.start_up(imageId=ELSEWHERE)
        assert run.wait().status != 0
        stack.pulumi("cancel", "--yes", "--stack", "sandbox")
        assert stack.pulumi("refresh", "--yes", "--clear-pending-creates", "--stack", "sandbox").status == 0
        ran = stack.up(imageId=ELSEWHERE)
        assert ran.status == 0, ran.output
        assert "was down for" in ran.output
        assert address(stack)["PublicIp"] == before["PublicIp"]
        assert hosts(stack) == [address(stack)["InstanceId"]]


class TestGoneForGood:
    """AWS had given it away; nobody was asked, and the whitelist named a stranger's machine."""

    def test_every_run_is_refused_until_a_person_gives_it_up(self, stack: Stack) -> None:
        ec2 = stack.aws.client("ec2")
        assert stack.up().status == 0
        before = address(stack)
        ec2.disassociate_address(AssociationId=before["AssociationId"])
        ec2.release_address(AllocationId=before["AllocationId"])
        refusal = answer(400, GIVEN_AWAY)
        stack.proxy.rule = lambda call: refusal if call.parameter("Address") else None
        assert stack.refresh().status == 0
        ran = stack.up()
        assert ran.status != 0
        assert f"pulumi config set cexio-bot:lostAddress {before['PublicIp']}" in ran.output
        assert ec2.describe_addresses()["Addresses"] == []
        ran = stack.up(lostAddress=before["PublicIp"])
        assert ran.status == 0, ran.output
        assert "edit the key's whitelist" in ran.output
        assert address(stack)["PublicIp"] != before["PublicIp"]
        assert hosts(stack) == [address(stack)["InstanceId"]]
        unchanged = stack.pulumi("preview", "--expect-no-changes", "--stack", "sandbox")
        assert unchanged.status == 0, unchanged.output
        stack.proxy.rule = None


class TestKeptOnPurpose:
    """A month's bill was the first that an operator heard of the address that `destroy` had kept."""

    def test_destroy_names_it_and_its_price_and_the_next_up_adopts_it(self, stack: Stack) -> None:
        before = address(stack)
        ran = stack.destroy()
        assert ran.status == 0, ran.output
        assert f"the address {before['PublicIp']}" in ran.output
        assert "$3.65 a month" in ran.output
        assert address(stack)["AllocationId"] == before["AllocationId"]
        again = stack.up()
        assert again.status == 0, again.output
        assert address(stack)["PublicIp"] == before["PublicIp"]

    def test_its_release_takes_an_up_first_and_names_it(self, stack: Stack) -> None:
        public_ip = address(stack)["PublicIp"]
        assert stack.up(releaseAddress="127.99.1.2").status != 0
        assert address(stack)["PublicIp"] == public_ip
        applied = stack.up(releaseAddress=public_ip)
        assert applied.status == 0, applied.output
        ran = stack.destroy()
        assert ran.status == 0, ran.output
        assert "is released" in ran.output
        assert stack.aws.client("ec2").describe_addresses()["Addresses"] == []


class TestBroughtAlong:
    """A company's address came back from a trial without its tags, and then not at all."""

    def test_it_serves_with_our_marker_alone_and_is_left_as_it_was(self, stack: Stack) -> None:
        ec2 = stack.aws.client("ec2")
        theirs = [{"Key": "cost-centre", "Value": "7"}]
        id_ = ec2.allocate_address(TagSpecifications=[{"ResourceType": "elastic-ip", "Tags": theirs}])[
            "AllocationId"
        ]
        settings: dict[str, Any] = {"allocationId": id_, "tags": {"team": "trading"}}
        ran = stack.up(**settings)
        assert ran.status == 0, ran.output
        keys = {tag["Key"] for tag in address(stack)["Tags"]}
        assert keys == {"cost-centre", "cexio-bot:borrowed-by"}
        unchanged = stack.pulumi("preview", "--expect-no-changes", "--stack", "sandbox")
        assert unchanged.status == 0, unchanged.output
        assert stack.destroy().status == 0
        assert address(stack)["AllocationId"] == id_
        assert {tag["Key"] for tag in address(stack)["Tags"]} == {"cost-centre"}
