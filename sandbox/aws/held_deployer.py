"""The policies that bind the deployer, once there are any.

The access key `sandbox`, which the providers use in a sandbox, is the user `deployer`'s. As long as IAM here
has no such user, it may do everything, like every other key. Make the user (CreateUser), give it policies,
and the providers are held to them, while other keys go on being the account's administrator.
"""

from __future__ import annotations

from typing import Any

from sandbox.aws.cloud import DEPLOYER, Cloud, role_documents

KEY = "sandbox"


def bound_by(cloud: Cloud, authorization: str) -> list[str] | None:
    """The policy documents that bind whoever signed a request; None for one who may do everything.

    moto itself knows only access keys of AWS's form, hence the header.
    """
    signed = f"Credential={KEY}/" in authorization
    return deployers_documents(cloud) if signed else None


def deployers_documents(cloud: Cloud) -> list[str] | None:
    """The policy documents of the user, as JSON texts; None where there is no such user."""
    user: Any = cloud.iam.users.get(DEPLOYER.rpartition("/")[2])
    return None if user is None else role_documents(user)
