from __future__ import annotations

from tests.sandbox.aws.world import World, refused


class TestWhatIsInUseIsNotTakenDown:
    """A destroy in the wrong order works on moto and gets stuck half way on AWS.

    https://docs.aws.amazon.com/vpc/latest/userguide/delete-vpc.html,
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DetachInternetGateway.html,
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteSecurityGroup.html
    """

    def test_the_gateway_stays_while_an_address_is_mapped_even_to_an_idle_interface(self, aws: World) -> None:
        network = aws.network()
        aws.address(network["interface"])
        detach = {"InternetGatewayId": network["gateway"], "VpcId": network["vpc"]}
        with refused("DependencyViolation") as messages:
            aws.ec2.detach_internet_gateway(**detach)
        assert "mapped public address" in messages[0]
        association = aws.ec2.describe_addresses()["Addresses"][0]["AssociationId"]
        aws.ec2.disassociate_address(AssociationId=association)
        aws.ec2.detach_internet_gateway(**detach)

    def test_subnet_and_group_stay_while_an_interface_uses_them(self, aws: World) -> None:
        network = aws.network()
        group = aws.ec2.create_security_group(GroupName="g", Description="d", VpcId=network["vpc"])["GroupId"]
        interface = aws.interface(network["subnet"], Groups=[group])
        aws.ec2.delete_network_interface(NetworkInterfaceId=network["interface"])
        with refused("DependencyViolation"):
            aws.ec2.delete_subnet(SubnetId=network["subnet"])
        with refused("DependencyViolation"):
            aws.ec2.delete_security_group(GroupId=group)
        aws.ec2.delete_network_interface(NetworkInterfaceId=interface)
        aws.ec2.delete_security_group(GroupId=group)
        aws.ec2.delete_subnet(SubnetId=network["subnet"])

    def test_a_group_stays_while_another_groups_rule_names_it(self, aws: World) -> None:
        vpc = aws.network()["vpc"]
        one, two = (
            aws.ec2.create_security_group(GroupName=name, Description="d", VpcId=vpc)["GroupId"]
            for name in ("one", "two")
        )
        rule = {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "UserIdGroupPairs": [{"GroupId": one}]}
        aws.ec2.authorize_security_group_ingress(GroupId=two, IpPermissions=[rule])
        with refused("DependencyViolation"):
            aws.ec2.delete_security_group(GroupId=one)
        aws.ec2.delete_security_group(GroupId=two)
        aws.ec2.delete_security_group(GroupId=one)

    def test_the_network_stays_while_gateway_or_group_is_there(self, aws: World) -> None:
        network = aws.network()
        group = aws.ec2.create_security_group(GroupName="g", Description="d", VpcId=network["vpc"])["GroupId"]
        aws.ec2.delete_network_interface(NetworkInterfaceId=network["interface"])
        aws.ec2.delete_subnet(SubnetId=network["subnet"])
        with refused("DependencyViolation"):
            aws.ec2.delete_vpc(VpcId=network["vpc"])
        aws.ec2.detach_internet_gateway(InternetGatewayId=network["gateway"], VpcId=network["vpc"])
        with refused("DependencyViolation"):
            aws.ec2.delete_vpc(VpcId=network["vpc"])
        aws.ec2.delete_security_group(GroupId=group)
        aws.ec2.delete_vpc(VpcId=network["vpc"])

    def test_a_route_to_a_gateway_that_is_not_attached_is_refused(self, aws: World) -> None:
        vpc = aws.network(gateway=False)["vpc"]
        gateway = aws.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        table = aws.ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
        route = {"RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": gateway}
        with refused("InvalidParameterValue"):
            aws.ec2.create_route(**route)
        aws.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
        aws.ec2.create_route(**route)


class TestQuotas:
    """An address leaked at every try is noticed at the fifth.

    https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
    """

    def test_five_addresses_and_no_more(self, aws: World) -> None:
        for _ in range(5):
            aws.address()
        with refused("AddressLimitExceeded"):
            aws.address()

    def test_five_networks_with_the_default_one(self, aws: World) -> None:
        for number in range(4):
            aws.ec2.create_vpc(CidrBlock=f"10.{number}.0.0/16")
        with refused("VpcLimitExceeded"):
            aws.ec2.create_vpc(CidrBlock="10.9.0.0/16")
