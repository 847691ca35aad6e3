"""providers/cexio/proof.py: what a failing AWS leaves of a proof in which an order may have been sent."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from cexio.judgement import Expectation
from cexio.proving import prove
from providers.aws.run_command import HostNotReady, RunCommand
from providers.cexio.proof import Subject, from_host
from providers.errors import Throttled

EXPECTED = Expectation(addresses=("203.0.113.7",), account_id="bot")
SUBJECT = Subject(
    secret_arn="arn",
    version="v",
    region="eu-west-1",
    exchange="http://127.0.0.1:9",
    pair="BTC-USD",
    expected=EXPECTED,
    confirmations=(),
)
THROTTLED = ClientError(
    {"Error": {"Code": "ThrottlingException", "Message": "Rate exceeded"}}, "DescribeInstanceInformation"
)


class Host(RunCommand):
    """Each command ends as told: an output, or an error."""

    def __init__(self, *ends: Any) -> None:
        self.ends = list(ends)

    def output(self, line: str) -> str:
        end = self.ends.pop(0)
        if isinstance(end, Exception):
            raise end
        return str(end)


class TestTheAlarmIsToldBeforeAwss:
    """The operator read `ThrottlingException`, ran it again, and had two orders."""

    @pytest.mark.parametrize(
        "first", ["{cut", "", HostNotReady("command", "i-1: not done in time", may_have_run=True)]
    )
    def test_a_report_that_is_lost_and_an_aws_that_refuses_the_look(self, first: Any) -> None:
        found = prove(EXPECTED, "BTC-USD", from_host(SUBJECT, Host(first, THROTTLED)), None)
        assert found.alarm
        assert found.line.startswith("ALARM")
        assert "host at 203.0.113.7: DescribeInstanceInformation" in found.line
        assert "the key is not in this process" in found.line

    def test_where_no_command_ran_there_is_none_and_awss_error_is_raised(self) -> None:
        unheard = HostNotReady("agent", "i-1: its agent never came online")
        assert not prove(EXPECTED, "BTC-USD", from_host(SUBJECT, Host(unheard)), None).alarm
        with pytest.raises(Throttled, match="host at 203"):
            prove(EXPECTED, "BTC-USD", from_host(SUBJECT, Host(THROTTLED)), None)
