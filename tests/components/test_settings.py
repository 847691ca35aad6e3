"""components/settings.py: what a configuration may say, and how its faults are told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from components.settings import Settings, SettingsError, read_settings

ROOT = Path(__file__).resolve().parents[2]
GO_WITH = {
    "vpcId": {"subnetId": "subnet-0123456789abcdef0"},
    "subnetId": {"vpcId": "vpc-0123456789abcdef0"},
}
CANARY = "canary-5f0c1d7e9b"
NAMES = sorted(str(field.alias) for field in Settings.model_fields.values())


def read(config: dict[str, str], secrets: set[str] = frozenset()) -> Settings:  # type: ignore[assignment]
    return read_settings({f"cexio-bot:{name}": value for name, value in config.items()}, secrets.__contains__)


def faults(config: dict[str, str], secrets: set[str] = frozenset()) -> list[str]:  # type: ignore[assignment]
    with pytest.raises(SettingsError) as caught:
        read(config, secrets)
    return str(caught.value).splitlines()[1:]


class TestFaults:
    """An operator who mends one fault at a time, each after a failed run, gives up."""

    def test_all_faults_are_told_at_once_one_a_line(self) -> None:
        told = faults({"region": "moon", "reviewEvery": "soon", "pair": "bitcoin", "vpcCidr": "8.8.8.0/24"})
        assert [line.partition(": ")[0] for line in told] == [
            "cexio-bot:region",
            "cexio-bot:pair",
            "cexio-bot:reviewEvery",
            "cexio-bot:vpcCidr",
        ]

    @pytest.mark.parametrize("name", [name for name in NAMES if name != "tradingLimits"])
    def test_each_line_has_the_command_that_mends_it(self, name: str) -> None:
        [line] = faults({name: "\u2603"})
        assert f"pulumi config set cexio-bot:{name} " in line

    def test_the_example_of_a_setting_is_itself_accepted(self) -> None:
        for field in Settings.model_fields.values():
            [example] = field.examples or []
            if not any(word in example for word in ("ADDRESS", "FINGERPRINT", "PORT", "YYYY")):
                read(
                    GO_WITH.get(str(field.alias), {})
                    | {str(field.alias): example.removesuffix(" --plaintext").strip("'")}
                )

    def test_an_unknown_setting_is_named_with_the_command_that_removes_it(self) -> None:
        [line] = faults({"regoin": "us-east-1"})
        assert line == (
            "cexio-bot:regoin: there is no such setting: remove it with `pulumi config rm cexio-bot:regoin`"
        )

    def test_a_fault_inside_a_list_names_the_place(self) -> None:
        [line] = faults(
            {"extraAddresses": '[{"address": "1.1.1.1", "reason": "office"}, {"address": "8.8.8.8"}]'}
        )
        assert line.startswith("cexio-bot:extraAddresses (1.reason): ")

    @pytest.mark.parametrize(
        ("given", "says"),
        [
            ({"vpcId"}, ["cexio-bot:subnetId: ", "pulumi config set cexio-bot:subnetId"]),
            ({"subnetId"}, ["cexio-bot:vpcId: ", "pulumi config set cexio-bot:vpcId"]),
            ({"vpcId", "subnetId", "vpcCidr"}, ["cexio-bot:vpcCidr: vpcCidr is for", "remove it"]),
            (
                {"vpcId", "subnetId", "vpcCidr", "availabilityZone"},
                ["cexio-bot:availabilityZone: availabilityZone and vpcCidr are for", "remove them"],
            ),
        ],
    )
    def test_a_network_is_either_the_stacks_own_or_wholly_named(
        self, given: set[str], says: list[str]
    ) -> None:
        examples = {str(field.alias): (field.examples or [""])[0] for field in Settings.model_fields.values()}
        [line] = faults({name: examples[name] for name in given})
        assert all(text in line for text in says)

    def test_an_address_listed_twice_is_refused(self) -> None:
        row = '{"address": "1.1.1.1", "reason": "office"}'
        [line] = faults({"extraAddresses": f"[{row}, {row}]"})
        assert "twice" in line

    @given(st.dictionaries(st.sampled_from([*NAMES, "apiSecret", "key"]), st.text(max_size=30)))
    def test_any_configuration_is_settings_or_lines_that_name_their_setting(
        self, config: dict[str, str]
    ) -> None:
        told = ""
        try:
            read({name: f"{value}{CANARY}" for name, value in config.items()})
        except SettingsError as error:
            told = str(error)
        assert CANARY not in told
        assert all(line.startswith("cexio-bot:") for line in told.splitlines()[1:])


class TestSecretsInConfig:
    """A secret in Pulumi config lies in a file that is committed, in the state and in its history."""

    @pytest.mark.parametrize("name", ["apiSecret", "apiKey", "secret", "key", "CEXIO_API_SECRET", "password"])
    def test_a_setting_that_is_named_as_a_secret_is_refused_with_the_command_that_removes_it(
        self, name: str
    ) -> None:
        [line] = faults({name: CANARY})
        assert f"pulumi config rm cexio-bot:{name}" in line
        assert CANARY not in line

    def test_a_setting_that_is_stored_as_a_secret_is_refused_whatever_its_name(self) -> None:
        [line] = faults({"label": CANARY}, {"cexio-bot:label"})
        assert "pulumi config rm cexio-bot:label" in line
        assert CANARY not in line

    def test_a_secret_in_a_namespace_of_the_exchange_is_refused(self) -> None:
        with pytest.raises(SettingsError, match="pulumi config rm cexio:apiSecret"):
            read_settings({"cexio:apiSecret": CANARY}, lambda _key: False)

    def test_other_namespaces_are_none_of_our_business(self) -> None:
        read_settings({"aws:secretKey": "x", "other:apiKey": "x"}, lambda key: key == "aws:secretKey")


class TestSandboxAddresses:
    """A loopback address on a real whitelist would lock the bot out; in the sandbox nothing else exists."""

    def test_loopback_passes_under_sandbox_alone(self) -> None:
        extra = '[{"address": "127.9.8.7", "reason": "second host"}]'
        assert read({"sandbox": "true", "extraAddresses": extra}).extra_addresses[0].address == "127.9.8.7"
        [line] = faults({"extraAddresses": extra})
        assert "public" in line

    @pytest.mark.parametrize(
        "address", ["10.0.0.1", "192.168.1.1", "0.0.0.0", "1.2.3.0/24", "::1", "224.0.0.1"]
    )
    def test_what_the_exchange_can_never_see_is_refused(self, address: str) -> None:
        faults({"sandbox": "true", "releaseAddress": address})


class TestWords:
    """The settings' own texts: confirmations, architecture, empty values."""

    def test_a_confirmation_needs_fingerprint_and_day(self) -> None:
        [row] = read({"withdrawalConfirmed": "0123456789ab 2026-02-03"}).confirmations
        assert row == {"subject": "funds", "fingerprint": "0123456789ab", "date": "2026-02-03"}
        for text in ("0123456789ab", "0123 2026-02-03", "0123456789ab 2026-02-30", "yes"):
            assert faults({"whitelistConfirmed": text})

    @pytest.mark.parametrize(
        ("instance_type", "architecture"),
        [("t4g.micro", "arm64"), ("c7gn.large", "arm64"), ("t3.micro", "x86_64"), ("g5.xlarge", "x86_64")],
    )
    def test_the_instance_type_decides_the_architecture(self, instance_type: str, architecture: str) -> None:
        assert read({"instanceType": instance_type}).architecture == architecture

    def test_an_empty_text_is_not_set(self) -> None:
        assert read({"accountId": ""}).account_id is None


class TestFiles:
    """An engine that fills in Pulumi.yaml's defaults must get the same stack as one that does not."""

    def test_the_defaults_of_pulumi_yaml_are_the_models(self) -> None:
        project = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())
        for name, declared in project["config"].items():
            assert read({name: str(declared["default"])}) == Settings()
        for key, asked in project["template"]["config"].items():
            assert read({key.removeprefix("cexio-bot:"): str(asked["default"])}) == Settings()

    def test_the_sandbox_stack_says_all_that_pulumi_yaml_has_a_default_for(self) -> None:
        project = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())
        stack = yaml.safe_load((ROOT / "Pulumi.sandbox.yaml").read_text())["config"]
        assert {f"cexio-bot:{name}" for name in project["config"]} <= set(stack)
        settings = read_settings(stack, lambda _key: False)
        assert settings.sandbox
        assert settings.account_id == "bot"


class TestWhoMayTouchTheKey:
    """A wrong ARN in the secret's policy locks everybody out, or lets somebody in."""

    @pytest.mark.parametrize(
        "arn",
        [
            "arn:aws:iam::123456789012:role/ci",
            "arn:aws-us-gov:iam::123456789012:role/teams/bots/deploy",
            "arn:aws:iam::123456789012:user/people/ann@example.com",
            "arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Admin_0a1b2c",
            "arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Admin_*",
            "arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_*",
        ],
    )
    def test_roles_and_users_are_taken(self, arn: str) -> None:
        assert read({"deployers": json.dumps([arn, arn])}).deployers == (arn,)

    @pytest.mark.parametrize(
        ("arn", "says"),
        [
            ("arn:aws:iam::123456789012:root", "root"),
            ("arn:aws:sts::123456789012:assumed-role/ci/me", "session"),
            ("arn:aws:iam::123456789012:role/*", "one place only"),
            ("arn:aws:iam::123456789012:role/ci*", "one place only"),
            ("arn:aws:iam::123456789012:role/AWSReservedSSO_Admin_*", "one place only"),
            ("arn:aws:iam::*:role/ci", "one place only"),
            ("*", "one place only"),
            ("arn:aws:iam::123456789012:group/ops", "roles or users"),
            ("arn:aws:iam::123456789012:role/ci\n", "roles or users"),
            ("ci", "roles or users"),
        ],
    )
    def test_everything_else_is_told_what_is_wrong_with_it(self, arn: str, says: str) -> None:
        [line] = faults({"deployers": json.dumps([arn])})
        assert says in line
        assert line.startswith("cexio-bot:deployers")

    def test_a_key_is_named_by_its_arn_and_of_the_stacks_region(self) -> None:
        key = "arn:aws:kms:eu-west-1:123456789012:key/mrk-0123456789abcdef0123456789abcdef"
        assert read({"region": "eu-west-1", "secretKmsKey": key}).secret_kms_key == key
        assert "another region" in faults({"secretKmsKey": key})[0]
        assert "alias" in faults({"secretKmsKey": "alias/mine"})[0]

    def test_a_destroyed_secret_can_be_brought_back_for_a_week(self) -> None:
        assert read({}).secret_recovery_days == 7
