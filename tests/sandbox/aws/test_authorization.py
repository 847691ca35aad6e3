from __future__ import annotations

import json
from typing import Any

import pytest

from components.bot_host import read_key
from tests.sandbox.aws.world import World, client, refused

ASK = """
import json, os, urllib.request
base = os.environ["AWS_EC2_METADATA_SERVICE_ENDPOINT"] + "/latest/"
def ask(path, method="GET", **headers):
    request = urllib.request.Request(base + path, method=method, headers=headers)
    return urllib.request.urlopen(request, timeout=5).read().decode()
token = ask("api/token", "PUT", **{"X-aws-ec2-metadata-token-ttl-seconds": "60"})
def get(path):
    return ask("meta-data/" + path, **{"X-aws-ec2-metadata-token": token})
"""
CREDENTIALS = ASK + 'print(get("iam/security-credentials/" + get("iam/security-credentials/")))'


KMS_KEY = "arn:aws:kms:us-east-1:123456789012:key/0f8fad5b-d9cb-469f-a165-70867728950e"


def allow(action: str, resource: str, effect: str = "Allow") -> dict[str, Any]:
    return {"Effect": effect, "Action": action, "Resource": resource}


def as_host(aws: World, *statements: dict[str, Any]) -> Any:
    """A client of Secrets Manager with the credentials that a host's metadata service handed out."""
    instance, _ = aws.host(CREDENTIALS, *statements)
    handed = json.loads(aws.output(instance)["StandardOutputContent"])
    return secrets_client(aws, handed)


def secrets_client(aws: World, handed: dict[str, str], **changed: str) -> Any:
    credentials = {
        "aws_access_key_id": handed["AccessKeyId"],
        "aws_secret_access_key": handed["SecretAccessKey"],
        "aws_session_token": handed["Token"],
    }
    return client("secretsmanager", aws.url, **{**credentials, **changed})


@pytest.fixture
def arn(aws: World) -> str:
    return str(aws.secretsmanager.create_secret(Name="mine", SecretString="x")["ARN"])


class TestAHostReadsOnlyTheSecretItsRoleAllows:
    """A role that forgot its secret, or named every secret, must be seen here and not on AWS.

    https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access_iam-policies.html
    """

    def test_allowed_by_arn_and_nothing_beside_it(self, aws: World, arn: str) -> None:
        aws.secretsmanager.create_secret(Name="theirs", SecretString="y")
        host = as_host(aws, allow("secretsmanager:GetSecretValue", arn))
        assert host.get_secret_value(SecretId=arn)["SecretString"] == "x"
        assert host.get_secret_value(SecretId="mine")["SecretString"] == "x"
        with refused("AccessDeniedException") as messages:
            host.get_secret_value(SecretId="theirs")
        assert "assumed-role/host/i-" in messages[0]
        with refused("AccessDeniedException"):
            host.put_secret_value(SecretId=arn, SecretString="z")

    def test_without_a_statement_it_is_denied_and_with_a_deny_too(self, aws: World, arn: str) -> None:
        host = as_host(aws)
        with refused("AccessDeniedException"):
            host.get_secret_value(SecretId=arn)
        every = [allow("secretsmanager:*", "*"), allow("secretsmanager:GetSecretValue", arn, "Deny")]
        document = json.dumps({"Version": "2012-10-17", "Statement": every})
        aws.iam.put_role_policy(RoleName="host", PolicyName="more", PolicyDocument=document)
        with refused("AccessDeniedException") as messages:
            host.get_secret_value(SecretId=arn)
        assert "explicit deny" in messages[0]

    def test_a_condition_on_the_stage_is_heard(self, aws: World, arn: str) -> None:
        current_only = {
            **allow("secretsmanager:GetSecretValue", arn),
            "Condition": {"StringEquals": {"secretsmanager:VersionStage": "AWSCURRENT"}},
        }
        host = as_host(aws, current_only)
        assert host.get_secret_value(SecretId=arn)["SecretString"] == "x"
        with refused("AccessDeniedException"):
            host.get_secret_value(SecretId=arn, VersionStage="AWSPENDING")

    def test_it_learns_its_own_name(self, aws: World) -> None:
        instance, _ = aws.host(CREDENTIALS)
        handed = json.loads(aws.output(instance)["StandardOutputContent"])
        sts = client(
            "sts",
            aws.url,
            aws_access_key_id=handed["AccessKeyId"],
            aws_secret_access_key=handed["SecretAccessKey"],
            aws_session_token=handed["Token"],
        )
        assert sts.get_caller_identity()["Arn"].endswith(f":assumed-role/host/{instance}")


class TestRequestsOfAHostAreReallySigned:
    """The host signs by hand, with the standard library; a wrong signature has to fail here.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-signing-elements.html
    """

    def test_another_secret_key_or_no_token_is_refused(self, aws: World, arn: str) -> None:
        instance, _ = aws.host(CREDENTIALS, allow("secretsmanager:GetSecretValue", arn))
        handed = json.loads(aws.output(instance)["StandardOutputContent"])
        assert secrets_client(aws, handed).get_secret_value(SecretId=arn)
        with refused("InvalidSignatureException"):
            secrets_client(aws, handed, aws_secret_access_key="guessed").get_secret_value(SecretId=arn)
        with refused("UnrecognizedClientException"):
            secrets_client(aws, handed, aws_session_token="guessed").get_secret_value(SecretId=arn)

    def test_expired_credentials_are_refused(self, aws: World, arn: str) -> None:
        host = as_host(aws, allow("secretsmanager:GetSecretValue", arn))
        aws.forward(7 * 3600)
        with refused("ExpiredTokenException"):
            host.get_secret_value(SecretId=arn)

    def test_the_credentials_of_a_deleted_role_are_refused(self, aws: World, arn: str) -> None:
        host = as_host(aws, allow("secretsmanager:GetSecretValue", arn))
        aws.iam.delete_role_policy(RoleName="host", PolicyName="rights")
        aws.iam.remove_role_from_instance_profile(InstanceProfileName="host", RoleName="host")
        aws.iam.delete_role(RoleName="host")
        with refused("UnrecognizedClientException"):
            host.get_secret_value(SecretId=arn)


class TestASecretsPolicyIsHeard:
    """https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access_resource-policies.html"""

    def test_a_deny_for_all_but_some_binds_deployer_and_host(self, aws: World, arn: str) -> None:
        host = as_host(aws, allow("secretsmanager:GetSecretValue", arn))
        role = aws.iam.get_role(RoleName="host")["Role"]["Arn"]
        self._deny_all_but(aws, arn, role)
        assert host.get_secret_value(SecretId=arn)["SecretString"] == "x"
        with refused("AccessDeniedException") as messages:
            aws.secretsmanager.get_secret_value(SecretId=arn)
        assert "resource-based policy" in messages[0]
        self._deny_all_but(aws, arn, aws.sts.get_caller_identity()["Arn"])
        assert aws.secretsmanager.get_secret_value(SecretId=arn)["SecretString"] == "x"
        with refused("AccessDeniedException"):
            host.get_secret_value(SecretId=arn)

    def _deny_all_but(self, aws: World, arn: str, principal: str) -> None:
        statement = {
            **allow("secretsmanager:GetSecretValue", "*", "Deny"),
            "Principal": "*",
            "Condition": {"ArnNotLike": {"aws:PrincipalArn": [principal]}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        aws.secretsmanager.put_resource_policy(SecretId=arn, ResourcePolicy=policy, BlockPublicPolicy=True)

    @pytest.mark.parametrize(
        ("exempt", "let_in"),
        [
            ("arn:aws:iam::123456789012:user/deployer", True),
            ("arn:aws:iam::123456789012:user/*", True),
            ("arn:aws:iam::*:user/deploye?", True),
            ("arn:aws:iam::123456789012:user/people/deployer", False),
            ("arn:aws:iam::*/deployer", False),
            ("*", False),
        ],
    )
    def test_an_arn_is_compared_part_by_part(self, aws: World, arn: str, exempt: str, let_in: bool) -> None:
        """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html"""
        self._deny_all_but(aws, arn, exempt)
        if let_in:
            assert aws.secretsmanager.get_secret_value(SecretId=arn)
        else:
            with refused("AccessDeniedException"):
                aws.secretsmanager.get_secret_value(SecretId=arn)

    def test_policies_that_aws_would_not_take(self, aws: World, arn: str) -> None:
        put = aws.secretsmanager.put_resource_policy
        with refused("MalformedPolicyDocumentException"):
            put(SecretId=arn, ResourcePolicy="{")
        public = {**allow("secretsmanager:GetSecretValue", "*"), "Principal": "*"}
        with refused("PublicPolicyException"):
            put(SecretId=arn, ResourcePolicy=json.dumps({"Statement": public}), BlockPublicPolicy=True)
        stranger = {**public, "Principal": {"AWS": "arn:aws:iam::123456789012:role/nobody"}}
        with refused("MalformedPolicyDocumentException"):
            put(SecretId=arn, ResourcePolicy=json.dumps({"Statement": [stranger]}))
        validated = aws.secretsmanager.validate_resource_policy(
            ResourcePolicy=json.dumps({"Statement": public})
        )
        assert not validated["PolicyValidationPassed"]

    def test_one_that_denies_its_caller_the_next_is_refused(self, aws: World, arn: str) -> None:
        """https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ValidateResourcePolicy.html"""
        everything = {**allow("secretsmanager:*", "*", "Deny"), "Principal": "*"}
        text = json.dumps({"Version": "2012-10-17", "Statement": [everything]})
        with refused("MalformedPolicyDocumentException"):
            aws.secretsmanager.put_resource_policy(SecretId=arn, ResourcePolicy=text, BlockPublicPolicy=True)
        assert "ResourcePolicy" not in aws.secretsmanager.get_resource_policy(SecretId=arn)


class TestAKeyOfOnesOwnNeedsRightsOfItsOwn:
    """A host whose role could read the secret and not use its key had no trading key at all.

    https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html
    """

    def test_a_host_decrypts_with_the_very_right_that_its_stack_gives_it(self, aws: World) -> None:
        made = aws.secretsmanager.create_secret(Name="mine", SecretString="x", KmsKeyId=KMS_KEY)
        for_another = read_key(made["ARN"].replace("mine", "other"), KMS_KEY)["Statement"][1]
        host = as_host(aws, allow("secretsmanager:GetSecretValue", made["ARN"]), for_another)
        with refused("AccessDeniedException") as messages:
            host.get_secret_value(SecretId="mine")
        assert messages == ["Access to KMS is not allowed"]
        document = json.dumps(read_key(made["ARN"], KMS_KEY))
        aws.iam.put_role_policy(RoleName="host", PolicyName="read-key", PolicyDocument=document)
        assert host.get_secret_value(SecretId="mine")["SecretString"] == "x"
        assert aws.secretsmanager.get_secret_value(SecretId="mine")["SecretString"] == "x"


class TestARoleIsAssumed:
    """A second principal is needed to see what a secret's policy keeps from it.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
    """

    def test_its_credentials_are_the_roles_and_its_arn_has_no_path(self, aws: World, arn: str) -> None:
        trust = allow("sts:AssumeRole", "*") | {
            "Principal": {"AWS": aws.sts.get_caller_identity()["Account"]}
        }
        del trust["Resource"]
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        role = aws.iam.create_role(RoleName="ops", Path="/a/b/", AssumeRolePolicyDocument=document)["Role"]
        handed = aws.sts.assume_role(RoleArn=role["Arn"], RoleSessionName="me")["Credentials"]
        ops = secrets_client(aws, {**handed, "Token": handed["SessionToken"]})
        with refused("AccessDeniedException") as messages:
            ops.get_secret_value(SecretId=arn)
        assert ":assumed-role/ops/me is not authorized" in messages[0]
        every = [allow("secretsmanager:*", "*")]
        rights = json.dumps({"Version": "2012-10-17", "Statement": every})
        aws.iam.put_role_policy(RoleName="ops", PolicyName="all", PolicyDocument=rights)
        assert ops.get_secret_value(SecretId=arn)["SecretString"] == "x"

    def test_only_where_its_trust_policy_lets_the_account_in(self, aws: World) -> None:
        aws.profile()
        role = aws.iam.get_role(RoleName="host")["Role"]["Arn"]
        with refused("AccessDenied"):
            aws.sts.assume_role(RoleArn=role, RoleSessionName="me")


class TestSimulation:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html"""

    def test_a_role_is_judged_by_its_policies_and_the_deployer_may_all(self, aws: World) -> None:
        aws.profile(allow("s3:Get*", "arn:aws:s3:::mine/*"))
        role = aws.iam.get_role(RoleName="host")["Role"]["Arn"]
        answer = aws.iam.simulate_principal_policy(
            PolicySourceArn=role,
            ActionNames=["s3:GetObject", "s3:PutObject"],
            ResourceArns=["arn:aws:s3:::mine/x"],
        )
        verdicts = {row["EvalActionName"]: row["EvalDecision"] for row in answer["EvaluationResults"]}
        assert verdicts == {"s3:GetObject": "allowed", "s3:PutObject": "implicitDeny"}
        deployer = aws.sts.get_caller_identity()["Arn"]
        answer = aws.iam.simulate_principal_policy(PolicySourceArn=deployer, ActionNames=["ec2:RunInstances"])
        assert answer["EvaluationResults"][0]["EvalDecision"] == "allowed"

    def test_a_session_is_no_source(self, aws: World) -> None:
        session = "arn:aws:sts::123456789012:assumed-role/host/i-1"
        with refused("InvalidInput"):
            aws.iam.simulate_principal_policy(PolicySourceArn=session, ActionNames=["ec2:RunInstances"])


class TestMetadataNeedsAToken:
    """A probe that forgot the token works with version 1 and fails on every host of ours.

    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-v2-how-it-works.html
    """

    def test_with_the_token_it_tells_who_the_host_is(self, aws: World) -> None:
        program = ASK + 'print(get("instance-id"), get("public-ipv4"), get("placement/region"))'
        instance, address = aws.host(program)
        assert aws.output(instance)["StandardOutputContent"] == f"{instance} {address} us-east-1\n"

    @pytest.mark.parametrize(
        ("headers", "status"), [("{}", 401), ("{'X-aws-ec2-metadata-token': 'guessed'}", 401)]
    )
    def test_without_it_nothing_is_told(self, aws: World, headers: str, status: int) -> None:
        program = ASK + (
            f"try:\n    ask('meta-data/instance-id', **{headers})\n"
            "except urllib.error.HTTPError as error:\n    print(error.code)\n"
        )
        instance, _ = aws.host(program)
        assert aws.output(instance)["StandardOutputContent"] == f"{status}\n"

    def test_a_host_without_a_profile_has_no_credentials(self, aws: World) -> None:
        program = ASK + (
            "try:\n    get('iam/security-credentials/')\nexcept urllib.error.HTTPError as error:\n"
            "    print(error.code)\n"
        )
        instance, _ = aws.host(program)
        aws.iam.remove_role_from_instance_profile(InstanceProfileName="host", RoleName="host")
        assert aws.output(instance)["StandardOutputContent"] == "404\n"


class TestNamesOfRolesAreUnique:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""

    def test_without_regard_to_case_and_not_too_long(self, aws: World) -> None:
        aws.iam.create_role(RoleName="Host", AssumeRolePolicyDocument="{}")
        with refused("EntityAlreadyExists"):
            aws.iam.create_role(RoleName="host", AssumeRolePolicyDocument="{}")
        with refused("ValidationError"):
            aws.iam.create_role(RoleName="x" * 65, AssumeRolePolicyDocument="{}")
