"""providers/aws/strays.py: a machine that was changed by hand is told of, and nothing is done by itself."""

from __future__ import annotations

import base64
import gzip
from typing import Any

import pytest
from botocore.exceptions import ClientError

from providers.aws.ownership import INSTANCE, described
from providers.aws.strays import give_profile, is_protected, profile_of, refuse_strays, strays
from providers.errors import HostAltered
from tests.faults.drifts import Scene
from tests.providers.aws.world import World


def packed(text: str, level: int) -> str:
    content = base64.b64encode(gzip.compress(text.encode(), level, mtime=level)).decode()
    return f"#cloud-config\nwrite_files:\n- path: /x\n  content: {content}\n"


class Attributes:
    """An EC2 that tells of a machine what it is asked for."""

    def __init__(self, user_data: str) -> None:
        self.user_data = base64.b64encode(user_data.encode()).decode()

    def describe_instance_attribute(self, **_: Any) -> dict[str, Any]:
        return {"UserData": {"Value": self.user_data}}


class Refusing:
    """An EC2 that refuses to tell."""

    def __init__(self, code: str) -> None:
        self.code = code

    def describe_instance_attribute(self, **_: Any) -> dict[str, Any]:
        raise ClientError({"Error": {"Code": self.code, "Message": "no"}}, "DescribeInstanceAttribute")


def found(recorded: dict[str, Any], user_data: str = "#cloud-config\n", size: str = "t4g.micro") -> list[str]:
    ec2: Any = Attributes(user_data)
    return strays(ec2, {"InstanceId": "i-1", "InstanceType": size}, recorded)


class TestWhatCounts:
    """Another zlib on the deployer's machine looked like a hand in the host's user data."""

    def test_another_type_and_other_user_data(self) -> None:
        recorded = {"instanceType": "t4g.micro", "userData": "#cloud-config\n"}
        assert found(recorded) == []
        assert found(recorded, size="m7g.large") == ["type m7g.large, launched as t4g.micro"]
        assert found(recorded, "#!/bin/sh\n") == ["user data other than it was launched with"]

    def test_other_packing_of_the_same_is_the_same(self) -> None:
        assert packed("a" * 99, 1) != packed("a" * 99, 9)
        assert found({"userData": packed("a" * 99, 1)}, packed("a" * 99, 9)) == []

    def test_what_is_not_on_record_is_not_otherwise(self) -> None:
        assert found({}, "#!/bin/sh\n", "m7g.large") == []

    def test_all_of_it_is_told_in_one_line_with_both_ways_out(self) -> None:
        with pytest.raises(HostAltered) as refused:
            refuse_strays("i-1", ["type a, launched as b", "user data other than it was launched with"])
        text = str(refused.value)
        assert "type a, launched as b; user data other" in text
        assert "change it back (`aws ec2 stop-instances`" in text
        assert "`aws ec2 terminate-instances --instance-ids i-1`, then `pulumi up --refresh`" in text
        assert "\n" not in text

    def test_none_is_none(self) -> None:
        refuse_strays("i-1", [])


class TestAnEmulatorsGap:
    """A question that an emulator does not know made every read fail; a refusal was taken for "no"."""

    def asked(self, code: str) -> Any:
        ec2: Any = Refusing(code)
        return strays(ec2, {"InstanceId": "i-1", "InstanceType": "a"}, {"userData": "x"}), is_protected(
            ec2, "i-1"
        )

    def test_is_passed_over(self) -> None:
        assert self.asked("InvalidAction") == ([], False)

    def test_a_refusal_is_none(self) -> None:
        with pytest.raises(ClientError, match="UnauthorizedOperation"):
            self.asked("UnauthorizedOperation")


class TestOnAMachine:
    """`up` replaced a running host, an outage nobody had ordered, as its type had been changed by hand."""

    def test_it_is_shown_refused_and_over_when_it_is_changed_back(self, own_stack: World) -> None:
        made = own_stack.made("Instance")
        scene, engine = Scene(own_stack.aws, {"Instance": made.id}), own_stack.engine

        def typed(size: str) -> dict[str, Any]:
            scene.stop()
            scene.instance(InstanceType={"Value": size})
            scene.start()
            return engine.read_whole(made.id, made.outs)[1]

        seen = typed("t4g.large")
        assert seen["strays"] == ["type t4g.large, launched as t4g.micro"]
        assert seen["instanceType"] == "t4g.micro"
        assert engine.diff(made.id, seen, made.inputs) == (True, [])
        assert "t4g.large" in own_stack.refusal(lambda: engine.update(made.id, seen, made.inputs))
        assert typed("t4g.micro") == made.outs

    def test_protection_is_shown_and_is_no_change(self, own_stack: World) -> None:
        made = own_stack.made("Instance")
        scene = Scene(own_stack.aws, {"Instance": made.id})
        scene.instance(DisableApiTermination={"Value": True})
        seen = own_stack.engine.read_whole(made.id, made.outs)[1]
        assert seen == {**made.outs, "terminationProtection": True}
        assert own_stack.engine.diff(made.id, seen, made.inputs) == (False, [])
        scene.instance(DisableApiTermination={"Value": False})

    def test_a_profile_that_was_taken_off_is_given_back(self, own_stack: World) -> None:
        made, ec2 = own_stack.made("Instance"), own_stack.aws.client("ec2")

        def row() -> dict[str, Any]:
            return described(ec2, INSTANCE, made.id) or {}

        there = ec2.describe_iam_instance_profile_associations(
            Filters=[{"Name": "instance-id", "Values": [made.id]}]
        )["IamInstanceProfileAssociations"]
        ec2.disassociate_iam_instance_profile(AssociationId=there[0]["AssociationId"])
        assert profile_of(row()) == ""
        give_profile(ec2, made.id, made.inputs["instanceProfileName"])
        assert profile_of(row()) == made.inputs["instanceProfileName"]
