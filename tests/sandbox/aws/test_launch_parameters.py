from __future__ import annotations

from tests.sandbox.aws.world import World, refused


class TestALaunchIsRefusedWhereAwsRefusesIt:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RunInstances.html"""

    def test_user_data_over_16_kilobytes(self, aws: World) -> None:
        interface = aws.network()["interface"]
        with refused("InvalidParameterValue"):
            aws.launch(interface, UserData="#" * 16_385)
        assert aws.launch(interface, UserData="#" * 16_384)

    def test_an_image_a_type_or_an_architecture_that_does_not_fit(self, aws: World) -> None:
        interface = aws.network()["interface"]
        with refused("InvalidAMIID.NotFound"):
            aws.launch(interface, ImageId="ami-00000000000000000")
        with refused("InvalidParameterValue"):
            aws.launch(interface, InstanceType="t4g.pico")
        with refused("InvalidParameterValue") as messages:
            aws.launch(interface, ImageId=aws.image("x86_64"))
        assert "arm64" in messages[0]
        assert "x86_64" in messages[0]

    def test_network_settings_beside_a_ready_made_interface(self, aws: World) -> None:
        network = aws.network()
        with refused("InvalidParameterCombination"):
            aws.launch(network["interface"], SubnetId=network["subnet"])
        with refused("InvalidParameterCombination"):
            aws.launch(network["interface"], MaxCount=2)


class TestDefaultsAreThoseOfAws:
    """A host that never says what it wants gets AWS's defaults, and they cost or leak."""

    def test_metadata_needs_a_token_unless_told_otherwise(self, aws: World) -> None:
        """https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-IMDS-new-instances.html"""
        network = aws.network()
        instance = aws.launch(network["interface"])
        options = aws.described(instance)["MetadataOptions"]
        assert (options["HttpTokens"], options["HttpPutResponseHopLimit"]) == ("required", 2)

    def test_small_types_are_unlimited_unless_told_otherwise(self, aws: World) -> None:
        """https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/burstable-performance-instances-unlimited-mode-concepts.html"""
        network = aws.network()
        loose = aws.launch(network["interface"])
        kept = aws.launch(aws.interface(network["subnet"]), CreditSpecification={"CpuCredits": "standard"})
        rows = aws.ec2.describe_instance_credit_specifications(InstanceIds=[loose, kept])
        shown = {row["InstanceId"]: row["CpuCredits"] for row in rows["InstanceCreditSpecifications"]}
        assert shown == {loose: "unlimited", kept: "standard"}


class TestADryRunNeverActs:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/CommonParameters.html"""

    def test_nothing_is_made(self, aws: World) -> None:
        network = aws.network()
        with refused("DryRunOperation"):
            aws.ec2.create_vpc(CidrBlock="10.9.0.0/16", DryRun=True)
        with refused("DryRunOperation"):
            aws.ec2.create_subnet(VpcId=network["vpc"], CidrBlock="10.0.9.0/24", DryRun=True)
        with refused("DryRunOperation"):
            aws.launch(network["interface"], DryRun=True)
        with refused("DryRunOperation"):
            aws.ec2.allocate_address(DryRun=True)
        assert len(aws.ec2.describe_vpcs()["Vpcs"]) == 2
        assert aws.ec2.describe_instances()["Reservations"] == []
        assert aws.ec2.describe_addresses()["Addresses"] == []

    def test_a_dry_launch_with_an_unknown_profile_says_so(self, aws: World) -> None:
        with refused("InvalidParameterValue"):
            aws.launch(aws.network()["interface"], DryRun=True, IamInstanceProfile={"Name": "nobody"})


class TestProfilesReachEc2Late:
    """A host launched with a profile that is not there yet has no credentials for ever.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
    """

    def test_unknown_profile(self, aws: World) -> None:
        with refused("InvalidParameterValue") as messages:
            aws.launch(aws.network()["interface"], IamInstanceProfile={"Name": "nobody"})
        assert "Invalid IAM Instance Profile name" in messages[0]

    def test_profile_without_role(self, aws: World) -> None:
        interface = aws.network()["interface"]
        aws.iam.create_instance_profile(InstanceProfileName="bare")
        with refused("InvalidParameterValue") as messages:
            aws.launch(interface, IamInstanceProfile={"Name": "bare"})
        assert "has no associated IAM Roles" in messages[0]

    def test_a_fresh_profile_is_known_after_a_moment(self, still: World) -> None:
        interface = still.network()["interface"]
        profile = still.profile()
        with refused("InvalidParameterValue"):
            still.launch(interface, IamInstanceProfile={"Name": profile})
        still.forward(1000)
        assert still.launch(interface, IamInstanceProfile={"Name": profile})
