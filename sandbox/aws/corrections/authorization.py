"""An instance's role may do what its policies allow, and a secret's own policy is heard.

moto lets anybody read anything. Here the credentials that an instance's metadata service handed out stand for
its role: known, unexpired, the request really signed with them, and each call checked against the role's
policies. Any other access key stands for the deployer, who may do all that a secret's policy does not deny,
unless policies of his own bind him (sandbox/aws/held_deployer.py).
https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timezone
from types import MappingProxyType
from typing import Any, NamedTuple, NoReturn

from moto.core.responses import ActionResult
from moto.secretsmanager.models import secretsmanager_backends

from sandbox.aws import request_signature
from sandbox.aws.cloud import ACCOUNT, DEPLOYER, REGION, RoleSession, role_documents
from sandbox.aws.corrections.call import Call, SecretsCall, StsCall
from sandbox.aws.held_deployer import bound_by
from sandbox.aws.policy_evaluation import Context, Decision, decide

ROLE_KEY_PREFIX = "ASIA"
DENIED = {"ec2": "UnauthorizedOperation", "iam": "AccessDenied", "sts": "AccessDenied"}
BAD_KEY = {"ec2": "AuthFailure", "iam": "InvalidClientTokenId", "sts": "InvalidClientTokenId"}
EXPIRED = {"ec2": "RequestExpired", "iam": "ExpiredToken", "sts": "ExpiredToken"}
MANAGED_KEY = "alias/aws/secretsmanager"
PREFIXES = {"service-quotas": "servicequotas"}  # of IAM's actions, where that is not the service's name
FREE_FOR_ALL = frozenset(("sts:GetCallerIdentity",))


class Asked(NamedTuple):
    """One action on one resource. policies: those on the resource itself."""

    action: str
    resource: str
    context: Context = MappingProxyType({})
    policies: tuple[str, ...] = ()


class Authorization(Call):
    """Comes first in every service."""

    def admit(self) -> None:
        session = self._session()
        action = f"{PREFIXES.get(self.service_name, self.service_name)}:{self._get_action()}"
        if action not in FREE_FOR_ALL:
            for asked in self._asked(action):
                self._authorize(session, asked)
        super().admit()

    def _authorize(self, session: RoleSession | None, asked: Asked) -> None:
        caller = session.arn if session else DEPLOYER
        identity, on_resource = self._decide(session, asked)
        if Decision.EXPLICIT_DENY in (identity, on_resource):
            kind = "identity" if identity is Decision.EXPLICIT_DENY else "resource"
            self._deny(caller, asked, f"with an explicit deny in a {kind}-based policy")
        if Decision.ALLOWED not in (identity, on_resource):
            self._deny(caller, asked, f"because no identity-based policy allows the {asked.action} action")

    def _decide(self, session: RoleSession | None, asked: Asked) -> tuple[Decision, Decision]:
        """What the caller's own policies say, and what those on the resource say to the caller."""
        role = self.cloud.role_named(session.role_name) if session else None
        signed = self.headers.get("Authorization", "")
        documents = role_documents(role) if role else bound_by(self.cloud, signed)
        arn = role.arn if role else DEPLOYER
        context = {
            "aws:PrincipalArn": arn,
            "aws:PrincipalAccount": ACCOUNT,
            "aws:PrincipalType": "AssumedRole" if session else "User",
            "aws:RequestedRegion": REGION,
            "aws:SecureTransport": "true",
            "aws:SourceIp": str(self.normalized_request.remote_addr),
            **asked.context,
        }
        identity = Decision.ALLOWED
        if documents is not None:
            identity = decide(documents, asked.action, asked.resource, context)
        principals = frozenset(
            {arn, ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root"} | ({session.arn} if session else set())
        )
        return identity, decide(asked.policies, asked.action, asked.resource, context, principals)

    def _session(self) -> RoleSession | None:
        """The role session whose credentials the request carries; None for the deployer."""
        key = self.access_key or ""
        if not key.startswith(ROLE_KEY_PREFIX):
            return None
        service = str(self.service_name)
        session = self.cloud.sessions.get(key)
        if session is None or self.cloud.role_named(session.role_name) is None:
            session = None
        if session is None or self.headers.get("X-Amz-Security-Token") != session.token:
            code = BAD_KEY.get(service, "UnrecognizedClientException")
            self.refuse(code, "The security token included in the request is invalid.")
        if session.expires_at <= self.cloud.clock.now():
            code = EXPIRED.get(service, "ExpiredTokenException")
            self.refuse(code, "The security token included in the request is expired")
        request = self.normalized_request
        body = request.environ["sandbox.body"]
        fault = request_signature.fault(request.method, request.url, self.headers, body, session.secret_key)
        if fault is not None:
            code = "InvalidSignatureException" if service not in BAD_KEY else "SignatureDoesNotMatch"
            self.refuse(code, fault)
        return session

    def _asked(self, action: str) -> Iterator[Asked]:
        """What must be allowed for the call to pass."""
        yield Asked(action, "*")

    def _deny(self, caller: str, asked: Asked, reason: str) -> NoReturn:
        code = DENIED.get(str(self.service_name), "AccessDeniedException")
        action, resource = asked.action, asked.resource
        self.refuse(
            code, f"User: {caller} is not authorized to perform: {action} on resource: {resource} {reason}"
        )


class SecretAuthorization(Authorization, SecretsCall):
    """Calls that name a secret are about its ARN, its policy counts, and so does a KMS key of one's own.

    https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html
    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ValidateResourcePolicy.html
    That PutResourcePolicy with BlockPublicPolicy refuses what locks its caller out is taken from there; its
    code is nowhere told.
    """

    def _authorize(self, session: RoleSession | None, asked: Asked) -> None:
        super()._authorize(session, asked)
        self._authorize_key(session, asked.action.partition(":")[2])

    def _authorize_key(self, session: RoleSession | None, call: str) -> None:
        """A caller uses the secret's KMS key with rights of its own; the AWS managed key is everybody's."""
        secret = secretsmanager_backends[ACCOUNT][REGION].secrets.get(self._get_param("SecretId") or "")
        key = str(getattr(secret, "kms_key_id", None) or "")
        use = {"GetSecretValue": "kms:Decrypt", "PutSecretValue": "kms:GenerateDataKey"}.get(call)
        if use is None or key in ("", MANAGED_KEY):
            return
        conditions = {
            "kms:ViaService": f"secretsmanager.{REGION}.amazonaws.com",
            "kms:EncryptionContext:SecretARN": str(getattr(secret, "arn", "")),
        }
        arn = key if key.startswith("arn:") else f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{key}"
        if self._decide(session, Asked(use, arn, conditions))[0] is not Decision.ALLOWED:
            self.refuse("AccessDeniedException", "Access to KMS is not allowed")

    def put_resource_policy(self) -> Any:
        text, session = str(self._get_param("ResourcePolicy") or ""), self._session()
        asked = next(self._asked("secretsmanager:PutResourcePolicy"))
        try:
            said = self._decide(session, asked._replace(policies=(text,)))[1]
        except (ValueError, AttributeError):
            said = Decision.IMPLICIT_DENY  # malformed: SecretPolicies says so
        if said is Decision.EXPLICIT_DENY and self._get_param("BlockPublicPolicy") is True:
            self.refuse("MalformedPolicyDocumentException", "This resource policy locks out its caller.")
        return super().put_resource_policy()

    def _asked(self, action: str) -> Iterator[Asked]:
        name = self._get_param("SecretId") or self._get_param("Name")
        secret = secretsmanager_backends[ACCOUNT][REGION].secrets.get(name) if name else None
        arn = secret.arn if secret else f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{name}-AbCdEf"
        policies = [secret.policy] if secret and secret.policy else []
        yield Asked(action, arn if name else "*", self._conditions(arn), tuple(policies))

    def _conditions(self, arn: str) -> dict[str, str]:
        stage = self._get_param("VersionStage")
        if self._get_action() == "GetSecretValue" and not stage and not self._get_param("VersionId"):
            stage = "AWSCURRENT"
        told = {
            "secretsmanager:SecretId": arn,
            "secretsmanager:VersionStage": stage,
            "secretsmanager:VersionId": self._get_param("VersionId"),
            "secretsmanager:BlockPublicPolicy": str(bool(self._get_param("BlockPublicPolicy"))).lower(),
        }
        return {key: value for key, value in told.items() if value}

    def batch_get_secret_value(self) -> Any:
        """Each secret is asked for by itself on AWS; a list of them is more than the sandbox checks."""
        self.refuse("InvalidRequestException", "the sandbox does not answer BatchGetSecretValue")


class StsIdentity(Authorization, StsCall):
    """Names the role of a session, and one user for everybody else; lets a role be assumed.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
    """

    def assume_role(self) -> Any:
        """Credentials for a role whose trust policy lets the account's deployer in; moto's are nobody's."""
        arn, name = str(self._get_param("RoleArn")), str(self._get_param("RoleSessionName"))
        role = next((role for role in self.cloud.iam.roles.values() if role.arn == arn), None)
        if role is None:
            self._deny(DEPLOYER, Asked("sts:AssumeRole", arn), "because there is no such role")
        trusted = decide(
            [_with_resource(role.assume_role_policy_document)],
            "sts:AssumeRole",
            arn,
            {"aws:PrincipalArn": DEPLOYER, "aws:PrincipalAccount": ACCOUNT},
            frozenset({DEPLOYER, ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root"}),
        )
        if trusted is not Decision.ALLOWED:
            self._deny(DEPLOYER, Asked("sts:AssumeRole", arn), "because its trust policy does not allow it")
        session = self.cloud.open_session(role.name, name)
        expires = datetime.fromtimestamp(session.expires_at, timezone.utc)
        return ActionResult(
            {
                "Credentials": {
                    "AccessKeyId": session.access_key_id,
                    "SecretAccessKey": session.secret_key,
                    "SessionToken": session.token,
                    "Expiration": expires,
                },
                "AssumedRoleUser": {"AssumedRoleId": f"{role.id}:{name}", "Arn": session.arn},
            }
        )

    def get_caller_identity(self) -> Any:
        session = self.cloud.sessions.get(self.access_key or "")
        if session is None:
            return ActionResult({"UserId": "AIDASANDBOXDEPLOYER0", "Account": ACCOUNT, "Arn": DEPLOYER})
        role = self.cloud.role_named(session.role_name)
        user_id = f"{role.id if role else ''}:{session.instance_id}"
        return ActionResult({"UserId": user_id, "Account": ACCOUNT, "Arn": session.arn})


def _with_resource(trust: str) -> str:
    """A trust policy with the resource that it means: the role itself."""
    document = json.loads(trust)
    given = document.get("Statement", [])
    statements = given if isinstance(given, list) else [given]
    return json.dumps({"Statement": [{**statement, "Resource": "*"} for statement in statements]})
