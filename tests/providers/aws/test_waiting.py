"""providers/aws/waiting.py: every wait has an end, and two at a time are enough."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from botocore.exceptions import ClientError

from providers.aws.waiting import code_in, persistently, removed, wait_for
from providers.errors import StillBusy


def refusal(code: str) -> ClientError:
    answer: Any = {"Error": {"Code": code, "Message": ""}, "ResponseMetadata": {"HTTPStatusCode": 400}}
    return ClientError(answer, "Call")


class TestEnd:
    """A wait without an end held the provider until somebody killed it, in the middle of a create."""

    def test_a_wait_that_is_not_met_names_what_it_waited_for(self) -> None:
        with pytest.raises(StillBusy, match=r"the gateway took more than 0 s.*run the same command again"):
            wait_for(lambda: None, "the gateway", 0.3)

    def test_a_refusal_that_does_not_pass_is_told_as_aws_told_it(self) -> None:
        def call() -> None:
            raise refusal("DependencyViolation")

        with pytest.raises(ClientError, match="DependencyViolation"):
            persistently(call, code_in("DependencyViolation"), 0.3)

    def test_a_refusal_of_another_kind_is_not_repeated(self) -> None:
        calls = []

        def call() -> None:
            calls.append(1)
            raise refusal("UnauthorizedOperation")

        with pytest.raises(ClientError):
            removed(call, 60.0)
        assert len(calls) == 1

    def test_a_delete_is_repeated_while_something_uses_the_object_until_it_is_gone(self) -> None:
        answers = [
            refusal("DependencyViolation"),
            refusal("DependencyViolation"),
            refusal("InvalidVpcID.NotFound"),
        ]

        def call() -> None:
            raise answers.pop(0)

        removed(call, 60.0)
        assert answers == []


class TestTwoPlaces:
    """Four hosts that started at once took all four threads, and the preview of the rest stood still."""

    def test_a_third_wait_asks_no_second_time_while_two_others_wait(self) -> None:
        waiting, release = threading.Barrier(3), threading.Event()  # two waiters and this test

        def waiter() -> None:
            looks = 0

            def look() -> bool | None:
                nonlocal looks
                looks += 1
                if looks == 1:
                    return None  # the first look needs no place
                waiting.wait(10)
                release.wait(10)
                return True

            wait_for(look, "a host", 30.0)

        threads = [threading.Thread(target=waiter) for _ in range(2)]
        for thread in threads:
            thread.start()
        waiting.wait(10)
        asked: list[int] = []
        with pytest.raises(StillBusy, match="two other waits took all the time"):
            wait_for(lambda: asked.append(1), "a third host", 0.5)
        assert asked == [1]
        release.set()
        for thread in threads:
            thread.join(20)
        assert wait_for(lambda: True if len(asked) > 1 else asked.append(1), "a place", 10.0)
