"""providers/endpoints.py: which addresses a stack may reach."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from providers.endpoints import Endpoints, endpoints_from, guard
from providers.errors import EndpointRefused, SandboxNotRunning
from tests.providers.aws.world import OBJECTS, Engine
from tests.providers.dynamic_server import CallFailed

LOOPBACK = [
    "http://127.0.0.1:5000",
    "http://127.9.8.7",
    "http://localhost:1",
    "https://[::1]:4",
    "http://LOCALHOST",
]
ELSEWHERE = [
    "https://trade.cex.io",
    "https://ec2.us-east-1.amazonaws.com",
    "http://127.0.0.1.example.com",
    "http://10.0.0.1",
    "http://localhost@203.0.113.7",
    "http://128.0.0.1",
]


class TestGuard:
    """A rehearsal that reached a real account, or a real stack that talked to an emulator, did real harm."""

    @pytest.mark.parametrize("url", LOOPBACK)
    def test_loopback_is_for_the_sandbox_alone(self, url: str) -> None:
        guard(url, sandbox=True)
        with pytest.raises(EndpointRefused, match="not of the sandbox"):
            guard(url, sandbox=False)

    @pytest.mark.parametrize("url", ELSEWHERE)
    def test_the_world_is_for_real_stacks_alone(self, url: str) -> None:
        guard(url, sandbox=False)
        with pytest.raises(EndpointRefused, match="of the sandbox"):
            guard(url, sandbox=True)

    @pytest.mark.parametrize(
        "url", ["", "trade.cex.io", "file:///etc", "http://", "http://x:port", "http://[::1"]
    )
    def test_what_is_no_url_is_refused_under_either(self, url: str) -> None:
        for sandbox in (True, False):
            with pytest.raises(EndpointRefused, match="http or https URL"):
                guard(url, sandbox=sandbox)

    @pytest.mark.parametrize(
        "settings",
        [
            {
                "sandbox": "true",
                "awsEndpoint": "https://ec2.amazonaws.com",
                "cexioEndpoint": "http://127.0.0.1:1",
            },
            {"sandbox": "true", "awsEndpoint": "http://127.0.0.1:1", "cexioEndpoint": "https://trade.cex.io"},
            {"awsEndpoint": "http://127.0.0.1:1"},
            {"sandbox": "false", "cexioEndpoint": "http://localhost:1"},
        ],
    )
    def test_settings_that_mix_the_two_are_refused(self, settings: dict[str, str]) -> None:
        with pytest.raises(EndpointRefused):
            endpoints_from(settings.get)

    @pytest.mark.parametrize("url", ["http://10.0.0.1", "http://exchange.test", "https://u:p@exchange.test"])
    def test_a_real_stack_sends_no_key_in_plain_text_nor_with_a_password_in_the_url(self, url: str) -> None:
        with pytest.raises(EndpointRefused, match=r"cexio-bot:cexioEndpoint: "):
            endpoints_from({"cexioEndpoint": url}.get)

    def test_an_endpoint_from_the_environment_is_guarded_too(self, tmp_path: Path) -> None:
        engine = Engine({}, {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"})
        try:
            news = {"owner": "a/b/c", "cidr": "10.0.0.0/24"}
            inputs, _ = engine.check(OBJECTS["Vpc"].provider, news)
            with pytest.raises(CallFailed, match=r"EndpointRefused.*not of the sandbox"):
                engine.create(inputs)
        finally:
            engine.stop()


class TestWhereToGo:
    """A stack that guessed its endpoints went on against a world that was gone."""

    def test_a_real_stack_goes_to_the_exchange_and_to_aws(self) -> None:
        assert endpoints_from({"region": "eu-west-1"}.get) == Endpoints(
            sandbox=False, region="eu-west-1", aws=None, cexio="https://trade.cex.io"
        )

    def test_a_sandbox_stack_finds_the_running_world(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("CEXIO_BOT_SANDBOX_DIR", str(tmp_path))
        world = {"world": "w", "aws": "http://127.0.0.1:1", "cexio": "http://127.0.0.1:2/", "pages": "later"}
        (tmp_path / "endpoints.json").write_text(json.dumps(world))
        found = endpoints_from({"sandbox": "true"}.get)
        assert (found.aws, found.cexio) == ("http://127.0.0.1:1", "http://127.0.0.1:2")

    @pytest.mark.parametrize("text", [None, "", "{", "[]", '{"aws": "http://127.0.0.1:1"}'])
    def test_without_one_it_says_how_to_start_it(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None
    ) -> None:
        monkeypatch.setenv("CEXIO_BOT_SANDBOX_DIR", str(tmp_path))
        if text is not None:
            (tmp_path / "endpoints.json").write_text(text)
        with pytest.raises(SandboxNotRunning, match="`make up` starts one"):
            endpoints_from({"sandbox": "true"}.get)

    def test_the_operator_sees_that_as_one_line(self, tmp_path: Path) -> None:
        engine = Engine({"cexio-bot:sandbox": "true"}, {"CEXIO_BOT_SANDBOX_DIR": str(tmp_path)})
        try:
            with pytest.raises(CallFailed) as failed:
                engine.check(OBJECTS["Vpc"].provider, {"owner": "a/b/c", "cidr": "10.0.0.0/24"})
        finally:
            engine.stop()
        assert str(failed.value).strip() == ("SandboxNotRunning: no sandbox running: `make up` starts one")
