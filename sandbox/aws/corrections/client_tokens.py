"""A client token makes a create happen once; moto makes a second object each time.

https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html
What AWS does with the token of a deleted interface, route table or volume is not published: here it answers
that the object is gone, so that nobody relies on either.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from moto.core.responses import ActionResult

from sandbox.aws.corrections.call import Ec2Call
from sandbox.aws.corrections.instance_lifecycle import GONE

# "At least 24 hours after the termination of the instance."
REMEMBERED_SECONDS = 24 * 3600.0


@dataclass(frozen=True)
class Issued:
    """What a token brought about: the parameters it came with and the answer it got."""

    parameters: str
    answer: Any


class ClientTokens(Ec2Call):
    """Answers a repeated create with what the first one made."""

    def run_instances(self) -> Any:
        def still_there(reservation: Any) -> None:
            if any(instance.state in GONE for instance in reservation.instances):
                self.refuse(
                    "IdempotentInstanceTerminated",
                    "The client token was used by an instance that has been terminated.",
                )

        return self._once(super().run_instances, still_there)

    def create_network_interface(self) -> Any:
        return self._once(
            super().create_network_interface,
            lambda answer: self._known(
                answer["NetworkInterface"], self.ec2_backend.enis, "InvalidNetworkInterfaceID.NotFound"
            ),
        )

    def create_route_table(self) -> Any:
        return self._once(
            super().create_route_table,
            lambda answer: self._known(
                answer["RouteTable"], self.ec2_backend.route_tables, "InvalidRouteTableID.NotFound"
            ),
        )

    def create_volume(self) -> Any:
        return self._once(
            super().create_volume,
            lambda volume: self._known(volume, self.ec2_backend.volumes, "InvalidVolume.NotFound"),
        )

    def _once(self, create: Callable[[], ActionResult], still_there: Callable[[Any], None]) -> ActionResult:
        token = self._get_param("ClientToken")
        if not token:
            return create()
        key = (self._get_action(), str(token))
        asked = dict(self._get_params())
        asked.pop("ClientToken", None)
        parameters = json.dumps(asked, sort_keys=True, default=str)
        issued: Issued | None = self.cloud.tokens.get(key)
        if issued is None:
            result = create()
            self.cloud.tokens[key] = Issued(parameters, result.result)
            return result
        if issued.parameters != parameters:
            self.refuse(
                "IdempotentParameterMismatch",
                f"The client token {token} was used before with other parameters.",
            )
        still_there(issued.answer)
        return ActionResult(issued.answer)

    def _known(self, made: Any, kept: dict[str, Any], code: str) -> None:
        if made.id not in kept:
            self.refuse(
                code, f"The object that this client token made, '{made.id}', does not exist any more."
            )

    def terminate_instances(self) -> Any:
        result = super().terminate_instances()
        ended = {row["InstanceId"] for row in result.result["TerminatingInstances"]}
        for key, issued in self.cloud.tokens.items():
            if key[0] == "RunInstances" and ended & {instance.id for instance in issued.answer.instances}:
                self.cloud.agenda.at(self.cloud.clock.now() + REMEMBERED_SECONDS, self._forgetting(key))
        return result

    def _forgetting(self, key: tuple[str, str]) -> Callable[[], None]:
        tokens = self.cloud.tokens

        def forget() -> None:
            tokens.pop(key, None)

        return forget
