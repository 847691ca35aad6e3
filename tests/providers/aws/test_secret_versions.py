"""secret_versions.py against the sandbox's Secrets Manager, which keeps AWS's rules on stages."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from providers.aws.deployers import LockedOut
from providers.aws.secret_policy import closed_to_all_but
from providers.aws.secret_versions import (
    PLACEHOLDER,
    SecretGone,
    SecretOpen,
    SecretUnreadable,
    SecretVersions,
    StagedMeanwhile,
    Stages,
)
from tests.providers.sandbox_processes import Aws

DEPLOYER = "arn:aws:iam::123456789012:user/deployer"
ELSE = "arn:aws:iam::123456789012:role/somebody-else"
KEY = '{"key":"k","secret":"canary-secret"}'
FIRST, SECOND = "a" * 64, "b" * 64


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    server = Aws(tmp_path_factory.mktemp("aws"))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def client(aws: Aws) -> Any:
    return aws.client("secretsmanager")


@pytest.fixture
def arn(client: Any) -> str:
    return closed(client, SecretString=PLACEHOLDER)


@pytest.fixture
def versions(client: Any, arn: str) -> SecretVersions:
    return SecretVersions(client, arn, settles_within=1)


def closed(client: Any, **value: str) -> str:
    """A new container that only the deployer and a host's role may touch."""
    arn = str(client.create_secret(Name=f"s/{uuid.uuid4().hex}.x", **value)["ARN"])
    close(client, arn, DEPLOYER)
    return arn


def close(client: Any, arn: str, *deployers: str) -> None:
    policy = closed_to_all_but(arn, "host", deployers)
    client.put_resource_policy(SecretId=arn, ResourcePolicy=policy, BlockPublicPolicy=True)


class Watched:
    """A client that looks at the stages after each call, and can act or fail at one."""

    def __init__(self, client: Any, arn: str) -> None:
        self.client, self.arn = client, arn
        self.currents: list[str] = []
        self.before: dict[str, Callable[[], None]] = {}

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(**parameters: Any) -> Any:
            self.before.pop(name, lambda: None)()
            answer = getattr(self.client, name)(**parameters)
            stages = self.client.describe_secret(SecretId=self.arn).get("VersionIdsToStages", {})
            self.currents += [version for version, labels in stages.items() if "AWSCURRENT" in labels]
            return answer

        return call


class TestStaging:
    """A key that becomes current by being stored is read by the bot before anybody has proven it."""

    def test_a_staged_version_is_pending_and_current_stays(self, versions: SecretVersions) -> None:
        before = versions.stages()
        assert versions.stage(FIRST, KEY) == Stages(current=before.current, pending=FIRST)
        assert versions.read(FIRST) == KEY

    def test_the_first_version_of_an_empty_container_is_never_the_key(self, client: Any) -> None:
        arn = closed(client)
        watched = Watched(client, arn)
        SecretVersions(watched, arn).stage(FIRST, KEY)
        assert watched.currents
        assert FIRST not in watched.currents

    def test_a_version_that_lost_its_stage_is_staged_again_by_a_put_that_aws_ignores(
        self, versions: SecretVersions
    ) -> None:
        versions.stage(FIRST, KEY)
        versions.stage(SECOND, KEY + " ")
        assert versions.stages().pending == SECOND
        versions.stage(FIRST, KEY)
        assert versions.stages().pending == FIRST

    def test_staging_twice_makes_one_version(self, versions: SecretVersions, client: Any, arn: str) -> None:
        versions.stage(FIRST, KEY)
        versions.stage(FIRST, KEY)
        found = client.list_secret_version_ids(SecretId=arn, IncludeDeprecated=True)["Versions"]
        assert len(found) == 2

    def test_other_bytes_under_the_same_id_are_an_error_that_shows_none_of_them(
        self, versions: SecretVersions
    ) -> None:
        versions.stage(FIRST, KEY)
        with pytest.raises(StagedMeanwhile) as caught:
            versions.stage(FIRST, KEY + "x")
        assert "canary" not in str(caught.value)


class TestPromotion:
    """Promoting what somebody else has staged meanwhile would put an unproven key into the bot's hands."""

    def test_promotion_moves_current_and_takes_pending_off(self, versions: SecretVersions) -> None:
        current = versions.stage(FIRST, KEY).current
        versions.promote(FIRST, instead_of=current)
        assert versions.stages() == Stages(current=FIRST, pending=None)

    def test_promotion_twice_is_promotion_once(self, versions: SecretVersions) -> None:
        current = versions.stage(FIRST, KEY).current
        versions.promote(FIRST, instead_of=current)
        versions.promote(FIRST, instead_of=current)
        assert versions.stages() == Stages(current=FIRST, pending=None)

    def test_a_promotion_that_was_cut_short_is_tidied(
        self, versions: SecretVersions, client: Any, arn: str
    ) -> None:
        current = versions.stage(FIRST, KEY).current
        client.update_secret_version_stage(
            SecretId=arn, VersionStage="AWSCURRENT", MoveToVersionId=FIRST, RemoveFromVersionId=current
        )
        assert versions.stages() == Stages(current=FIRST, pending=FIRST)
        versions.promote(FIRST, instead_of=current)
        assert versions.stages() == Stages(current=FIRST, pending=None)

    def test_another_version_staged_meanwhile_is_noticed_and_nothing_promoted(
        self, versions: SecretVersions, client: Any, arn: str
    ) -> None:
        current = versions.stage(FIRST, KEY).current
        client.put_secret_value(
            SecretId=arn, ClientRequestToken=SECOND, SecretString="by hand", VersionStages=["AWSPENDING"]
        )
        with pytest.raises(StagedMeanwhile, match="nothing was promoted"):
            versions.promote(FIRST, instead_of=current)
        assert versions.stages() == Stages(current=current, pending=SECOND)

    def test_another_version_promoted_between_our_look_and_our_move_is_noticed_by_aws(
        self, versions: SecretVersions, client: Any, arn: str
    ) -> None:
        current = versions.stage(FIRST, KEY).current
        watched = Watched(client, arn)
        watched.before["update_secret_version_stage"] = lambda: client.put_secret_value(
            SecretId=arn, ClientRequestToken=SECOND, SecretString="by hand"
        )
        with pytest.raises(StagedMeanwhile):
            SecretVersions(watched, arn).promote(FIRST, instead_of=current)
        assert versions.stages().current == SECOND


class TestGone:
    """A secret taken for gone is made anew, and its keys are lost; so only AWS's own word counts."""

    def test_a_secret_that_is_not_there_or_in_deletion_is_gone(
        self, versions: SecretVersions, client: Any, arn: str
    ) -> None:
        client.delete_secret(SecretId=arn, RecoveryWindowInDays=7)
        with pytest.raises(SecretGone, match="restore-secret"):
            versions.stages()
        with pytest.raises(SecretGone, match="no such secret"):
            SecretVersions(client, arn[:-6] + "aaaaaa").stages()


class TestClosed:
    """A key put into a container that somebody had opened was everybody's who might read secrets."""

    @pytest.mark.parametrize("drift", ["removed", "opened", "narrowed"])
    def test_no_key_is_put_where_others_may_read_it(self, client: Any, arn: str, drift: str) -> None:
        if drift == "removed":
            client.delete_resource_policy(SecretId=arn)
        else:
            policy = json.loads(closed_to_all_but(arn, "host", [DEPLOYER]))
            if drift == "opened":
                policy["Statement"][0]["Condition"]["ArnNotLike"]["aws:PrincipalArn"] = [
                    "arn:aws:iam::*:role/*"
                ]
            else:
                policy["Statement"][0]["Action"].remove("secretsmanager:GetSecretValue")
            client.put_resource_policy(SecretId=arn, ResourcePolicy=json.dumps(policy))
        watched = Watched(client, arn)
        with pytest.raises(SecretOpen, match="pulumi refresh"):
            SecretVersions(watched, arn).stage(FIRST, KEY)
        assert FIRST not in client.describe_secret(SecretId=arn)["VersionIdsToStages"]

    def test_who_is_not_let_in_is_told_by_whom_and_how(
        self, versions: SecretVersions, client: Any, arn: str
    ) -> None:
        current = versions.stage(FIRST, KEY).current
        close(client, arn, ELSE)
        for locked in (
            lambda: versions.stage(SECOND, KEY),
            lambda: versions.promote(FIRST, instead_of=current),
        ):
            with pytest.raises(LockedOut) as told:
                locked()
            assert "user/deployer" in str(told.value)
            assert "cexio-bot:deployers" in str(told.value)
            assert "canary" not in str(told.value)
        with pytest.raises(SecretUnreadable, match="cexio-bot:deployers"):
            versions.read(FIRST)
        assert versions.stages() == Stages(current=current, pending=FIRST)
