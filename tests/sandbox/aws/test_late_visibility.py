from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox.aws.test_server import start
from tests.sandbox.aws.world import World, refused, running

TAGS = [{"Key": "cexio-bot:owner", "Value": "p/s/r"}]
OURS = [{"Name": "tag:cexio-bot:owner", "Values": ["p/s/r"]}]
PERMISSIONS = [{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]


def late(world: World, seconds: float, seed: str = "") -> None:
    world.post(f"/_sandbox/visibility?seconds={seconds}&seed={seed}")


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[World]:
    """A sandbox AWS that shows nothing new for a minute."""
    with running(tmp_path / "aws") as world:
        late(world, 60)
        yield world


class TestWhatWasJustMadeIsNotSeenYet:
    """A run that was killed looks for what it made, sees nothing, and makes it again: two addresses.

    Eventual consistency in the Amazon EC2 API:
    https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html
    """

    def test_an_address_is_missing_from_every_search_and_not_found_by_id_for_its_time(
        self, slow: World
    ) -> None:
        spec = [{"ResourceType": "elastic-ip", "Tags": TAGS}]
        id_ = slow.ec2.allocate_address(TagSpecifications=spec)["AllocationId"]
        assert slow.ec2.describe_addresses(Filters=OURS)["Addresses"] == []
        assert slow.ec2.describe_addresses()["Addresses"] == []
        assert slow.ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": [id_]}])["Tags"] == []
        with refused("InvalidAllocationID.NotFound"):
            slow.ec2.describe_addresses(AllocationIds=[id_])
        with refused("InvalidAddressID.NotFound"):
            slow.ec2.release_address(AllocationId=id_)
        slow.forward(61)
        (seen,) = slow.ec2.describe_addresses(Filters=OURS)["Addresses"]
        assert (seen["AllocationId"], seen["Tags"]) == (id_, TAGS)

    def test_each_kind_of_ec2_answers_its_own_not_found(self, aws: World) -> None:
        network = aws.network()
        late(aws, 60)
        ec2 = aws.ec2
        vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
        subnet = ec2.create_subnet(VpcId=network["vpc"], CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
        gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        table = ec2.create_route_table(VpcId=network["vpc"])["RouteTable"]["RouteTableId"]
        group = ec2.create_security_group(VpcId=network["vpc"], GroupName="g", Description="d")["GroupId"]
        interface = aws.interface(network["subnet"])
        instance = aws.launch(network["interface"])
        volume = ec2.create_volume(AvailabilityZone="us-east-1a", Size=8)["VolumeId"]
        for code, look in (
            ("InvalidVpcID.NotFound", lambda: ec2.describe_vpcs(VpcIds=[vpc])),
            ("InvalidVpcID.NotFound", lambda: ec2.create_subnet(VpcId=vpc, CidrBlock="10.1.0.0/24")),
            ("InvalidSubnetID.NotFound", lambda: ec2.describe_subnets(SubnetIds=[subnet])),
            ("InvalidSubnetID.NotFound", lambda: aws.interface(subnet)),
            (
                "InvalidInternetGatewayID.NotFound",
                lambda: ec2.describe_internet_gateways(InternetGatewayIds=[gateway]),
            ),
            (
                "InvalidInternetGatewayID.NotFound",
                lambda: ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=network["vpc"]),
            ),
            ("InvalidRouteTableID.NotFound", lambda: ec2.describe_route_tables(RouteTableIds=[table])),
            ("InvalidRouteTableID.NotFound", lambda: ec2.delete_route_table(RouteTableId=table)),
            ("InvalidGroup.NotFound", lambda: ec2.describe_security_groups(GroupIds=[group])),
            (
                "InvalidGroup.NotFound",
                lambda: ec2.authorize_security_group_egress(GroupId=group, IpPermissions=PERMISSIONS),
            ),
            (
                "InvalidNetworkInterfaceID.NotFound",
                lambda: ec2.describe_network_interfaces(NetworkInterfaceIds=[interface]),
            ),
            ("InvalidNetworkInterfaceID.NotFound", lambda: aws.launch(interface)),
            ("InvalidInstanceID.NotFound", lambda: ec2.describe_instances(InstanceIds=[instance])),
            ("InvalidInstanceID.NotFound", lambda: ec2.terminate_instances(InstanceIds=[instance])),
            ("InvalidVolume.NotFound", lambda: ec2.describe_volumes(VolumeIds=[volume])),
            ("InvalidVolume.NotFound", lambda: ec2.create_snapshot(VolumeId=volume)),
            ("InvalidInstanceID.NotFound", lambda: ec2.create_tags(Resources=[instance], Tags=TAGS)),
        ):
            with refused(code):
                look()
        assert ec2.describe_instances()["Reservations"] == []
        late(aws, 0)
        assert aws.state(instance) == "running"
        assert len(ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"]) == 1

    def test_a_snapshot_is_late_as_well(self, aws: World) -> None:
        volume = aws.ec2.create_volume(AvailabilityZone="us-east-1a", Size=8)["VolumeId"]
        late(aws, 60)
        snapshot = aws.ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
        with refused("InvalidSnapshot.NotFound"):
            aws.ec2.describe_snapshots(SnapshotIds=[snapshot])

    def test_roles_and_profiles_are_no_such_entity(self, slow: World) -> None:
        """https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_general.html"""
        iam = slow.iam
        iam.create_role(RoleName="host", AssumeRolePolicyDocument="{}")
        iam.create_instance_profile(InstanceProfileName="host")
        assert iam.list_roles()["Roles"] == []
        for look in (
            lambda: iam.get_role(RoleName="host"),
            lambda: iam.put_role_policy(RoleName="host", PolicyName="p", PolicyDocument="{}"),
            lambda: iam.get_instance_profile(InstanceProfileName="host"),
            lambda: iam.add_role_to_instance_profile(InstanceProfileName="host", RoleName="host"),
        ):
            with refused("NoSuchEntity"):
                look()
        slow.forward(61)
        iam.add_role_to_instance_profile(InstanceProfileName="host", RoleName="host")

    def test_a_secret_is_not_found_by_name_or_arn(self, slow: World) -> None:
        """https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ListSecrets.html"""
        secrets = slow.secretsmanager
        arn = secrets.create_secret(Name="s", SecretString="{}")["ARN"]
        assert secrets.list_secrets()["SecretList"] == []
        for name in ("s", arn):
            with refused("ResourceNotFoundException"):
                secrets.describe_secret(SecretId=name)
            with refused("ResourceNotFoundException"):
                secrets.put_secret_value(SecretId=name, SecretString="{}")
        slow.forward(61)
        assert secrets.describe_secret(SecretId="s")["ARN"] == arn


class TestWhatAwsChecksInItsOwnStoreStillCollides:
    """Were a name free as long as its holder is not seen, a repeated create would pass here and fail there.

    https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html
    """

    def test_names_and_ranges_are_taken_at_once(self, aws: World) -> None:
        vpc = aws.network()["vpc"]
        late(aws, 60)
        aws.ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")
        with refused("InvalidSubnet.Conflict"):
            aws.ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/25")
        aws.ec2.create_security_group(VpcId=vpc, GroupName="g", Description="d")
        with refused("InvalidGroup.Duplicate"):
            aws.ec2.create_security_group(VpcId=vpc, GroupName="g", Description="d")
        aws.iam.create_role(RoleName="host", AssumeRolePolicyDocument="{}")
        with refused("EntityAlreadyExists"):
            aws.iam.create_role(RoleName="host", AssumeRolePolicyDocument="{}")
        aws.secretsmanager.create_secret(Name="s", SecretString="{}")
        with refused("ResourceExistsException"):
            aws.secretsmanager.create_secret(Name="s", SecretString="{}")

    def test_a_known_client_token_brings_up_the_instance_that_nobody_sees_yet(self, aws: World) -> None:
        interface = aws.network()["interface"]
        late(aws, 60)
        first = aws.launch(interface, ClientToken="one")
        by_token = [{"Name": "client-token", "Values": ["one"]}]
        assert aws.ec2.describe_instances(Filters=by_token)["Reservations"] == []
        assert aws.launch(interface, ClientToken="one") == first


class TestHowLateIsTheSandboxsToSay:
    """A test that cannot set the lateness, or gets another one at each run, proves nothing twice."""

    def test_by_default_and_after_zero_seconds_all_is_seen_at_once(self, aws: World) -> None:
        assert aws.address()
        assert len(aws.ec2.describe_addresses()["Addresses"]) == 1
        late(aws, 60)
        aws.address()
        assert len(aws.ec2.describe_addresses()["Addresses"]) == 1
        late(aws, 0)
        assert len(aws.ec2.describe_addresses()["Addresses"]) == 2

    def test_with_a_seed_each_object_is_late_by_its_own_share_and_the_same_next_time(
        self, aws: World
    ) -> None:
        def counts() -> list[int]:
            late(aws, 0)
            late(aws, 60, seed="7")
            for known in aws.ec2.describe_addresses()["Addresses"]:
                aws.ec2.release_address(AllocationId=known["AllocationId"])
            for _ in range(4):
                aws.address()
            seen = []
            for _ in range(7):
                seen.append(len(aws.ec2.describe_addresses()["Addresses"]))
                aws.forward(10)
            return seen

        first = counts()
        assert (first[0], first[-1]) == (0, 4)
        assert len(set(first)) > 2
        assert counts() == first

    def test_the_flag_sets_it_and_refuses_less_than_nothing(self, tmp_path: Path) -> None:
        process = start("--port", "0", "--store", str(tmp_path), "--world", "w", "--visibility", "-1")
        out, err = process.communicate(timeout=30)
        assert (process.returncode, out) == (1, "")
        assert "--visibility" in err
        process = start("--port", "0", "--store", str(tmp_path), "--world", "w", "--visibility", "60")
        assert process.stdout is not None
        world = World(process.stdout.readline().split()[-1], None)
        try:
            world.address()
            assert world.ec2.describe_addresses()["Addresses"] == []
        finally:
            process.terminate()
            process.communicate(timeout=30)


class TestListsOfSecretsLag:
    """A search by list misses what DescribeSecret knows, for up to five minutes.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ListSecrets.html
    """

    def test_it_is_described_at_once_and_listed_later(self, aws: World) -> None:
        aws.post("/_sandbox/visibility?seconds=0&listing=300")
        aws.secretsmanager.create_secret(Name="s", SecretString="{}")
        assert aws.secretsmanager.describe_secret(SecretId="s")["Name"] == "s"
        assert aws.secretsmanager.list_secrets()["SecretList"] == []
        aws.forward(301)
        assert len(aws.secretsmanager.list_secrets()["SecretList"]) == 1


class TestANameIsFreeAWhileAfterASecretIsDeleted:
    """https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DeleteSecret.html"""

    def test_without_recovery_the_name_is_taken_for_a_moment(self, still: World) -> None:
        still.secretsmanager.create_secret(Name="s", SecretString="{}")
        still.secretsmanager.delete_secret(SecretId="s", ForceDeleteWithoutRecovery=True)
        with refused("InvalidRequestException"):
            still.secretsmanager.create_secret(Name="s", SecretString="{}")
        still.forward(2000)
        still.secretsmanager.create_secret(Name="s", SecretString="{}")
