"""aws:Secret beyond the life that all objects share: who may touch the value, what a hand or a kill did."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from providers.aws.secret_versions import PLACEHOLDER
from tests.faults.proxy import Call, Fate, Proxy, answer, once, reset_after
from tests.providers.aws.world import Engine, Made, World
from tests.providers.dynamic_server import CallFailed
from tests.providers.sandbox_processes import Aws

ACCOUNT = "123456789012"
DEPLOYER = f"arn:aws:iam::{ACCOUNT}:user/deployer"
TRUST = json.dumps(
    {"Statement": [{"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}]}
)
KEY = '{"key":"k","secret":"canary-secret"}'
VERSION = "a" * 64
KMS = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/0f8fad5b-d9cb-469f-a165-70867728950e"


def role(aws: Aws, name: str, *actions: str) -> str:
    """A role that may do these things to everything; its ARN."""
    iam = aws.client("iam")
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)["Role"]
    rights = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}],
    }
    iam.put_role_policy(RoleName=name, PolicyName="rights", PolicyDocument=json.dumps(rights))
    return str(made["Arn"])


def as_role(aws: Aws, arn: str) -> Any:
    """Secrets Manager, as a session of a role."""
    handed = aws.client("sts").assume_role(RoleArn=arn, RoleSessionName="someone")["Credentials"]
    return aws.client("secretsmanager", handed)


def labels(secrets: Any, made: Made) -> dict[str, str]:
    """Version by label."""
    found = secrets.describe_secret(SecretId=made.id)["VersionIdsToStages"]
    return {label: version for version, held in found.items() for label in held}


@contextmanager
def unseen_for(aws: Aws, seconds: float) -> Iterator[None]:
    """Let AWS not show what is made until it is so old."""
    httpx.post(f"{aws.url}/_sandbox/visibility?seconds={seconds}", trust_env=False).raise_for_status()
    try:
        yield
    finally:
        httpx.post(f"{aws.url}/_sandbox/visibility?seconds=0", trust_env=False).raise_for_status()


@pytest.fixture(scope="module")
def secrets(aws: Aws) -> Any:
    return aws.client("secretsmanager")


def _through(aws: Aws, folder: Path, rule: Any = None) -> Iterator[tuple[Proxy, Engine]]:
    proxy = Proxy(aws.url, rule)
    config = {
        "cexio-bot:sandbox": "true",
        "cexio-bot:awsEndpoint": proxy.url,
        "cexio-bot:cexioEndpoint": "http://127.0.0.1:9",
    }
    engine = Engine(config, {"CEXIO_BOT_SANDBOX_DIR": str(folder)})
    yield proxy, engine
    engine.stop()
    proxy.stop()


@pytest.fixture(scope="module")
def watched(aws: Aws, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Proxy, Engine]]:
    """The deployer's provider, behind a proxy."""
    yield from _through(aws, tmp_path_factory.mktemp("watched"))


OTHER = "somebody-else"


def _as_other(call: Call) -> Fate | None:
    if call.action != "GetCallerIdentity":
        return None
    arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/{OTHER}/laptop"
    told = f"<Arn>{arn}</Arn><UserId>AROAX:laptop</UserId><Account>{ACCOUNT}</Account>"
    body = (
        '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
        f"<GetCallerIdentityResult>{told}</GetCallerIdentityResult></GetCallerIdentityResponse>"
    )
    return answer(200, body, {"Content-Type": "text/xml"})


@pytest.fixture(scope="module")
def other(aws: Aws, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Proxy, Engine]]:
    """The provider as another principal than the deployer runs it."""
    role(aws, OTHER, "secretsmanager:*")
    yield from _through(aws, tmp_path_factory.mktemp("other"), _as_other)


class TestTheValueIsForHostAndDeployers:
    """A role of the account's that may do everything with every secret read the trading key."""

    def test_a_third_principal_is_denied_the_value_and_may_look_and_mend(
        self, own_stack: World, aws: Aws
    ) -> None:
        made = own_stack.made("Secret")
        third = as_role(aws, role(aws, own_stack.name("third"), "secretsmanager:*"))
        value = {"SecretId": made.id}
        denied = {
            "get_secret_value": value,
            "put_secret_value": {**value, "SecretString": "x"},
            "update_secret": {**value, "SecretString": "x"},
            "update_secret_version_stage": {**value, "VersionStage": "AWSCURRENT"},
            "replicate_secret_to_regions": {**value, "AddReplicaRegions": [{"Region": "eu-west-1"}]},
            "rotate_secret": value,
        }
        for call, parameters in denied.items():
            with pytest.raises(ClientError, match="explicit deny in a resource-based policy"):
                getattr(third, call)(**parameters)
        assert third.describe_secret(**value)["ARN"] == made.id
        assert third.get_resource_policy(**value)["ResourcePolicy"] == made.outs["policy"]
        third.delete_resource_policy(**value)
        assert third.get_secret_value(**value)["SecretString"] == PLACEHOLDER

    def test_the_host_reads_and_the_deployer_reads_and_writes(
        self, own_stack: World, aws: Aws, secrets: Any
    ) -> None:
        made = own_stack.made("Secret")
        host = as_role(aws, role(aws, own_stack.name("role"), "secretsmanager:GetSecretValue"))
        assert host.get_secret_value(SecretId=made.id)["SecretString"] == PLACEHOLDER
        secrets.put_secret_value(
            SecretId=made.id, ClientRequestToken=VERSION, SecretString=KEY, VersionStages=["AWSPENDING"]
        )
        assert host.get_secret_value(SecretId=made.id, VersionId=VERSION)["SecretString"] == KEY
        assert secrets.get_secret_value(SecretId=made.id)["SecretString"] == PLACEHOLDER

    def test_the_one_who_made_it_is_an_output_and_no_input(self, own_stack: World) -> None:
        made = own_stack.made("Secret")
        assert made.outs["deployers"] == [DEPLOYER]
        assert "deployers" not in made.inputs
        assert "deployers" not in own_stack.engine.read_whole(made.id, made.outs)[2]


class TestNobodyIsLockedOut:
    """A policy that did not name the one who put it shut out its own stack."""

    def test_one_who_is_not_configured_is_refused_before_anything_is_made(
        self, own_stack: World, watched: tuple[Proxy, Engine]
    ) -> None:
        proxy, engine = watched
        inputs = own_stack.inputs("Secret", deployers=[f"arn:aws:iam::{ACCOUNT}:role/ci"])
        proxy.forget()
        told = own_stack.refusal(lambda: engine.create(inputs))
        assert DEPLOYER in told
        assert "pulumi config set cexio-bot:deployers" in told
        assert proxy.mutations() == []

    def test_another_than_who_made_it_changes_nothing_and_asks_nothing_where_nothing_changed(
        self, own_stack: World, other: tuple[Proxy, Engine]
    ) -> None:
        proxy, engine = other
        made = own_stack.made("Secret")
        proxy.forget(_as_other)
        assert engine.diff(made.id, made.outs, made.inputs) == (False, [])
        assert proxy.calls == []
        news = {**made.inputs, "description": "another"}
        told = own_stack.refusal(lambda: engine.update(made.id, made.outs, news))
        assert f"assumed-role/{OTHER}/laptop" in told
        assert f'["arn:aws:iam::{ACCOUNT}:role/{OTHER}", "{DEPLOYER}"]' in told
        assert proxy.mutations() == []

    def test_naming_both_lets_both_in(self, own_stack: World, aws: Aws, other: tuple[Proxy, Engine]) -> None:
        _, engine = other
        made = own_stack.made("Secret")
        arn = f"arn:aws:iam::{ACCOUNT}:role/{OTHER}"
        inputs = {**made.inputs, "deployers": [arn, DEPLOYER]}
        assert engine.diff(made.id, made.outs, inputs) == (True, [])
        outs = engine.update(made.id, made.outs, inputs)
        assert outs["deployers"] == [arn, DEPLOYER]
        assert as_role(aws, arn).get_secret_value(SecretId=made.id)["SecretString"] == PLACEHOLDER
        assert own_stack.engine.diff(made.id, outs, inputs) == (False, [])
        # taken back from the settings, they stay as they are
        assert own_stack.engine.diff(made.id, outs, made.inputs) == (False, [])


class TestRestored:
    """A secret deleted by hand took the key with it, and its name could not be used for a month."""

    def test_with_its_versions_and_closed_again(self, own_stack: World, secrets: Any) -> None:
        made = own_stack.made("Secret")
        secrets.put_secret_value(SecretId=made.id, ClientRequestToken=VERSION, SecretString=KEY)
        before = labels(secrets, made)
        secrets.delete_resource_policy(SecretId=made.id)
        secrets.delete_secret(SecretId=made.id, RecoveryWindowInDays=7)
        _, outs = own_stack.engine.read(made.id, made.outs)
        assert outs["scheduledForDeletion"] is True
        outs = own_stack.engine.update(made.id, outs, made.inputs)
        assert outs == made.outs
        assert labels(secrets, made) == before
        assert "DeletedDate" not in secrets.describe_secret(SecretId=made.id)

    def test_after_a_destroy_the_next_up_takes_it_up_again(self, own_stack: World, secrets: Any) -> None:
        made = own_stack.made("Secret")
        own_stack.engine.delete(made.id, made.outs)
        again = own_stack.create("Secret", made.inputs)
        assert (again.id, again.outs) == (made.id, made.outs)

    @pytest.mark.parametrize("cut", ["RestoreSecret", "PutResourcePolicy"])
    def test_cut_short_anywhere_it_is_finished_by_the_next(
        self, own_stack: World, secrets: Any, watched: tuple[Proxy, Engine], cut: str
    ) -> None:
        proxy, engine = watched
        made = own_stack.made("Secret")
        secrets.delete_resource_policy(SecretId=made.id)
        secrets.delete_secret(SecretId=made.id, RecoveryWindowInDays=7)
        proxy.forget(lambda call: reset_after() if call.action == cut else None)
        with pytest.raises(CallFailed):
            engine.create(made.inputs)
        proxy.forget()
        assert engine.create(made.inputs) == (made.id, made.outs)

    def test_an_answer_of_before_the_restoration_is_waited_out(
        self, own_stack: World, secrets: Any, watched: tuple[Proxy, Engine]
    ) -> None:
        proxy, engine = watched
        made = own_stack.made("Secret")
        secrets.delete_secret(SecretId=made.id, RecoveryWindowInDays=7)
        doomed = secrets.describe_secret(SecretId=made.id)
        stale = json.dumps({name: doomed[name] for name in ("ARN", "Name", "Tags")} | {"DeletedDate": 1.0})
        late = answer(400, '{"__type":"InvalidRequestException","message":"marked for deletion"}')
        left = [answer(200, stale), answer(200, stale)]
        policies = [late]

        def rule(call: Call) -> Fate | None:
            if proxy.sent("RestoreSecret") and call.action == "DescribeSecret" and left:
                return left.pop()
            return policies.pop() if call.action == "GetResourcePolicy" and policies else None

        proxy.forget(rule)
        assert engine.create(made.inputs) == (made.id, made.outs)
        assert (left, policies) == ([], [])


class TestKilledBeforeItIsClosed:
    """Between the call that makes a secret and the one that closes it everybody may read what is in it."""

    def test_only_the_placeholder_lies_open_and_the_next_run_closes_it(
        self, own_stack: World, secrets: Any, watched: tuple[Proxy, Engine]
    ) -> None:
        proxy, engine = watched
        inputs = own_stack.inputs("Secret")
        refused = answer(400, '{"__type":"InternalServiceError","message":"no"}')
        proxy.forget(lambda call: refused if call.action == "PutResourcePolicy" else None)
        with pytest.raises(CallFailed):
            engine.create(inputs)
        name = inputs["name"]
        assert "ResourcePolicy" not in secrets.get_resource_policy(SecretId=name)
        assert secrets.get_secret_value(SecretId=name)["SecretString"] == PLACEHOLDER
        assert len(secrets.list_secret_version_ids(SecretId=name)["Versions"]) == 1
        proxy.forget()
        own_stack.objects["Secret"] = own_stack.create("Secret", inputs)
        policy = secrets.get_resource_policy(SecretId=name)["ResourcePolicy"]
        assert policy == own_stack.out("Secret", "policy")

    @pytest.mark.long
    def test_a_name_that_is_taken_by_our_own_unseen_secret_is_waited_for(
        self, own_stack: World, aws: Aws, watched: tuple[Proxy, Engine]
    ) -> None:
        proxy, engine = watched
        taken = answer(400, '{"__type":"ResourceExistsException","message":"exists"}')
        fates = [taken, reset_after()]  # the second is the repetition of the first, whose answer was lost
        proxy.forget(lambda call: fates.pop() if call.action == "CreateSecret" else None)
        with unseen_for(aws, 2):
            id_, outs = engine.create(own_stack.inputs("Secret"))
        own_stack.objects["Secret"] = Made(id_, own_stack.inputs("Secret"), outs)
        assert fates == []

    @pytest.mark.long
    @pytest.mark.parametrize("call", ["CreateSecret", "PutResourcePolicy"])
    def test_a_lost_answer_leaves_one_closed_secret_though_it_is_not_seen_at_once(
        self, own_stack: World, aws: Aws, watched: tuple[Proxy, Engine], call: str
    ) -> None:
        proxy, engine = watched
        proxy.forget(once(call, reset_after()))
        with unseen_for(aws, 1):
            id_, outs = engine.create(own_stack.inputs("Secret"))
        own_stack.objects["Secret"] = Made(id_, own_stack.inputs("Secret"), outs)
        assert own_stack.engine.read(id_, outs) == (id_, outs)

    def test_a_secret_that_is_not_seen_yet_is_closed_before_it_is_done(
        self, own_stack: World, aws: Aws, secrets: Any
    ) -> None:
        with unseen_for(aws, 1):
            made = own_stack.made("Secret")
        assert secrets.get_resource_policy(SecretId=made.id)["ResourcePolicy"] == made.outs["policy"]

    def test_a_state_of_before_there_were_policies_is_closed_by_the_next_up(
        self, own_stack: World, secrets: Any
    ) -> None:
        made = own_stack.made("Secret")
        secrets.delete_resource_policy(SecretId=made.id)
        old = {k: v for k, v in made.outs.items() if k not in ("policy", "deployers", "hostRoleName")}
        assert own_stack.engine.diff(made.id, old, made.inputs) == (True, [])
        assert own_stack.engine.update(made.id, old, made.inputs) == made.outs


class TestDrift:
    """A secret opened by hand at three in the morning was still open in spring."""

    @pytest.mark.parametrize("hand", ["removed", "opened"])
    def test_a_policy_changed_by_hand_is_shown_and_put_back(
        self, own_stack: World, secrets: Any, hand: str
    ) -> None:
        made = own_stack.made("Secret")
        if hand == "removed":
            secrets.delete_resource_policy(SecretId=made.id)
        else:
            opened = made.outs["policy"].replace(DEPLOYER, f"arn:aws:iam::{ACCOUNT}:role/*")
            secrets.put_resource_policy(SecretId=made.id, ResourcePolicy=opened)
        _, outs = own_stack.engine.read(made.id, made.outs)
        assert outs.get("policy") != made.outs["policy"]
        assert own_stack.engine.diff(made.id, outs, made.inputs) == (True, [])
        assert own_stack.engine.update(made.id, outs, made.inputs) == made.outs
        assert secrets.get_resource_policy(SecretId=made.id)["ResourcePolicy"] == made.outs["policy"]

    def test_a_replica_is_shown_and_left_alone_and_keeps_the_secret(
        self, own_stack: World, secrets: Any
    ) -> None:
        made = own_stack.made("Secret")
        secrets.replicate_secret_to_regions(SecretId=made.id, AddReplicaRegions=[{"Region": "eu-west-1"}])
        _, outs = own_stack.engine.read(made.id, made.outs)
        assert outs["replicas"] == ["eu-west-1"]
        assert own_stack.engine.diff(made.id, outs, made.inputs) == (False, [])
        told = own_stack.refusal(lambda: own_stack.engine.delete(made.id, outs))
        assert "remove-regions-from-replication" in told
        secrets.remove_regions_from_replication(SecretId=made.id, RemoveReplicaRegions=["eu-west-1"])
        assert own_stack.engine.read(made.id, outs) == (made.id, made.outs)

    def test_a_kms_key_is_taken_changed_back_and_taken_off_in_place(
        self, own_stack: World, secrets: Any
    ) -> None:
        def key() -> str | None:
            return secrets.describe_secret(SecretId=made.id).get("KmsKeyId") or None

        made = own_stack.objects["Secret"] = own_stack.create(
            "Secret", own_stack.inputs("Secret", kmsKeyId=KMS)
        )
        assert key() == KMS
        secrets.update_secret(SecretId=made.id, KmsKeyId="alias/by-hand")
        _, outs, inputs = own_stack.engine.read_whole(made.id, made.outs)
        assert outs["kmsKeyId"] == inputs["kmsKeyId"] == "alias/by-hand"
        assert own_stack.engine.diff(made.id, outs, made.inputs) == (True, [])
        assert own_stack.engine.update(made.id, outs, made.inputs) == made.outs
        assert key() == KMS
        secrets.update_secret(SecretId=made.id, KmsKeyId=KMS.rpartition("/")[2])
        assert own_stack.engine.read(made.id, made.outs)[1] == made.outs  # the same key, by its id
        plain = {name: value for name, value in made.inputs.items() if name != "kmsKeyId"}
        assert own_stack.engine.diff(made.id, made.outs, plain) == (True, [])
        assert "kmsKeyId" not in own_stack.engine.update(made.id, made.outs, plain)
        assert key() is None
