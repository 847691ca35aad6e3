"""commands/deployer_policy.py: the policies as they are printed and documented."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore import xform_name

from commands.deployer_policy import LIMIT, Scope, deployer_policies, main, size
from providers.aws.permissions import ACTIONS, ARNS, MAKING

DOCS = Path(__file__).resolve().parents[2] / "docs"
WHOLE = Scope(account="111122223333")
LONG = Scope(account="111122223333", project="p" * 60, stack="s" * 60)


def statements(documents: list[dict[str, Any]], action: str) -> list[dict[str, Any]]:
    """The statements that hold an action."""
    return [one for document in documents for one in document["Statement"] if action in one["Action"]]


class TestThePolicyIsNarrow:
    """Whoever steals a deployer's credentials has what this policy gives."""

    def test_nothing_is_changed_without_a_condition_or_a_name(self) -> None:
        looks = re.compile(r"[a-z0-9]+:(Decode|Describe|Get|List|Simulate)")
        for document in deployer_policies(WHOLE, release=True):
            for one in document["Statement"]:
                if one["Resource"] == "*":
                    assert {a for a in one["Action"] if not looks.match(a)} <= {"ssm:CancelCommand"}

    def test_a_foreign_object_cannot_be_tagged_into_ownership(self) -> None:
        for one in statements(deployer_policies(WHOLE), "ec2:CreateTags"):
            condition = one["Condition"]
            at_creation = "ec2:CreateAction" in condition.get("StringEquals", {})
            ours = "aws:ResourceTag/cexio-bot:owner" in condition["StringLike"]
            but = condition.get("ForAllValues:StringNotEquals", {}).get("aws:TagKeys", [])
            assert at_creation or (ours and "cexio-bot:owner" in but)

    def test_one_of_ours_that_is_brought_can_go_over_to_another_name_of_the_host_and_to_no_other_stack(
        self,
    ) -> None:
        brought = Scope(account="111122223333", stack="live", allocation_id="eipalloc-0a")
        [one] = [
            one
            for one in statements(deployer_policies(brought), "ec2:CreateTags")
            if one["Condition"].get("ForAllValues:StringEquals") == {"aws:TagKeys": ["cexio-bot:owner"]}
        ]
        assert (one["Action"], one["Resource"]) == (
            ["ec2:CreateTags"],
            ["arn:aws:ec2:us-east-1:111122223333:elastic-ip/eipalloc-0a"],
        )
        assert one["Condition"]["StringLike"] == {
            "aws:RequestTag/cexio-bot:owner": "cexio-bot/live/*",
            "aws:ResourceTag/cexio-bot:owner": "cexio-bot/live/*",
        }

    def test_the_address_can_be_released_only_if_that_was_asked_for(self) -> None:
        assert not statements(deployer_policies(WHOLE), "ec2:ReleaseAddress")
        assert statements(deployer_policies(WHOLE, release=True), "ec2:ReleaseAddress")

    def test_one_stack_can_be_kept_from_all_others(self) -> None:
        text = json.dumps(deployer_policies(Scope(account="111122223333", stack="live")))
        assert "cexio-bot/live/*" in text
        assert "role/cexio-bot-live-*" in text
        assert '"cexio-bot/*"' not in text

    def test_who_only_looks_changes_nothing_and_reads_no_secret(self) -> None:
        text = json.dumps(deployer_policies(WHOLE, read_only=True))
        for word in ("Create", "Delete", "Put", "Run", "GetSecretValue", "SendCommand", "PassRole"):
            assert f":{word}" not in text

    def test_what_is_brought_along_is_named(self) -> None:
        brought = Scope(
            account="111122223333",
            allocation_id="eipalloc-0a",
            subnet_id="subnet-0b",
            vpc_id="vpc-0c",
            kms_key="arn:aws:kms:us-east-1:111122223333:key/1",
        )
        documents = deployer_policies(brought)
        text = json.dumps(documents)
        for part in ("elastic-ip/eipalloc-0a", "subnet/subnet-0b", "vpc/vpc-0c"):
            assert f"arn:aws:ec2:us-east-1:111122223333:{part}" in text
        assert statements(documents, "kms:Decrypt")[0]["Condition"]["StringEquals"]["kms:ViaService"]


class TestThePolicyCanBeUsed:
    """IAM takes 6,144 characters; a policy that grew beyond them would be found out by the user."""

    @pytest.mark.parametrize(
        "scope", [WHOLE, Scope(account="111122223333", project="p" * 60, stack="s" * 60)]
    )
    def test_every_document_is_within_iams_limit(self, scope: Scope) -> None:
        assert all(size(document) <= LIMIT for document in deployer_policies(scope, release=True))

    def test_the_usual_one_is_a_single_document(self) -> None:
        assert len(deployer_policies(WHOLE)) == 1

    def test_the_documented_one_is_the_one_that_is_printed(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["--account", "111122223333"]) == 0
        assert capsys.readouterr().out == (DOCS / "deployer-policy.json").read_text()

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (["--account", "12"], "--account must be the account's id, 12 digits"),
            (["--account", "1" * 12, "--region", "nowhere"], "--region must be a region"),
            (["--account", "1" * 12, "--deployer", "role/cexio-bot-deployer"], "it could change itself"),
        ],
    )
    def test_a_wrong_word_is_one_line(
        self, words: list[str], said: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main(words) == 1
        told = capsys.readouterr().err
        assert said in told
        assert told.count("\n") == 1


SERVICES = {"service-quotas": "servicequotas"} | {
    name: name for name in ("ec2", "iam", "secretsmanager", "ssm", "sts")
}
NOT_OF_A_STACK = {
    "authorize_security_group_ingress": "no stack of this program opens a port; one of somebody's own may",
    "attach_role_policy": "no stack of this program attaches a managed policy; one of somebody's own may",
    "get_caller_identity": "AWS allows it to everybody",
}


class TestTheTable:
    """The policy, preflight and the sandbox's judgement all come from it."""

    def test_every_call_in_the_code_is_in_it(self) -> None:
        """A call on a rare path, such as reading EC2's refusal, is made in no run that a test watches."""
        folders = (DOCS.parent / "providers", DOCS.parent / "commands")
        text = "".join(file.read_text() for folder in folders for file in folder.rglob("*.py"))
        names = set(re.findall(r"(?:\.|\")([a-z]+(?:_[a-z0-9]+)+)\b", text))
        actions: dict[str, set[str]] = {}
        session = botocore.session.get_session()
        for service, prefix in SERVICES.items():
            for operation in session.get_service_model(service).operation_names:
                actions.setdefault(xform_name(operation), set()).add(f"{prefix}:{operation}")
        made = names & actions.keys()
        assert {name for name in made if not actions[name] & ACTIONS.keys()} == set(NOT_OF_A_STACK)
        called = {action for name in made for action in actions[name]}
        assert set(ACTIONS) - called == {"iam:PassRole"}  # asked for beside a call, and none of its own

    def test_every_resource_has_its_arn(self) -> None:
        assert {kind for grants in ACTIONS.values() for kind in grants} == set(ARNS)

    def test_what_preflight_asks_about_is_in_it(self) -> None:
        assert {action for actions in MAKING.values() for action in actions} <= set(ACTIONS)
