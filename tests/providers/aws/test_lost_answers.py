"""A create whose answer never came: has it happened or not?"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ConnectionClosedError

from providers.aws.secret_policy import closed_to_all_but
from providers.aws.secret_versions import PLACEHOLDER, SecretVersions, Stages
from providers.aws.waiting import made_once
from tests.faults.proxy import Answer, Call, Fate, Proxy, changed, meanwhile, once, reset_after
from tests.providers.aws.world import Engine, World
from tests.providers.sandbox_processes import REGION, Aws

CREATES = {
    "Vpc": "CreateVpc",
    "Subnet": "CreateSubnet",
    "InternetGateway": "CreateInternetGateway",
    "RouteTable": "CreateRouteTable",
    "SecurityGroup": "CreateSecurityGroup",
    "ElasticIp": "AllocateAddress",
    "NetworkInterface": "CreateNetworkInterface",
    "Secret": "CreateSecret",
    "Role": "CreateRole",
    "InstanceProfile": "CreateInstanceProfile",
    "Instance": "RunInstances",
}
FOLLOW_UPS = {
    "InternetGateway": "AttachInternetGateway",
    "RouteTable": "AssociateRouteTable",
    "SecurityGroup": "RevokeSecurityGroupEgress",
    "ElasticIpAssociation": "AssociateAddress",
    "InstanceProfile": "AddRoleToInstanceProfile",
}
BY_NAME = ("Secret", "Role", "InstanceProfile")


@pytest.fixture(scope="module")
def proxy(aws: Aws) -> Iterator[Proxy]:
    made = Proxy(aws.url)
    yield made
    made.stop()


@pytest.fixture(scope="module")
def world(aws: Aws, proxy: Proxy, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A stack whose provider speaks to AWS through the proxy."""
    folder: Path = tmp_path_factory.mktemp("flaky")
    config = {
        "cexio-bot:sandbox": "true",
        "cexio-bot:awsEndpoint": proxy.url,
        "cexio-bot:cexioEndpoint": "http://127.0.0.1:9",
    }
    engine = Engine(config, {"CEXIO_BOT_SANDBOX_DIR": str(folder)})
    made = World(engine, aws)
    yield made
    made.take_down()
    engine.stop()


class TestReset:
    """One reset after AllocateAddress took effect: two addresses and an exit code of success."""

    @pytest.mark.parametrize("resource", CREATES)
    def test_a_create_whose_answer_was_lost_made_one_object(
        self, world: World, proxy: Proxy, resource: str
    ) -> None:
        inputs = world.inputs(resource)
        proxy.forget(once(CREATES[resource], reset_after()))
        world.objects[resource] = world.create(resource, inputs)
        sent = proxy.sent(CREATES[resource])
        # Where a name or a token of AWS's stands in the way of a second one, botocore may repeat.
        assert sent == (2 if resource in BY_NAME else 1)
        assert census(world, resource) == 1

    @pytest.mark.parametrize("resource", FOLLOW_UPS)
    def test_a_later_step_whose_answer_was_lost_is_finished(
        self, world: World, proxy: Proxy, resource: str
    ) -> None:
        fresh = World(world.engine, world.aws)
        try:
            inputs = fresh.inputs(resource)
            proxy.forget(once(FOLLOW_UPS[resource], reset_after()))
            made = fresh.objects[resource] = fresh.create(resource, inputs)
            assert proxy.sent(FOLLOW_UPS[resource]) >= 1
            assert fresh.engine.diff(made.id, made.outs, made.inputs) == (False, [])
        finally:
            fresh.take_down()

    def test_a_secrets_deletion_whose_answer_was_lost_is_done(self, world: World, proxy: Proxy) -> None:
        fresh = World(world.engine, world.aws)
        made = fresh.made("Secret")
        proxy.forget(once("DeleteSecret", reset_after()))
        world.engine.delete(made.id, made.outs)
        assert proxy.sent("DeleteSecret") == 2
        fresh.objects.pop("Secret")
        fresh.take_down()

    def test_a_create_that_never_arrived_is_not_repeated_blindly(self) -> None:
        sent = []

        def call() -> str:
            sent.append(1)
            raise ConnectionClosedError(endpoint_url="http://aws")

        with pytest.raises(ConnectionClosedError):
            made_once(call, lambda: None, looks=(0.0, 0.0))
        assert len(sent) == 1


class TestStages:
    """The answer to the promotion was lost, its repeat met the promoted key, and the run blamed somebody."""

    @pytest.fixture
    def versions(self, aws: Aws, proxy: Proxy) -> Iterator[SecretVersions]:
        secrets = aws.client("secretsmanager")
        arn = str(secrets.create_secret(Name=f"s/{uuid.uuid4().hex}.x", SecretString=PLACEHOLDER)["ARN"])
        policy = closed_to_all_but(arn, "a-host", ["arn:aws:iam::123456789012:user/deployer"])
        secrets.put_resource_policy(SecretId=arn, ResourcePolicy=policy)
        proxy.forget()
        client = boto3.client(
            "secretsmanager",
            region_name=REGION,
            endpoint_url=proxy.url,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        yield SecretVersions(client, arn, settles_within=1)
        secrets.delete_secret(SecretId=arn, ForceDeleteWithoutRecovery=True)

    def test_a_promotion_whose_answer_was_lost_is_done(self, versions: SecretVersions, proxy: Proxy) -> None:
        current = versions.stage("a" * 64, "a key").current
        proxy.forget(once("UpdateSecretVersionStage", reset_after()))
        versions.promote("a" * 64, current)
        assert proxy.sent("UpdateSecretVersionStage") == 3
        assert versions.stages() == Stages(current="a" * 64, pending=None)

    def test_a_look_that_lags_behind_it_is_not_taken_for_somebody_elses_doing(
        self, versions: SecretVersions, proxy: Proxy
    ) -> None:
        before: list[Answer] = []

        def lagging(call: Call) -> Fate | None:
            if call.name == "UpdateSecretVersionStage#1":
                return reset_after()
            if call.action != "DescribeSecret":
                return None
            if not proxy.sent("UpdateSecretVersionStage"):
                return changed(lambda told: before.append(told) or told)
            return Fate(effect=False, answer=before[-1]) if call.nth <= 4 else None

        current = versions.stage("a" * 64, "a key").current
        proxy.forget(lagging)
        versions.promote("a" * 64, current)
        assert versions.stages() == Stages(current="a" * 64, pending=None)

    def test_a_label_whose_taking_off_was_not_answered_is_off(
        self, versions: SecretVersions, proxy: Proxy
    ) -> None:
        current = versions.stage("a" * 64, "a key").current
        proxy.forget(lambda call: reset_after() if call.name == "UpdateSecretVersionStage#2" else None)
        versions.promote("a" * 64, current)
        assert proxy.sent("UpdateSecretVersionStage") == 3
        assert versions.stages() == Stages(current="a" * 64, pending=None)


class TestDeadOnArrival:
    """EC2 took the launch, and the machine died on its way: the run said that all was well."""

    def test_a_launch_that_ends_before_it_runs_is_told_and_the_next_run_launches_anew(
        self, aws: Aws, proxy: Proxy, world: World
    ) -> None:
        fresh = World(world.engine, aws)
        try:
            inputs = fresh.inputs("Instance")
            proxy.forget(once("RunInstances", meanwhile(lambda: end_all(fresh))))
            said = fresh.refusal(lambda: fresh.create("Instance", inputs))
            assert "LaunchFailed" in said
            assert "was launched and ended before it ran: Client.UserInitiatedShutdown" in said
            made = fresh.objects["Instance"] = fresh.create("Instance", inputs)
            assert made.outs["state"] == "running"
        finally:
            fresh.take_down()


def end_all(world: World) -> None:
    ec2 = world.aws.client("ec2")
    ours = [{"Name": "tag:cexio-bot:owner", "Values": [world.owner("instance")]}]
    for reservation in ec2.describe_instances(Filters=ours)["Reservations"]:
        ec2.terminate_instances(InstanceIds=[row["InstanceId"] for row in reservation["Instances"]])


def census(world: World, resource: str) -> int:
    """How many objects carry the owner tag, those by name aside, which cannot be two."""
    if resource in BY_NAME:
        return 1
    found = world.aws.client("ec2").describe_tags(
        Filters=[
            {"Name": "key", "Values": ["cexio-bot:owner"]},
            {"Name": "value", "Values": [world.owner(resource.lower())]},
        ]
    )
    return len({tag["ResourceId"] for tag in found["Tags"] if tag["ResourceType"] != "volume"})
