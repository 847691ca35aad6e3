"""What was just made is not seen yet, when the sandbox is asked to be late (`--visibility`).

A young object is left out of what Describe and List show, and its id is "not found", also for the calls that
would change it. What AWS checks in its own store still collides: names, overlapping ranges, client tokens.
https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_general.html#troubleshoot_general_eventual-consistency
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sandbox.aws.corrections.call import Call, Ec2Call, IamCall, SecretsCall
from sandbox.aws.visibility import ec2_ids, iam_ids, secret_ids, without

LOOKING = ("Describe", "Get", "List", "BatchGet", "Search", "Simulate")

NOT_FOUND = {
    "vpc": ("InvalidVpcID.NotFound", "The vpc ID '{}' does not exist"),
    "subnet": ("InvalidSubnetID.NotFound", "The subnet ID '{}' does not exist"),
    "igw": ("InvalidInternetGatewayID.NotFound", "The internetGateway ID '{}' does not exist"),
    "rtb": ("InvalidRouteTableID.NotFound", "The routeTable ID '{}' does not exist"),
    "sg": ("InvalidGroup.NotFound", "The security group '{}' does not exist"),
    "eipalloc": ("InvalidAllocationID.NotFound", "The allocation ID '{}' does not exist"),
    "eni": ("InvalidNetworkInterfaceID.NotFound", "The networkInterface ID '{}' does not exist"),
    "i": ("InvalidInstanceID.NotFound", "The instance ID '{}' does not exist"),
    "vol": ("InvalidVolume.NotFound", "The volume '{}' does not exist."),
    "snap": ("InvalidSnapshot.NotFound", "The snapshot '{}' does not exist."),
}


class LateVisibility(Call):
    """Stands before the checks of what a call asks for and after those of who asks."""

    def call_action(self) -> Any:
        with self.cloud.turn:
            self.cloud.agenda.settle()
            unseen = self.cloud.visibility.unseen()
            if self._get_action().startswith(LOOKING):
                if not unseen:
                    return super().call_action()
                with without(str(self.service_name), self._backend(), unseen):
                    return super().call_action()
            answer = super().call_action()
            self.cloud.visibility.note(self._all())
            return answer

    def admit(self) -> None:
        super().admit()
        unseen = self.cloud.visibility.unseen()
        if unseen and not self._get_action().startswith(LOOKING) and not self._is_repeated():
            self._refuse_unseen(unseen)

    def _backend(self) -> Any:
        raise NotImplementedError

    def _all(self) -> Iterable[str]:
        raise NotImplementedError

    def _refuse_unseen(self, unseen: frozenset[str]) -> None:
        raise NotImplementedError

    def _is_repeated(self) -> bool:
        return False


class LateEc2(LateVisibility, Ec2Call):
    def _backend(self) -> Any:
        return self.cloud.ec2

    def _all(self) -> Iterable[str]:
        return ec2_ids(self.cloud.ec2)

    def _is_repeated(self) -> bool:
        """A known client token brings up what it made, seen or not."""
        return (self._get_action(), str(self._get_param("ClientToken"))) in self.cloud.tokens

    def _refuse_unseen(self, unseen: frozenset[str]) -> None:
        for named in _texts(self._get_params()):
            if named in unseen:
                code, text = NOT_FOUND[named.partition("-")[0]]
                if self._get_action() == "ReleaseAddress":
                    code = "InvalidAddressID.NotFound"
                self.refuse(code, text.format(named))


class LateIam(LateVisibility, IamCall):
    def _backend(self) -> Any:
        return self.cloud.iam

    def _all(self) -> Iterable[str]:
        return iam_ids(self.cloud.iam)

    def _refuse_unseen(self, unseen: frozenset[str]) -> None:
        action = self._get_action()
        for parameter, kind, table in (
            ("RoleName", "role", self.cloud.iam.roles),
            ("InstanceProfileName", "instance profile", self.cloud.iam.instance_profiles),
        ):
            name = self._get_param(parameter)
            if action in ("CreateRole", "CreateInstanceProfile") or not name:
                continue
            if any(item.name == name and item.id in unseen for item in table.values()):
                self.refuse("NoSuchEntity", f"The {kind} with name {name} cannot be found.")


class LateSecrets(LateVisibility, SecretsCall):
    def _backend(self) -> Any:
        return self.backend

    def _all(self) -> Iterable[str]:
        return secret_ids(self.backend)

    def _refuse_unseen(self, unseen: frozenset[str]) -> None:
        name = self._get_param("SecretId")
        secret = self.backend.secrets.get(name) if name else None
        if secret is not None and secret.arn in unseen:
            self.refuse("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")


def _texts(value: Any) -> Iterator[str]:
    """Every text in a request's parameters."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, str):
        yield value
