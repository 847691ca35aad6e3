"""The components' wiring, as the program registers it: options, order, names and what must not be there."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest
import yaml
from pulumi.runtime.mocks import MockCallArgs, MockMonitor, MockResourceArgs, Mocks

from components.bot_host import READ_SECRET, read_key

PREFIX = "pulumi-python:dynamic/"
DEPLOYER = "arn:aws:iam::123456789012:role/ci"
KMS_KEY = "arn:aws:kms:eu-west-1:123456789012:key/0f8fad5b-d9cb-469f-a165-70867728950e"


class Recorder(Mocks):
    """Answers every registration with the inputs and plausible outputs; keeps what was asked."""

    def __init__(self, *, brought: bool = False) -> None:
        self.brought = brought
        self.made: dict[str, MockResourceArgs] = {}
        self.asked: dict[str, Any] = {}

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        self.made[args.typ.removeprefix(PREFIX)] = args
        found = {
            "aws:ElasticIp": {"allocationId": "eipalloc-1", "publicIp": "127.1.2.3", "brought": self.brought},
            "aws:Secret": {"arn": "arn:secret"},
            "aws:NetworkInterface": {"networkInterfaceId": "eni-1"},
            "aws:Instance": {"instanceId": "i-1"},
        }.get(args.typ.removeprefix(PREFIX), {})
        return f"{args.name}-id", {**args.inputs, **found}

    def call(self, _args: MockCallArgs) -> Any:
        return {}


class Wire(MockMonitor):
    """Keeps each registration as it went over the wire: mocks are not shown its options."""

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - the protocol's name
        self.mocks.asked[request.type.removeprefix(PREFIX)] = request
        return super().RegisterResource(request)


class Program:
    """The components as `__main__` puts them together, registered once with the recorder."""

    def __init__(self, recorder: Recorder, release: str | None, network: dict[str, str]) -> None:
        pulumi.runtime.set_mocks(recorder, project="cexio-bot", stack="test", monitor=Wire(recorder))
        from components.address import Address, AddressArgs
        from components.bot_host import BotHost, BotHostArgs
        from components.cloud_config import cloud_config
        from components.exchange_key import ExchangeKey, ExchangeKeyArgs
        from components.key_vault import KeyVault, KeyVaultArgs
        from components.network import Network, NetworkArgs
        from providers.names import Names

        names = Names(project="cexio-bot", stack="test", region="us-east-1")
        self.address = Address(
            "bot-address",
            AddressArgs(names=names, host="bot", allocation_id=None, release=release, tags={"team": "x"}),
        )
        self.network = Network(
            "network",
            NetworkArgs(names=names, cidr="10.60.0.0/24", availability_zone=None, tags={}, **network),
        )
        self.vault = KeyVault(
            "bot-vault",
            KeyVaultArgs(
                names=names,
                host="bot",
                recovery_window_days=7,
                deployers=(DEPLOYER,),
                kms_key=KMS_KEY,
                tags={},
            ),
        )
        self.bot = BotHost(
            "bot-host",
            BotHostArgs(
                names=names,
                host="bot",
                subnet_id=self.network.subnet_id,
                security_group_id=self.network.security_group_id,
                allocation_id=self.address.allocation_id,
                public_ip=self.address.public_ip,
                secret_arn=self.vault.arn,
                secret_kms_key=KMS_KEY,
                after=self.network.way_out,
                instance_type="t4g.micro",
                architecture="arm64",
                image_id=None,
                root_volume_gib=8,
                user_data=cloud_config(),
                tags={},
            ),
        )
        self.key = ExchangeKey(
            "bot-key",
            ExchangeKeyArgs(
                names=names,
                host="bot",
                label="Gunbot_Trading",
                public_ip=self.address.public_ip,
                instance_id=self.bot.instance_id,
                secret_arn=self.vault.arn,
                extra_addresses=[{"address": "127.4.4.4", "reason": "second host"}],
                trading_limits="not offered",
                account_id="bot",
                pair="BTC-USD",
                confirmations=[],
                review_request=None,
                review_days=90,
            ),
        )


def registered(release: str | None = None, *, brought: bool = False, **network: str) -> Recorder:
    """What a whole program run registers."""
    recorder = Recorder(brought=brought)

    @pulumi.runtime.test
    def run() -> pulumi.Output[None]:
        program = Program(recorder, release, network)
        return pulumi.Output.all(program.key.status, program.bot.instance_id).apply(lambda _: None)

    run()
    return recorder


@pytest.fixture(scope="module")
def recorder() -> Recorder:
    return registered()


@pytest.fixture(scope="module")
def made(recorder: Recorder) -> dict[str, MockResourceArgs]:
    return recorder.made


def inputs(made: dict[str, MockResourceArgs], kind: str) -> dict[str, Any]:
    return dict(made[kind].inputs)


class TestAddress:
    """A lost address is a whitelist to edit and a key to activate again, by hand."""

    def test_it_is_retained_unless_its_release_is_asked_for(self) -> None:
        kept, released = registered(), registered("127.1.2.3")
        assert inputs(kept.made, "aws:ElasticIp")["retain"] is True
        assert kept.asked["aws:ElasticIp"].retainOnDelete
        assert inputs(released.made, "aws:ElasticIp")["release"] == "127.1.2.3"
        assert not released.asked["aws:ElasticIp"].retainOnDelete

    def test_nothing_else_is_retained_or_protected(self, recorder: Recorder) -> None:
        kept = [kind for kind, asked in recorder.asked.items() if asked.retainOnDelete or asked.protect]
        assert kept == ["aws:ElasticIp"]

    def test_it_is_associated_after_gateway_and_route(self, recorder: Recorder) -> None:
        needed = " ".join(recorder.asked["aws:ElasticIpAssociation"].dependencies)
        assert "network-gateway" in needed
        assert "network-routes" in needed

    def test_users_tags_are_apart_from_it(self, made: dict[str, MockResourceArgs]) -> None:
        assert "tags" not in inputs(made, "aws:ElasticIp")
        assert inputs(made, "aws:Tags") | {"__provider": ""} == {
            "owner": "cexio-bot/test/address-tags-bot",
            "resourceId": "eipalloc-1",
            "tags": {"team": "x"},
            "__provider": "",
        }

    def test_a_brought_one_gets_none_of_them(self) -> None:
        assert inputs(registered(brought=True).made, "aws:Tags").get("tags") == {}


class TestWhitelist:
    """The record and the proof must speak of one and the same address: the host's own, first."""

    def test_the_hosts_address_flows_into_record_and_key(self, made: dict[str, MockResourceArgs]) -> None:
        listed = [row["address"] for row in inputs(made, "cexio:Whitelist")["addresses"]]
        assert listed == ["127.1.2.3", "127.4.4.4"]
        assert inputs(made, "cexio:TradingKey")["addresses"] == listed
        assert inputs(made, "cexio:TradingKey")["instanceId"] == "i-1"
        assert inputs(made, "cexio:TradingKey")["secretArn"] == "arn:secret"


class TestHost:
    """What the host may do and is told is what a thief on it may do and read."""

    def test_the_role_reads_this_one_secret_and_no_other(self, made: dict[str, MockResourceArgs]) -> None:
        policies = inputs(made, "aws:Role")["inlinePolicies"]
        assert yaml.safe_load(policies["read-key"])["Statement"] == [
            {
                "Effect": "Allow",
                "Action": ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"],
                "Resource": "arn:secret",
            },
            {
                "Effect": "Allow",
                "Action": ["kms:Decrypt"],
                "Resource": KMS_KEY,
                "Condition": {
                    "StringEquals": {
                        "kms:EncryptionContext:SecretARN": "arn:secret",
                        "kms:ViaService": "secretsmanager.eu-west-1.amazonaws.com",
                    }
                },
            },
        ]
        managed = yaml.safe_load(policies["managed-host"])["Statement"][0]["Action"]
        assert all(action.startswith(("ssm:Update", "ssmmessages:", "ec2messages:")) for action in managed)

    def test_without_a_key_of_ones_own_it_may_decrypt_nothing(self) -> None:
        assert [one["Action"] for one in read_key("arn:secret", None)["Statement"]] == [READ_SECRET]

    def test_the_secrets_policy_names_the_very_role_that_the_host_gets(
        self, made: dict[str, MockResourceArgs]
    ) -> None:
        secret = inputs(made, "aws:Secret")
        assert secret["hostRoleName"] == inputs(made, "aws:Role")["name"]
        assert (secret["deployers"], secret["kmsKeyId"]) == ([DEPLOYER], KMS_KEY)

    def test_nothing_comes_in_and_only_https_goes_out(self, made: dict[str, MockResourceArgs]) -> None:
        group = inputs(made, "aws:SecurityGroup")
        assert group["ingress"] == []
        assert [(rule["protocol"], rule["port"]) for rule in group["egress"]] == [("tcp", 443)]

    def test_user_data_installs_the_probe_within_ec2s_limit(self, made: dict[str, MockResourceArgs]) -> None:
        text = inputs(made, "aws:Instance")["userData"]
        assert text.startswith("#cloud-config\n")
        assert len(text) <= 16_384
        [file] = yaml.safe_load(text)["write_files"]
        assert (file["path"], file["permissions"]) == ("/opt/cexio-bot/probe.py", "0755")


class TestOrder:
    """A host that starts before its address is on its interface sends its first packet from nowhere."""

    def test_the_instance_starts_after_the_association_and_the_role(self, recorder: Recorder) -> None:
        needed = " ".join(recorder.asked["aws:Instance"].dependencies)
        assert "bot-host-association" in needed
        assert "bot-host-role" in needed

    def test_every_resource_is_a_child_of_its_component(self, recorder: Recorder) -> None:
        for kind, asked in recorder.asked.items():
            if kind.startswith(("aws:", "cexio:")):
                assert "cexio-bot:components:" in asked.parent


class TestContract:
    """Type tokens and owner tags are in people's state; another word there is another object."""

    def test_types_and_owners_are_pinned(self, made: dict[str, MockResourceArgs]) -> None:
        owners = {
            kind: args.inputs["owner"].removeprefix("cexio-bot/test/")
            for kind, args in made.items()
            if "owner" in args.inputs
        }
        assert owners == {
            "aws:ElasticIp": "address-bot",
            "aws:Tags": "address-tags-bot",
            "aws:ElasticIpAssociation": "association-bot",
            "aws:Vpc": "vpc",
            "aws:Subnet": "subnet",
            "aws:InternetGateway": "gateway",
            "aws:RouteTable": "routes",
            "aws:SecurityGroup": "firewall",
            "aws:Secret": "key-bot",
            "aws:NetworkInterface": "interface-bot",
            "aws:Role": "role-bot",
            "aws:InstanceProfile": "profile-bot",
            "aws:Instance": "host-bot",
            "cexio:TradingKey": "key-bot",
        }
        assert "cexio:Whitelist" in made


class TestNetwork:
    """A brought network got a gateway and a route of ours, and the company's firewall saw a stranger."""

    def test_in_a_network_of_the_users_only_the_firewall_is_made(self) -> None:
        brought = registered(vpc_id="vpc-1", subnet_id="subnet-1")
        kinds = {"Vpc", "Subnet", "InternetGateway", "RouteTable", "SecurityGroup", "ExistingNetwork"}
        assert kinds & {kind.removeprefix("aws:") for kind in brought.made} == {
            "SecurityGroup",
            "ExistingNetwork",
        }
        assert inputs(brought.made, "aws:SecurityGroup")["vpcId"] == "vpc-1"
        assert inputs(brought.made, "aws:NetworkInterface")["subnetId"] == "subnet-1"
        for after in ("aws:ElasticIpAssociation", "aws:SecurityGroup", "aws:NetworkInterface"):
            assert any("network-existing" in urn for urn in brought.asked[after].dependencies)

    @pytest.mark.parametrize(
        ("cidr", "parts"),
        [
            ("10.60.0.0/24", ["10.60.0.0/27", "10.60.0.32/27", "10.60.0.224/27"]),
            ("10.60.0.0/25", ["10.60.0.0/28", "10.60.0.16/28", "10.60.0.112/28"]),
            ("10.60.0.0/16", ["10.60.0.0/24", "10.60.1.0/24", "10.60.7.0/24"]),
        ],
    )
    def test_each_zone_has_a_range_of_its_own(self, cidr: str, parts: list[str]) -> None:
        from components.network import part_of

        assert [part_of(cidr, zone) for zone in (None, "us-east-1a", "us-east-1g")] == parts
