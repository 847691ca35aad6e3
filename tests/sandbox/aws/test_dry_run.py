from __future__ import annotations

from tests.sandbox.aws.world import World, refused


class TestADryRunNeverActs:
    """moto makes the network all the same, and says of what is not there that it would have been done.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/CommonParameters.html
    """

    def test_creates_answer_that_they_would_have_been_done(self, aws: World) -> None:
        before = len(aws.ec2.describe_vpcs()["Vpcs"])
        with refused("DryRunOperation"):
            aws.ec2.create_vpc(CidrBlock="10.0.0.0/16", DryRun=True)
        with refused("DryRunOperation"):
            aws.ec2.allocate_address(DryRun=True)
        assert len(aws.ec2.describe_vpcs()["Vpcs"]) == before
        assert aws.ec2.describe_addresses()["Addresses"] == []

    def test_what_it_names_must_be_there(self, aws: World) -> None:
        with refused("InvalidVpcID.NotFound"):
            aws.ec2.create_subnet(VpcId="vpc-0123456789abcdef0", CidrBlock="10.0.0.0/24", DryRun=True)


class TestRequestIds:
    """AWS Support finds a call by its request id; one that is the same for all finds nothing.

    https://docs.aws.amazon.com/ec2/latest/devguide/error-responses.html
    """

    def test_each_answer_and_each_refusal_has_its_own(self, aws: World) -> None:
        ids = [aws.ec2.describe_vpcs()["ResponseMetadata"]["RequestId"] for _ in range(2)]
        for _ in range(2):
            try:
                aws.ec2.describe_vpcs(VpcIds=["vpc-0123456789abcdef0"])
            except aws.ec2.exceptions.ClientError as error:
                ids.append(error.response["ResponseMetadata"]["RequestId"])
            try:
                aws.ec2.describe_vpcs(DryRun=True)
            except aws.ec2.exceptions.ClientError as error:
                ids.append(error.response["ResponseMetadata"]["RequestId"])
        assert len(set(ids)) == 6
        assert all(len(id_) > 20 for id_ in ids)
