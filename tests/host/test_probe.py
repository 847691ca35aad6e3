"""The host's program, run as the host runs it: a bare Python 3.9, isolated, one argument."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as AwsCredentials
from hypothesis import given
from hypothesis import strategies as st

from cexio import rawtext
from cexio.measurement import key_mark, measurement_from_host
from cexio.probes import probe_plan
from cexio.signing import rest_signature, websocket_signature
from host import probe
from tests.cexio.tiny_exchange import FAULTS, closed_port, http, tiny_exchange
from tests.host.in_process import run_probe
from tests.host.tiny_aws import ROLE, TinyAws, tiny_aws

PROGRAM = Path(probe.__file__)
KEY, SECRET = "canary-key-0123456789", "canary/secret+0123456789=="
VALUE = {"key": KEY, "secret": SECRET}
PLAN = probe_plan("bot", "BTC-USD", 1_700_000_000_000, "n1")
TIME = (200, {"ok": "ok", "data": {"timestamp": 1_000_000_000_000}})

ECHOES: list[Callable[[str], str]] = [
    str,
    str.lower,
    str.upper,
    lambda value: json.dumps(value)[1:-1],
    lambda value: value.replace("/", "\\/"),
    lambda value: value.replace("+", "\\u002B").replace("/", "\\u002F").replace("=", "\\u003d"),
    lambda value: value.replace("+", "\\u002B"),
    lambda value: value.replace("+", "\\\\u002b").replace("/", "\\\\/"),
    lambda value: quote(value, safe=""),
    lambda value: quote(value, safe="").lower(),
    quote,
    lambda value: value.replace("+", "&#43;").replace("/", "&#x2F;").replace("=", "&#x3d;"),
]
DOCUMENTS = st.recursive(
    st.none() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def python39() -> str | None:
    """The host's Python: on PATH, or among pyenv's."""
    found = shutil.which("python3.9")
    if found and subprocess.run([found, "-c", ""], capture_output=True, check=False).returncode == 0:
        return found
    if shutil.which("pyenv") is None:
        return None
    roots = subprocess.run(["pyenv", "root"], capture_output=True, text=True, check=False).stdout.strip()
    return next((str(each) for each in sorted(Path(roots, "versions").glob("3.9*/bin/python3.9"))), None)


PYTHON39 = python39()


def argument(exchange: str, **changes: Any) -> str:
    plan = {
        "v": 1,
        "secretArn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:bot-AbCdEf",
        "versionId": None,
        "versionStage": "AWSPENDING",
        "region": "us-east-1",
        "cexio": exchange,
        "probes": [each.model_dump() for each in PLAN],
        "maxText": 600,
        **changes,
    }
    return base64.b64encode(json.dumps(plan).encode()).decode()


def run(aws: TinyAws, text: str, python: str = sys.executable) -> str:
    environment = {"AWS_EC2_METADATA_SERVICE_ENDPOINT": aws.url, "AWS_ENDPOINT_URL": aws.url}
    done = subprocess.run(
        [python, "-I", str(PROGRAM), text],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == 1
    assert len(done.stdout) < 20_000
    assert "canary" not in done.stdout
    assert ROLE["SecretAccessKey"] not in done.stdout
    return done.stdout


class TestItProvesTheBotsOwnPath:
    """A proof taken with other hands than the bot's (other role, other address) proves nothing for it."""

    @pytest.mark.parametrize(
        "python",
        [
            pytest.param(
                PYTHON39,
                marks=pytest.mark.skipif(PYTHON39 is None, reason="no Python 3.9 on this machine"),
                id="3.9",
            ),
            pytest.param(sys.executable, id="own"),
        ],
    )
    def test_every_probe_is_signed_sent_and_reported(self, python: str) -> None:
        fine = (200, {"ok": "ok", "data": []})
        replies = {"get_server_time": TIME, "get_my_current_fee": fine, "get_my_orders": fine}
        with tiny_exchange(replies) as exchange, tiny_aws(VALUE) as aws:
            output = run(aws, argument(exchange.base_url), python)
        found = measurement_from_host(output, PLAN, "203.0.113.7")
        assert (found.ready, found.problem) == (True, None)
        assert [each.probe for each in found.answers] == [
            each.name for each in PLAN if each.after != "refused"
        ]
        assert found.mark == key_mark(KEY, SECRET)
        assert found.answer("orders").text == '{"ok": "ok", "data": []}'
        assert found.answer("balance").status == 404
        assert found.clock_skew_s > 1e6
        for action, headers, body, _ in exchange.seen:
            if action not in ("get_server_time", "ws"):
                stamp = int(headers["x-aggr-timestamp"])
                assert headers["x-aggr-signature"] == rest_signature(SECRET, action, stamp, body)
                assert headers["x-aggr-key"] == KEY
                assert b"$NOW" not in body

    def test_with_a_key_that_is_refused_no_order_and_no_transfer_is_sent(self) -> None:
        refused = (401, {"error": "Authorization Failed"})
        with tiny_exchange({"get_my_current_fee": refused}) as exchange, tiny_aws(VALUE) as aws:
            found = measurement_from_host(run(aws, argument(exchange.base_url)), PLAN, None)
        assert [each.probe for each in found.answers] == [
            each.name for each in PLAN if each.after != "accepted"
        ]
        sent = [action for action, *_ in exchange.seen if action.startswith("do_")]
        assert sent == ["do_cancel_my_order"]

    def test_the_secret_is_read_with_the_roles_own_signature(self) -> None:
        with tiny_exchange({}) as exchange, tiny_aws(VALUE) as aws:
            run(aws, argument(exchange.base_url, versionId="v" * 32))
        path, headers, body = aws.seen[-1]
        assert json.loads(body) == {
            "SecretId": "arn:aws:secretsmanager:us-east-1:123456789012:secret:bot-AbCdEf",
            "VersionId": "v" * 32,
            "VersionStage": "AWSPENDING",
        }
        signed = headers["authorization"].split("SignedHeaders=")[1].split(",")[0].split(";")
        request = AWSRequest(
            "POST",
            aws.url + path,
            data=body,
            headers={name: headers[name] for name in signed if name != "host"},
        )
        request.context["timestamp"] = headers["x-amz-date"]
        stamp = datetime.strptime(headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
        assert abs((datetime.now(timezone.utc) - stamp).total_seconds()) < 60
        credentials = AwsCredentials(ROLE["AccessKeyId"], ROLE["SecretAccessKey"], ROLE["Token"])
        signer = SigV4Auth(credentials, "secretsmanager", "us-east-1")
        canonical = signer.canonical_request(request)
        signature = signer.signature(signer.string_to_sign(request, canonical), request)
        assert headers["authorization"].endswith(f"Signature={signature}")

    def test_its_signatures_are_the_clients(self) -> None:
        body = b'{"pageSize":1}'
        assert probe.rest_signature(SECRET, "get_my_orders", 7, body) == rest_signature(
            SECRET, "get_my_orders", 7, body
        )
        assert probe.websocket_signature(SECRET, 7, KEY) == websocket_signature(SECRET, 7, KEY)


class TestItsFaultsAreOneLine:
    """A command's output is kept for a month where many can read it: no traceback, no secret."""

    def problem(self, aws: TinyAws, text: str) -> tuple[str | None, str | None]:
        found = measurement_from_host(run(aws, text), PLAN, None)
        assert not found.ready
        return found.stage, found.problem

    def test_a_placeholder_awaits_its_key_and_public_calls_still_run(self) -> None:
        with (
            tiny_exchange({"get_server_time": TIME}) as exchange,
            tiny_aws({"status": "awaiting key"}) as aws,
        ):
            output = run(aws, argument(exchange.base_url))
        assert [each["probe"] for each in json.loads(output)["answers"]] == ["clock", "public"]
        found = measurement_from_host(output, PLAN, None)
        assert (found.ready, found.stage, found.problem) == (False, "secret", "awaiting key")

    @pytest.mark.parametrize(
        "value", [{}, [], {"key": KEY}, {"key": KEY, "secret": ""}, {"key": 1, "secret": 2}]
    )
    def test_a_secret_of_another_shape_is_told(self, value: Any) -> None:
        with tiny_aws(value) as aws:
            stage, text = self.problem(aws, argument(closed_port()))
        assert stage == "secret"
        assert "secret's value" in str(text)

    def test_a_missing_version_is_told_by_its_aws_name(self) -> None:
        missing = {"__type": "ResourceNotFoundException", "Message": "canary can't find"}
        with tiny_aws(secret=(400, missing)) as aws:
            assert self.problem(aws, argument(closed_port())) == (
                "secret",
                "GetSecretValue: HTTP 400 ResourceNotFoundException",
            )

    def test_no_metadata_is_told(self) -> None:
        with tiny_aws(VALUE, metadata=403) as aws:
            assert self.problem(aws, argument(closed_port())) == ("metadata", "IMDSv2 token: HTTP 403")

    @pytest.mark.parametrize("text", ["", "%%%", "e30=", base64.b64encode(b"[1]").decode()])
    def test_an_argument_that_is_no_plan_is_told(self, text: str) -> None:
        with tiny_aws(VALUE) as aws:
            assert self.problem(aws, text)[0] == "argument"

    def test_a_plan_of_another_version_is_told(self) -> None:
        with tiny_aws(VALUE) as aws:
            assert self.problem(aws, argument(closed_port(), v=2))[0] == "argument"

    def test_a_fault_of_the_program_is_named_by_its_kind_alone(self) -> None:
        with tiny_aws(VALUE) as aws:
            stage, text = self.problem(aws, argument(closed_port(), probes=[{"canary": 1}]))
        assert (stage, text) == ("program", "fault of the probe program: KeyError")

    def test_an_exchange_that_is_not_there_is_silence_on_every_probe(self) -> None:
        with tiny_aws(VALUE) as aws:
            found = measurement_from_host(run(aws, argument(closed_port())), PLAN, None)
        assert found.ready
        assert {each.fault for each in found.answers} == {"refused"}

    @pytest.mark.parametrize("name", FAULTS)
    def test_an_exchange_that_misbehaves_is_a_fault(self, name: str) -> None:
        reply, fault = FAULTS[name]
        asked = {"name": "orders", "channel": "private", "action": "get_my_orders", "body": "{}"}
        with tiny_exchange({"get_my_orders": reply}) as exchange:
            row, _ = run_probe(asked, exchange.base_url, (KEY, SECRET), 0.4)
        assert row["fault"] == fault


class TestItsTimeIsUp:
    """An order sent with a millisecond to live has its answer thrown away, and its cancel never goes out."""

    def test_nothing_is_sent_any_more(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with tiny_exchange({}) as exchange:
            found = in_process(exchange.base_url, monkeypatch, seconds=0)
            assert (found["answers"], exchange.seen) == ([], [])

    def test_no_order_goes_out_that_leaves_no_time_for_its_cancel(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fine = (200, {"ok": "ok", "data": {}})
        replies = {"get_server_time": TIME, "get_my_current_fee": fine}
        with tiny_exchange(replies) as exchange:
            found = in_process(exchange.base_url, monkeypatch, seconds=probe.PROBE_SECONDS)
            sent = [action for action, *_ in exchange.seen]
        assert "do_my_new_order" not in sent
        assert "do_cancel_my_order" in sent
        assert found["problem"] is None

    def test_an_alarm_that_rings_as_it_is_switched_off_voids_no_report(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        real = probe.signal.setitimer

        def late(which: Any, seconds: float) -> Any:
            real(which, 0)
            if not seconds:
                probe.out_of_time()

        monkeypatch.setattr(probe.signal, "setitimer", late)
        asked = {"name": "clock", "channel": "public", "action": "get_server_time", "body": "{}"}
        with tiny_exchange({"get_server_time": TIME}) as exchange:
            row, text, _, _ = probe.run(asked, exchange.base_url, None, 5.0)
        assert (row["status"], row["fault"], text) == (None, "timeout", "")


def in_process(exchange: str, monkeypatch: pytest.MonkeyPatch, seconds: float) -> Any:
    """The report of a run that has so many seconds for its probes."""
    monkeypatch.setattr(probe, "api_key", lambda _: (KEY, SECRET))
    monkeypatch.setattr(probe, "TOTAL_SECONDS", seconds)
    return json.loads(probe.main(argument(exchange)))


class TestItsReportIsBoundedAndClean:
    """SSM cuts an output at 24,000 characters without a word, and keeps it."""

    def test_an_echo_of_the_key_is_hidden(self) -> None:
        def echo(connection: Any) -> None:
            _, headers, _, _ = exchange.seen[-1]
            connection.sendall(http(401, json.dumps({"error": " ".join(headers.values())})))

        with tiny_exchange({"get_my_orders": echo}) as exchange, tiny_aws(VALUE) as aws:
            output = run(aws, argument(exchange.base_url))
        assert "[hidden]" in output
        assert not [
            each
            for _, headers, *_ in exchange.seen
            if (each := headers.get("x-aggr-signature")) and each in output
        ]

    def test_long_answers_are_cut_until_the_report_fits(self) -> None:
        replies = {each.action: (200, {"ok": "ok", "data": "\u20ac" * 9000}) for each in PLAN}
        with tiny_exchange(replies) as exchange, tiny_aws(VALUE) as aws:
            output = run(aws, argument(exchange.base_url))
        found = measurement_from_host(output, PLAN, None)
        assert found.ready
        assert all(each.cut for each in found.answers if each.probe != "websocket")
        assert found.answer("orders").document()["ok"] == "ok"

    @given(st.binary(max_size=300) | st.text().map(lambda text: json.dumps({"error": text}).encode()))
    def test_its_cleaning_is_the_clients(self, body: bytes) -> None:
        hide = (KEY, SECRET)
        text = rawtext.printable(body + SECRET.encode(), hide)
        assert probe.printable(body + SECRET.encode(), hide) == text
        assert SECRET not in text
        for limit in (0, 20, 600):
            assert probe.shortened(text, limit) == rawtext.shortened(text, limit)

    @given(st.sampled_from(ECHOES), st.sampled_from([KEY, SECRET]))
    def test_no_way_to_write_a_value_gets_past_it(self, echo: Callable[[str], str], value: str) -> None:
        body = f'{{"error": "got {echo(value)} from you"}}'.encode()
        for clean in (probe.printable, rawtext.printable):
            text = clean(body, (KEY, SECRET))
            assert text.replace("\\", "") == '{"error": "got [hidden] from you"}'

    def test_a_hostile_body_takes_no_time(self) -> None:
        for body in (b"\\" * 300_000, b"01234567" * 40_000, KEY[:-1].encode() * 15_000, b"canary" * 50_000):
            assert rawtext.printable(body, (KEY, SECRET)) == body.decode()

    @given(
        st.recursive(
            st.none() | st.integers() | st.floats() | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        )
    )
    def test_its_heads_are_the_clients(self, document: Any) -> None:
        text = json.dumps(document)
        assert json.dumps(probe.head(text)) == json.dumps(rawtext.head(text))
