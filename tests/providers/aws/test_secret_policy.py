"""secret_policy.py: what the policy says, and when two of them say the same."""

from __future__ import annotations

import json
from typing import Any

import pytest

from providers.aws.secret_policy import VALUE_CALLS, closed_to_all_but, is_closed, says_the_same

ARN = "arn:aws-us-gov:secretsmanager:us-gov-west-1:123456789012:secret:bot-key.x-AbCdEf"
CI = "arn:aws-us-gov:iam::123456789012:role/ci"
TEXT = closed_to_all_but(ARN, "host", [CI])


def changed(**elements: Any) -> str:
    policy = json.loads(TEXT)
    policy["Statement"][0] |= elements
    return json.dumps(policy)


class TestDocument:
    """A policy that denies its own mending is one that only AWS's support can take away."""

    def test_the_host_of_the_secrets_account_and_the_deployers_are_exempt(self) -> None:
        [statement] = json.loads(TEXT)["Statement"]
        assert statement["Condition"]["ArnNotLike"]["aws:PrincipalArn"] == [
            "arn:aws-us-gov:iam::123456789012:role/host",
            CI,
        ]

    def test_it_denies_the_value_and_never_what_mends_a_lock_out(self) -> None:
        denied = {action.partition(":")[2] for action in VALUE_CALLS}
        assert denied >= {
            "GetSecretValue",
            "PutSecretValue",
            "UpdateSecret",
            "UpdateSecretVersionStage",
            "ReplicateSecretToRegions",
        }
        mending = {f"{verb}ResourcePolicy" for verb in ("Get", "Put", "Delete")}
        assert not denied & (mending | {"DescribeSecret", "DeleteSecret", "RestoreSecret", "TagResource"})

    def test_the_order_of_the_deployers_makes_no_other_text(self) -> None:
        assert closed_to_all_but(ARN, "host", ["b", "a"]) == closed_to_all_but(ARN, "host", ["a", "b", "a"])


class TestForm:
    """AWS gave a policy back in another form, and every run put it again, or waited for it in vain."""

    @pytest.mark.parametrize(
        "text",
        [
            json.dumps(json.loads(TEXT), indent=2),
            changed(Principal={"AWS": "*"}),
            changed(Principal={"AWS": ["*"]}),
            changed(Resource=["*"]),
            changed(Action=sorted(VALUE_CALLS, reverse=True)),
        ],
    )
    def test_the_same_in_another_form(self, text: str) -> None:
        assert says_the_same(text, TEXT)
        assert is_closed(text)

    @pytest.mark.parametrize(
        "text",
        [
            None,
            "{}",
            "[]",
            "no json",
            changed(Effect="Allow"),
            changed(Principal={"AWS": CI}),
            changed(Resource="arn:other"),
            changed(Action=["secretsmanager:GetSecretValue"]),
            changed(Condition={}),
            changed(Condition={"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/*"}}),
            changed(Condition={"ArnNotLike": {"aws:PrincipalArn": CI, "aws:SourceArn": CI}}),
            changed(
                Condition={"ArnNotLike": {"aws:PrincipalArn": CI}, "Bool": {"aws:SecureTransport": "true"}}
            ),
        ],
    )
    def test_what_lets_others_in_is_neither_the_same_nor_closed(self, text: str | None) -> None:
        assert not is_closed(text)
        assert text == "no json" or not says_the_same(text, TEXT)

    def test_one_deployer_alone_and_a_statement_more_are_closed_too(self) -> None:
        assert is_closed(changed(Condition={"ArnNotLike": {"aws:PrincipalArn": CI}}))
        policy = json.loads(TEXT)
        policy["Statement"].insert(0, {"Effect": "Allow", "Principal": {"AWS": CI}, "Action": "*"})
        assert is_closed(json.dumps(policy))
