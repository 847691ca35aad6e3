"""caller.py against the sandbox's STS and IAM, through clients of one principal and of another."""

from __future__ import annotations

import json
from typing import Any

import pytest

from providers.aws import caller as module
from providers.aws.caller import Caller, caller
from providers.endpoints import Endpoints
from tests.providers.sandbox_processes import Aws

ACCOUNT = "123456789012"
TRUST = json.dumps(
    {"Statement": [{"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}]}
)


def endpoints(aws: Aws, region: str = "us-east-1") -> Endpoints:
    return Endpoints(sandbox=True, region=region, aws=aws.url, cexio="http://127.0.0.1:9")


@pytest.fixture(autouse=True)
def _asked_anew() -> None:
    caller.cache_clear()


def assume(aws: Aws, monkeypatch: pytest.MonkeyPatch, name: str, *actions: str) -> str:
    """Let `caller` ask as a session of a new role with these rights; the role's ARN."""
    iam = aws.client("iam")
    arn = str(
        iam.create_role(RoleName=name, Path="/teams/bots/", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    )
    if actions:
        rights = {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}],
        }
        iam.put_role_policy(RoleName=name, PolicyName="rights", PolicyDocument=json.dumps(rights))
    handed = aws.client("sts").assume_role(RoleArn=arn, RoleSessionName="someone")["Credentials"]
    monkeypatch.setattr(module.session, "client", lambda service, _: aws.client(service, handed))
    return arn


class TestThePrincipalBehindTheCredentials:
    """A session's ARN put into a secret's policy matches nobody, and everybody is locked out."""

    def test_a_user_is_itself(self, aws: Aws) -> None:
        deployer = f"arn:aws:iam::{ACCOUNT}:user/deployer"
        assert caller(endpoints(aws)) == Caller(ACCOUNT, deployer, deployer)
        assert caller(endpoints(aws)).name == "deployer"

    def test_a_session_is_its_role_with_the_roles_path(
        self, aws: Aws, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        role = assume(aws, monkeypatch, "told", "iam:GetRole")
        found = caller(endpoints(aws))
        assert found.arn == f"arn:aws:sts::{ACCOUNT}:assumed-role/told/someone"
        assert (found.principal_arn, found.exact, found.name) == (role, True, "told")
        assert role.endswith(":role/teams/bots/told")

    def test_where_iam_does_not_tell_the_path_it_is_said_to_be_a_guess(
        self, aws: Aws, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assume(aws, monkeypatch, "untold")
        found = caller(endpoints(aws))
        assert (found.principal_arn, found.exact) == (f"arn:aws:iam::{ACCOUNT}:role/untold", False)

    @pytest.mark.parametrize(
        ("arn", "root"),
        [
            (f"arn:aws:iam::{ACCOUNT}:root", True),
            (f"arn:aws:sts::{ACCOUNT}:federated-user/x", False),
            (f"arn:aws-cn:iam::{ACCOUNT}:user/people/x", False),
        ],
    )
    def test_every_other_kind_is_itself_and_root_is_known(self, arn: str, root: bool) -> None:
        assert Caller(ACCOUNT, arn, arn).is_root is root


class TestAskedOnce:
    """What is asked before every object would be throttled when fifty hosts are deployed."""

    def test_a_process_asks_once_for_each_place(self, aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
        asked: list[str] = []

        def counted(service: str, _: Endpoints) -> Any:
            asked.append(service)
            return aws.client(service)

        monkeypatch.setattr(module.session, "client", counted)
        assert caller(endpoints(aws)) == caller(endpoints(aws)) == caller(endpoints(aws, "eu-west-1"))
        assert asked == ["sts", "sts"]
