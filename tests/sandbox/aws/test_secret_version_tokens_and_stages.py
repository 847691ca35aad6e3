from __future__ import annotations

from typing import Any

from tests.sandbox.aws.world import World, refused

FIRST, SECOND, THIRD = "a" * 32, "b" * 32, "c" * 32


def secret(aws: World) -> str:
    return aws.secretsmanager.create_secret(Name="s", SecretString="first", ClientRequestToken=FIRST)["ARN"]


def put(aws: World, token: str, value: str, *stages: str) -> Any:
    more = {"VersionStages": list(stages)} if stages else {}
    return aws.secretsmanager.put_secret_value(
        SecretId="s", SecretString=value, ClientRequestToken=token, **more
    )


def stages(aws: World) -> dict[str, set[str]]:
    described = aws.secretsmanager.describe_secret(SecretId="s")["VersionIdsToStages"]
    return {version: set(labels) for version, labels in described.items()}


def move(aws: World, stage: str, **versions: str) -> None:
    aws.secretsmanager.update_secret_version_stage(SecretId="s", VersionStage=stage, **versions)


class TestAPutWithAKnownTokenDoesNothing:
    """A promotion that leans on the put to set the stage leaves a live bot on the old key.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html
    """

    def test_equal_bytes_move_no_stage(self, aws: World) -> None:
        secret(aws)
        put(aws, SECOND, "second", "AWSPENDING")
        put(aws, SECOND, "second", "AWSCURRENT")
        assert stages(aws) == {FIRST: {"AWSCURRENT"}, SECOND: {"AWSPENDING"}}
        assert put(aws, FIRST, "first")["VersionStages"] == ["AWSCURRENT"]

    def test_other_bytes_are_refused_and_nothing_is_overwritten(self, aws: World) -> None:
        secret(aws)
        with refused("ResourceExistsException") as messages:
            put(aws, FIRST, "other")
        assert "other" not in messages[0].replace("another", "")
        assert aws.secretsmanager.get_secret_value(SecretId="s")["SecretString"] == "first"


class TestTheFirstVersionIsCurrent:
    """The first key ever offered must not be the first version: it would be current before it was verified.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html
    """

    def test_whatever_stage_was_asked_for(self, aws: World) -> None:
        aws.secretsmanager.create_secret(Name="s")
        assert set(put(aws, FIRST, "first", "AWSPENDING")["VersionStages"]) == {"AWSPENDING", "AWSCURRENT"}

    def test_a_later_pending_put_leaves_current_where_it_is(self, aws: World) -> None:
        secret(aws)
        put(aws, SECOND, "second", "AWSPENDING")
        put(aws, THIRD, "third", "AWSPENDING")
        assert stages(aws) == {FIRST: {"AWSCURRENT"}, THIRD: {"AWSPENDING"}}
        assert aws.secretsmanager.get_secret_value(SecretId="s")["SecretString"] == "first"
        kept = aws.secretsmanager.get_secret_value(SecretId="s", VersionId=SECOND)
        assert kept["SecretString"] == "second"


class TestMovingAStageIsACompareAndSwap:
    """Two promotions at once must not both win.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecretVersionStage.html
    """

    def test_current_moves_and_previous_follows(self, aws: World) -> None:
        secret(aws)
        put(aws, SECOND, "second", "AWSPENDING")
        move(aws, "AWSCURRENT", RemoveFromVersionId=FIRST, MoveToVersionId=SECOND)
        assert stages(aws) == {FIRST: {"AWSPREVIOUS"}, SECOND: {"AWSPENDING", "AWSCURRENT"}}
        assert aws.secretsmanager.get_secret_value(SecretId="s")["SecretString"] == "second"
        move(aws, "AWSPENDING", RemoveFromVersionId=SECOND)
        move(aws, "AWSCURRENT", RemoveFromVersionId=SECOND, MoveToVersionId=FIRST)
        assert stages(aws) == {FIRST: {"AWSCURRENT"}, SECOND: {"AWSPREVIOUS"}}

    def test_without_or_with_the_wrong_former_holder_it_is_refused(self, aws: World) -> None:
        secret(aws)
        put(aws, SECOND, "second", "AWSPENDING")
        put(aws, THIRD, "third", "OTHER")
        with refused("InvalidParameterException") as messages:
            move(aws, "AWSCURRENT", MoveToVersionId=SECOND)
        assert FIRST in messages[0]
        with refused("InvalidParameterException"):
            move(aws, "AWSCURRENT", RemoveFromVersionId=THIRD, MoveToVersionId=SECOND)
        with refused("InvalidParameterException"):
            move(aws, "AWSPENDING", MoveToVersionId=FIRST)
        assert stages(aws)[FIRST] == {"AWSCURRENT"}

    def test_current_is_never_taken_off_without_a_new_home(self, aws: World) -> None:
        secret(aws)
        with refused("InvalidParameterException"):
            move(aws, "AWSCURRENT", RemoveFromVersionId=FIRST)
        assert stages(aws) == {FIRST: {"AWSCURRENT"}}


class TestASecretInDeletionIsLeftAlone:
    """https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DeleteSecret.html"""

    def test_it_is_described_and_restored_and_nothing_else(self, aws: World) -> None:
        secret(aws)
        put(aws, SECOND, "second", "AWSPENDING")
        aws.secretsmanager.delete_secret(SecretId="s")
        with refused("InvalidRequestException"):
            put(aws, THIRD, "third")
        with refused("InvalidRequestException"):
            move(aws, "AWSCURRENT", RemoveFromVersionId=FIRST, MoveToVersionId=SECOND)
        with refused("InvalidRequestException"):
            aws.secretsmanager.get_secret_value(SecretId="s")
        with refused("InvalidRequestException"):
            aws.secretsmanager.tag_resource(SecretId="s", Tags=[{"Key": "k", "Value": "v"}])
        with refused("InvalidRequestException"):
            aws.secretsmanager.create_secret(Name="s", SecretString="x")
        assert "DeletedDate" in aws.secretsmanager.describe_secret(SecretId="s")
        aws.secretsmanager.restore_secret(SecretId="s")
        assert stages(aws) == {FIRST: {"AWSCURRENT"}, SECOND: {"AWSPENDING"}}
