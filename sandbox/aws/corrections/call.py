"""What every corrected call shares: one at a time, due changes first, plain refusals.

The bases join this to moto's response class of each service; a correction extends one of them and calls
`super()` where moto's own answer is right.
"""

from __future__ import annotations

import re
from typing import Any, ClassVar, NoReturn

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, BaseResponse
from moto.ec2.responses import EC2Response
from moto.iam.responses import IamResponse
from moto.secretsmanager.responses import SecretsManagerResponse
from moto.servicequotas.responses import ServiceQuotasResponse
from moto.ssm.responses import SimpleSystemManagerResponse
from moto.sts.responses import TokenResponse

from sandbox.aws.cloud import Cloud

_REQUEST_ID = re.compile(r"(?<=<requestId>)request-id|(?<=<RequestID>)request-id")


class Refusal(ServiceException):  # type: ignore[misc]
    """An error answer with AWS's code and text, in the form that the service speaks."""


class Call(BaseResponse):  # type: ignore[misc]
    """One API call. `admit` is asked before moto sees the call and refuses what may not pass."""

    cloud: ClassVar[Cloud]

    def admit(self) -> None:
        return None

    def refuse(self, code: str, message: str) -> NoReturn:
        raise Refusal(code, message)

    @staticmethod
    def _enrich_response(headers: Any, body: Any) -> Any:
        """As moto's, and EC2's own spelling of the request's id: there it is the same for every call."""
        headers, body = BaseResponse._enrich_response(headers, body)  # noqa: SLF001  moto's own hook
        request_id = next(value for name, value in headers.items() if name.lower() == "x-amzn-requestid")
        if isinstance(body, str):
            body = _REQUEST_ID.sub(request_id, body)
        return headers, body

    def _refused(self, refusal: Refusal) -> Any:
        status, headers, body = self.serialized(ActionResult(refusal))
        return status, *self._enrich_response(headers, body)

    def call_action(self) -> Any:
        with self.cloud.turn:
            self.cloud.agenda.settle()
            try:
                self.admit()
                return super().call_action()
            except Refusal as refusal:
                return self._refused(refusal)
            except NotImplementedError as gap:
                # moto's HTML page with status 500 is repeated by botocore and looks like a flake.
                text = f"the sandbox's AWS does not answer this call: {gap}"
                return self._refused(Refusal("UnsupportedOperation", text))


class Ec2Call(Call, EC2Response):  # type: ignore[misc]
    """A call to EC2."""


class IamCall(Call, IamResponse):  # type: ignore[misc]
    """A call to IAM."""


class SecretsCall(Call, SecretsManagerResponse):  # type: ignore[misc]
    """A call to Secrets Manager."""


class ServiceQuotasCall(Call, ServiceQuotasResponse):  # type: ignore[misc]
    """A call to Service Quotas."""


class SsmCall(Call, SimpleSystemManagerResponse):  # type: ignore[misc]
    """A call to Systems Manager."""


class StsCall(Call, TokenResponse):  # type: ignore[misc]
    """A call to STS."""
