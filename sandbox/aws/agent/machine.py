"""The machine behind an instance: files, metadata service, programs, and whether its agent is online."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from datetime import datetime, timedelta, timezone
from typing import Any

from sandbox.aws.agent import programs, user_data
from sandbox.aws.agent.metadata_service import MetadataService
from sandbox.aws.cloud import ACCOUNT, REGION, Cloud, RoleSession, role_documents
from sandbox.aws.policy_evaluation import Decision, decide

# A host of this project is registered about a second after its launch; on AWS it takes 20 to 90.
BOOT_SECONDS = 0.4
REGISTER_SECONDS = 0.6
REGISTER_ACTION = "ssm:UpdateInstanceInformation"


class Machine:
    """Made at launch, destroyed at termination. Its files lie in `<store>/instances/<id>/root`."""

    def __init__(self, cloud: Cloud, instance: Any) -> None:
        self.cloud = cloud
        self.instance = instance
        self.folder = cloud.store / "instances" / instance.id
        self.root = self.folder / "root"
        self.boot_log: list[str] = []
        self.online = False
        self._boots = 0
        self._running: dict[subprocess.Popen[bytes], str] = {}
        self._session: RoleSession | None = None
        self.metadata = MetadataService(self)
        self._first_boot()

    def _first_boot(self) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        try:
            written = user_data.write_files(self.user_data(), self.root) if self.user_data() else []
            self._log(*(f"wrote {path}" for path in written))
        except (user_data.UnreadableUserDataError, OSError) as fault:
            self._log(f"cloud-init: {fault}")

    def _log(self, *lines: str) -> None:
        self.boot_log += lines
        (self.folder / "boot.log").write_text("\n".join([*self.boot_log, ""]))

    def user_data(self) -> bytes:
        return base64.b64decode(str(self.instance.user_data)) if self.instance.user_data else b""

    def power_on(self) -> None:
        """The agent registers a moment from now, unless the machine goes off before."""
        self._boots += 1
        boot = self._boots

        def register() -> None:
            if boot != self._boots:
                return
            role = self.cloud.role(self.instance)
            documents = role_documents(role) if role else []
            self.online = decide(documents, REGISTER_ACTION, "*", {}) is Decision.ALLOWED
            if not self.online:
                # A real agent tries again after half an hour or more.
                self._log(f"ssm agent: the instance's role does not allow {REGISTER_ACTION}; not registered")

        self.cloud.agenda.after(REGISTER_SECONDS, register)

    def power_off(self) -> None:
        self._boots += 1
        self.online = False
        self.end_programs()

    def destroy(self) -> None:
        """Power off for good; the disk goes too."""
        self.power_off()
        self.metadata.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.cloud.machines.pop(self.instance.id, None)

    def end_programs(self, command_id: str | None = None) -> None:
        """Kill what runs here, or only what that command started."""
        for process, started_by in list(self._running.items()):
            if command_id in (None, started_by):
                programs.end(process)

    def run(self, program: programs.Program, timeout: float, command_id: str) -> programs.Ending:
        """Run it to its end; Elastic IP and endpoints are those of this moment."""
        address = self.cloud.elastic_ip(self.instance)
        environment = {
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": self.metadata.endpoint,
            "AWS_ENDPOINT_URL": self.cloud.endpoint,
        }
        started: list[subprocess.Popen[bytes]] = []

        def remember(process: subprocess.Popen[bytes]) -> None:
            started.append(process)
            self._running[process] = command_id

        try:
            return programs.run(program, self.root, address, environment, timeout, remember)
        finally:
            for process in started:
                self._running.pop(process, None)

    # What the metadata service asks (metadata_service.Facts).

    def now(self) -> float:
        return self.cloud.clock.now()

    def settings(self) -> tuple[bool, bool]:
        options = self.instance.metadata_options
        return options.http_endpoint == "enabled", options.http_tokens == "required"

    def role_name(self) -> str | None:
        role = self.cloud.role(self.instance)
        return str(role.name) if role else None

    def credentials(self) -> dict[str, str]:
        role_name = str(self.role_name())
        with self.cloud.turn:
            session = self._session
            # Renewed while the old ones still hold for a while, as on AWS.
            if session is None or session.role_name != role_name or session.expires_at - self.now() < 1800:
                session = self._session = self.cloud.open_session(role_name, self.instance.id)
        today = datetime.now(timezone.utc)
        return {
            "Code": "Success",
            "LastUpdated": f"{today:%Y-%m-%dT%H:%M:%SZ}",
            "Type": "AWS-HMAC",
            "AccessKeyId": session.access_key_id,
            "SecretAccessKey": session.secret_key,
            "Token": session.token,
            "Expiration": f"{today + timedelta(seconds=session.expires_at - self.now()):%Y-%m-%dT%H:%M:%SZ}",
        }

    def identity(self) -> dict[str, str]:
        instance = self.instance
        document = {
            "accountId": ACCOUNT,
            "architecture": instance.architecture,
            "availabilityZone": instance.availability_zone,
            "imageId": instance.image_id,
            "instanceId": instance.id,
            "instanceType": instance.instance_type,
            "privateIp": instance.private_ip,
            "region": REGION,
        }
        texts = {
            "meta-data/instance-id": instance.id,
            "meta-data/ami-id": instance.image_id,
            "meta-data/instance-type": instance.instance_type,
            "meta-data/local-ipv4": instance.private_ip,
            "meta-data/public-ipv4": self.cloud.elastic_ip(instance),
            "meta-data/placement/region": REGION,
            "meta-data/placement/availability-zone": instance.availability_zone,
            "meta-data/iam/info": self._profile_info(),
            "dynamic/instance-identity/document": json.dumps(document),
            "user-data": self.user_data().decode(errors="replace") or None,
        }
        return {path: text for path, text in texts.items() if text is not None}

    def _profile_info(self) -> str | None:
        arn = (self.instance.iam_instance_profile or {}).get("Arn")
        return json.dumps({"Code": "Success", "InstanceProfileArn": arn}) if arn else None
