"""The sandbox's two servers as real processes, for tests that drive providers against them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import boto3
import httpx

ROOT = Path(__file__).resolve().parents[2]
LISTENS = re.compile(r"http://127\.0\.0\.1:\d+")
REGION = "us-east-1"


class Server:
    """One server module on a free port; ends with `stop`."""

    def __init__(self, module: str, store: Path, *words: str) -> None:
        self.store = store
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, "--port", "0", "--store", str(store), "--world", "test", *words],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        said = ""
        for line in self.process.stdout:
            said += line
            found = LISTENS.search(line)
            if found:
                self.url = found.group()
                return
        raise AssertionError(f"{module} did not start: {said}")

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)
        assert self.process.stdout is not None
        self.process.stdout.close()


class Aws(Server):
    """The sandbox's AWS, without its delays."""

    def __init__(self, folder: Path) -> None:
        super().__init__("sandbox.aws.server", folder / "aws", "--pace", "0")

    def client(self, service: str, handed: Mapping[str, Any] | None = None) -> Any:
        """A client of the deployer's, or of the session whose credentials STS handed out."""
        keys = handed or {"AccessKeyId": "test", "SecretAccessKey": "test"}
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.url,
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys.get("SessionToken"),
        )


class Exchange(Server):
    """The sandbox's exchange, and what a person does at its key page."""

    def __init__(self, folder: Path) -> None:
        super().__init__("sandbox.exchange.server", folder / "exchange")

    def person(self, method: str, path: str, content: dict[str, Any] | None = None) -> Any:
        token = (self.store / "control.token").read_text().strip()
        answer = httpx.request(
            method, f"{self.url}/_sandbox{path}", json=content, headers={"x-sandbox-token": token}
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    def make_key(
        self, addresses: Sequence[str], permissions: Sequence[str], account: str = "1", *, active: bool = True
    ) -> dict[str, str]:
        """A new key of a fresh account (five is all that one may have); active unless asked otherwise."""
        made: dict[str, str] = self.person(
            "POST",
            f"/accounts/{account}/keys",
            {"label": "bot", "permissions": list(permissions), "whitelist": ",".join(addresses)},
        )
        if active:
            self.activate(made["key"], account)
        return {"key": made["key"], "secret": made["secret"]}

    def activate(self, key: str, account: str = "1") -> None:
        self.person("POST", f"/accounts/{account}/keys/{key}/mail-code")
        mail = self.person("GET", f"/accounts/{account}/mailbox")[-1]["text"]
        code = re.search(r": (\d{6})\.", mail)
        assert code is not None
        self.person("POST", f"/accounts/{account}/keys/{key}/activate", {"code": code[1]})


def endpoints_file(folder: Path, aws: str, cexio: str) -> None:
    """Write what the providers find a running sandbox by."""
    (folder / "endpoints.json").write_text(json.dumps({"world": "test", "aws": aws, "cexio": cexio}))
