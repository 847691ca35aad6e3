from __future__ import annotations

import pytest

from tests.sandbox.aws.world import World, refused

ADDRESSES, VCPUS, NETWORKS = "L-0263D0A3", "L-1216C47A", "L-F678F1CE"


class TestWhatDoesNotFitIsRefused:
    """A stack that leaks an object at every try works here for ever and stops on AWS at the fifth.

    https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
    """

    @pytest.mark.parametrize("value", [1, 6])
    def test_the_limit_is_the_one_that_is_set(self, aws: World, value: int) -> None:
        aws.post(f"/_sandbox/quota?code={ADDRESSES}&value={value}")
        for _ in range(value):
            aws.address()
        with refused("AddressLimitExceeded"):
            aws.address()

    def test_instances_are_counted_by_their_vcpus_while_they_run(self, aws: World) -> None:
        """https://docs.aws.amazon.com/ec2/latest/instancetypes/ec2-instance-quotas.html"""
        aws.post(f"/_sandbox/quota?code={VCPUS}&value=3")
        network = aws.network()
        first, other = aws.launch(network["interface"]), aws.interface(network["subnet"])
        with refused("VcpuLimitExceeded"):
            aws.launch(other)
        aws.ec2.stop_instances(InstanceIds=[first])
        assert aws.state(first) == "stopped"
        aws.launch(other)
        with refused("VcpuLimitExceeded"):
            aws.ec2.start_instances(InstanceIds=[first])

    @pytest.mark.parametrize(
        ("code", "refusal"),
        [
            ("L-A4707A72", "InternetGatewayLimitExceeded"),
            ("L-E79EC296", "SecurityGroupLimitExceeded"),
            ("L-DF5E4CA3", "NetworkInterfaceLimitExceeded"),
            ("L-407747CB", "SubnetLimitExceeded"),
            ("L-589F43AA", "RouteTableLimitExceeded"),
        ],
    )
    def test_each_kind_has_its_own_refusal(self, aws: World, code: str, refusal: str) -> None:
        network = aws.network()
        aws.post(f"/_sandbox/quota?code={code}&value=0")
        creates = {
            "L-A4707A72": aws.ec2.create_internet_gateway,
            "L-E79EC296": lambda: aws.ec2.create_security_group(
                VpcId=network["vpc"], GroupName="g", Description="d"
            ),
            "L-DF5E4CA3": lambda: aws.interface(network["subnet"]),
            "L-407747CB": lambda: aws.ec2.create_subnet(VpcId=network["vpc"], CidrBlock="10.0.1.0/24"),
            "L-589F43AA": lambda: aws.ec2.create_route_table(VpcId=network["vpc"]),
        }
        with refused(refusal):
            creates[code]()


class TestServiceQuotasTellsTheLimits:
    """What is asked before the first create must be what the create will meet.

    https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_GetServiceQuota.html
    """

    def test_it_shows_the_value_in_force_and_the_default_beside_it(self, aws: World) -> None:
        aws.post(f"/_sandbox/quota?code={ADDRESSES}&value=8")
        quotas = aws.client("service-quotas")
        asked = {"ServiceCode": "ec2", "QuotaCode": ADDRESSES}
        assert quotas.get_service_quota(**asked)["Quota"]["Value"] == 8.0
        assert quotas.get_aws_default_service_quota(**asked)["Quota"]["Value"] == 5.0

    def test_a_quota_without_an_applied_value_has_only_a_default(self, aws: World) -> None:
        quotas = aws.client("service-quotas")
        asked = {"ServiceCode": "vpc", "QuotaCode": "L-407747CB"}
        with refused("NoSuchResourceException"):
            quotas.get_service_quota(**asked)
        assert quotas.get_aws_default_service_quota(**asked)["Quota"]["Value"] == 200.0

    def test_lists_have_pages(self, aws: World) -> None:
        quotas = aws.client("service-quotas")
        first = quotas.list_service_quotas(ServiceCode="ec2", MaxResults=1)
        rest = quotas.list_service_quotas(ServiceCode="ec2", MaxResults=1, NextToken=first["NextToken"])
        shown = [row["QuotaCode"] for row in (*first["Quotas"], *rest["Quotas"])]
        assert sorted(shown) == sorted([ADDRESSES, VCPUS])
        assert "NextToken" not in rest
        defaults = quotas.list_aws_default_service_quotas(ServiceCode="vpc")["Quotas"]
        assert NETWORKS in [row["QuotaCode"] for row in defaults]

    @pytest.mark.parametrize(("service", "code"), [("ec2", "L-NONE"), ("nothing", ADDRESSES)])
    def test_what_does_not_exist_is_said(self, aws: World, service: str, code: str) -> None:
        with refused("NoSuchResourceException"):
            aws.client("service-quotas").get_service_quota(ServiceCode=service, QuotaCode=code)
