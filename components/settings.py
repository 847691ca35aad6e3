"""The stack's settings: one model, read once from Pulumi config, namespace `cexio-bot`.

All faults of a configuration are told at once, a line each: the setting's name, what is wrong with it, and
the command that mends it. No value is ever shown, as people paste secrets into the wrong field; and a secret
found in the configuration is refused, as Pulumi would keep it in the stack's file, its state and its history.

Does not read the key that is offered (providers/cexio/offered_key.py), nor ask AWS whether a region exists.

Errors: SettingsError (a pulumi.RunError, so that the engine shows its text and no traceback).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import date
from ipaddress import IPv4Network
from typing import Annotated, Any

import pulumi
from pulumi.runtime.config import CONFIG, is_config_secret
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic.alias_generators import to_camel

from components.statements import Statement
from components.tags import checked_tags
from components.whitelist_addresses import ExtraAddress, WhitelistAddress, one_line
from providers.aws.deployers import checked_deployers
from providers.aws.plan import HOST, INSTANCE_TYPE, architecture_of
from providers.aws.regions import advice
from providers.endpoints import REGION

NAMESPACE = "cexio-bot"
SECRET_NAMES = re.compile(r"secret|api_?-?key|^key$|password|passphrase|credential|token|private", re.I)
OFFER_IT = "offer the key with CEXIO_KEY_FILE (a file of mode 0600) instead, and treat this one as exposed"


class SettingsError(pulumi.RunError):
    """The configuration cannot be used; the text has a line for each fault."""


def _from_json(value: Any) -> Any:
    """Pulumi hands over lists and objects as JSON text."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise ValueError("is not JSON") from None


def _true_or_false(value: Any) -> Any:
    if value in (True, False, "true", "false"):
        return value
    raise ValueError("must be true or false")


def _ipv4_network(value: str) -> str:
    try:
        network = IPv4Network(value)
    except ValueError:
        raise ValueError("is not an IPv4 network, written as address/length") from None
    if not (network.is_private and 16 <= network.prefixlen <= 25):
        raise ValueError("must be a private network of length 16 to 25, as each zone gets an eighth of it")
    return str(network)


def _confirmation(value: str) -> str:
    fingerprint, _, day = value.partition(" ")
    if not re.fullmatch(r"[0-9a-f]{12,64}", fingerprint):
        raise ValueError(
            "must begin with 12 or more characters of the key's fingerprint, as the refusal told it"
        )
    try:
        date.fromisoformat(day.strip())
    except ValueError:
        raise ValueError("must end with the day you looked, as YYYY-MM-DD") from None
    return f"{fingerprint} {day.strip()}"


Confirmation = Annotated[str, AfterValidator(_confirmation)]
HttpUrl = Annotated[str, Field(pattern=r"^https?://[^/?#\s]+(:\d+)?/?$")]

_MODEL = ConfigDict(
    frozen=True, extra="forbid", hide_input_in_errors=True, alias_generator=to_camel, validate_by_name=True
)


class Settings(BaseModel):
    """What an operator can set, under the names of `pulumi config set cexio-bot:<name>`.

    A description completes "must be ..."; the example completes the command that mends a fault.
    """

    model_config = _MODEL

    sandbox: Annotated[bool, BeforeValidator(_true_or_false)] = Field(default=False, examples=["true"])
    region: str = Field(
        default=REGION,
        pattern=r"^[a-z]{2}(-[a-z]+)+-\d$",
        description="an AWS region",
        examples=["eu-west-1"],
    )
    availability_zone: str | None = Field(
        default=None,
        pattern=r"^[a-z]{2}(-[a-z]+)+-\d[a-g]$",
        description="an availability zone of the region",
        examples=["eu-west-1a"],
    )
    host: str = Field(
        default=HOST,
        pattern=r"^[a-z][a-z0-9]{0,15}$",
        description="a short name of small letters and digits",
        examples=["bot"],
    )
    account_id: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9_-]{1,255}$",
        description="the name of a sub-account on the exchange: letters, digits, _ and -",
        examples=["bot"],
    )
    pair: str = Field(
        default="BTC-USD",
        pattern=r"^[A-Z0-9]{2,12}-[A-Z0-9]{2,12}$",
        description="a trading pair of the exchange",
        examples=["BTC-USD"],
    )
    label: str = Field(
        default="Gunbot_Trading",
        pattern=r"^[A-Za-z0-9][\w .-]{2,63}$",
        description="a label for the key of 3 to 64 letters, digits, spaces and _ . -",
        examples=["Gunbot_Trading"],
    )
    trading_limits: Annotated[str, AfterValidator(one_line)] = Field(
        default="not offered", min_length=1, max_length=500, examples=["'not offered'"]
    )
    extra_addresses: Annotated[tuple[ExtraAddress, ...], BeforeValidator(_from_json)] = Field(
        default=(), max_length=20, examples=["""'[{"address": "ADDRESS", "reason": "WHY"}]'"""]
    )
    review_every: int = Field(default=90, ge=1, le=365, examples=["90"])
    review_request: str | None = Field(
        default=None,
        pattern=r"^[\w.:-]{1,64}$",
        description="a number that has not been used yet",
        examples=["1"],
    )
    withdrawal_confirmed: Confirmation | None = Field(default=None, examples=["'FINGERPRINT YYYY-MM-DD'"])
    whitelist_confirmed: Confirmation | None = Field(default=None, examples=["'FINGERPRINT YYYY-MM-DD'"])
    two_factor_on: Statement | None = Field(default=None, examples=["YYYY-MM-DD"])
    country_eligible: Statement | None = Field(default=None, examples=["YYYY-MM-DD"])
    api_requirements_met: Statement | None = Field(default=None, examples=["YYYY-MM-DD"])
    instance_type: str = Field(
        default=INSTANCE_TYPE,
        pattern=r"^[a-z][a-z0-9-]{1,15}\.[a-z0-9-]{2,20}$",
        description="an EC2 instance type",
        examples=["t4g.micro"],
    )
    image_id: str | None = Field(
        default=None,
        pattern=r"^ami-[0-9a-f]{8,17}$",
        description="the id of an Amazon Linux 2023 image",
        examples=["ami-0123456789abcdef0"],
    )
    refresh_image: str | None = Field(
        default=None,
        pattern=r"^[\w.:-]{1,64}$",
        description="a number that has not been used yet",
        examples=["1"],
    )
    root_volume_gib: int = Field(default=8, ge=8, le=1024, examples=["8"])
    vpc_cidr: Annotated[str, AfterValidator(_ipv4_network)] = Field(
        default="10.60.0.0/24", examples=["10.60.0.0/24"]
    )
    vpc_id: str | None = Field(
        default=None,
        pattern=r"^vpc-[0-9a-f]{8,17}$",
        description="the id of a VPC of yours, with subnetId",
        examples=["vpc-0123456789abcdef0"],
    )
    subnet_id: str | None = Field(
        default=None,
        pattern=r"^subnet-[0-9a-f]{8,17}$",
        description="the id of a public subnet of yours, with vpcId",
        examples=["subnet-0123456789abcdef0"],
    )
    allocation_id: str | None = Field(
        default=None,
        pattern=r"^eipalloc-[0-9a-f]{8,17}$",
        description="the allocation id of an Elastic IP of yours",
        examples=["eipalloc-0123456789abcdef0"],
    )
    release_address: WhitelistAddress | None = Field(default=None, examples=["ADDRESS"])
    lost_address: WhitelistAddress | None = Field(
        default=None,
        description="the address that AWS does not give back, as the refusal told it",
        examples=["ADDRESS"],
    )
    secret_recovery_days: int = Field(default=7, ge=7, le=30, examples=["7"])
    secret_kms_key: str | None = Field(
        default=None,
        pattern=r"^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/(mrk-)?[0-9a-f-]{32,36}$",
        description="the ARN of a KMS key, …:key/ID, as an alias can be pointed elsewhere",
        # the CLI takes what is named secret and looks random for one, and must be told
        examples=["arn:aws:kms:us-east-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef --plaintext"],
    )
    deployers: Annotated[tuple[str, ...], BeforeValidator(_from_json), AfterValidator(checked_deployers)] = (
        Field(default=(), max_length=20, examples=["""'["arn:aws:iam::123456789012:role/ci"]'"""])
    )
    tags: Annotated[dict[str, str], BeforeValidator(_from_json), AfterValidator(checked_tags)] = Field(
        default_factory=dict, examples=["""'{"team": "trading"}'"""]
    )
    aws_endpoint: HttpUrl | None = Field(
        default=None, description="a base URL without a path", examples=["http://127.0.0.1:PORT"]
    )
    cexio_endpoint: HttpUrl | None = Field(
        default=None, description="a base URL without a path", examples=["https://trade.cex.io"]
    )

    @field_validator("extra_addresses")
    @classmethod
    def _no_address_twice(cls, extra: tuple[ExtraAddress, ...]) -> tuple[ExtraAddress, ...]:
        if len({one.address for one in extra}) < len(extra):
            raise ValueError("names an address twice")
        return extra

    @field_validator("secret_kms_key")
    @classmethod
    def _key_of_the_region(cls, key: str | None, info: ValidationInfo) -> str | None:
        if key is not None and key.split(":")[3] != info.data.get("region"):
            raise ValueError("is of another region than the stack, and a secret's key must be of its own")
        return key

    @model_validator(mode="after")
    def _one_network(self) -> Settings:
        given = [name for name in ("vpc_id", "subnet_id") if getattr(self, name)]
        if len(given) == 1:
            missing = "subnetId" if given == ["vpc_id"] else "vpcId"
            raise ValueError(
                f"{NAMESPACE}:{missing}: a network of yours is named by vpcId and subnetId together: set it "
                f"with `pulumi config set {NAMESPACE}:{missing} ID`, or remove the other"
            )
        ours = sorted(to_camel(name) for name in self.model_fields_set & {"vpc_cidr", "availability_zone"})
        if given and ours:
            raise ValueError(
                f"{NAMESPACE}:{ours[0]}: {' and '.join(ours)} {'are' if len(ours) > 1 else 'is'} for a "
                f"network of the stack's own, and vpcId names yours: remove "
                f"{'them' if len(ours) > 1 else 'it'} with `pulumi config rm {NAMESPACE}:NAME`, or vpcId and "
                "subnetId"
            )
        return self

    @property
    def confirmations(self) -> list[dict[str, str]]:
        """What the operator saw where behaviour could not prove it: rows `{subject, fingerprint, date}`."""
        told = {"funds": self.withdrawal_confirmed, "whitelist": self.whitelist_confirmed}
        return [
            {"subject": subject, "fingerprint": text.split()[0], "date": text.split()[1]}
            for subject, text in told.items()
            if text is not None
        ]

    @property
    def statements(self) -> dict[str, str]:
        """What the operator states of the exchange account: the day they looked, by setting."""
        told = {
            name: getattr(self, name)
            for name in ("two_factor_on", "country_eligible", "api_requirements_met")
        }
        return {to_camel(name): day for name, day in told.items() if day is not None}

    @property
    def architecture(self) -> str:
        """`arm64` or `x86_64`."""
        return architecture_of(self.instance_type)


def settings_of_stack() -> Settings:
    """The running program's settings; SettingsError with a line for each fault. Advice is a warning."""
    settings = read_settings(CONFIG.get(), is_config_secret)
    against = advice(settings.region)
    if against is not None:
        pulumi.log.warn(f"{NAMESPACE}:region: {against}")
    return settings


def read_settings(config: Mapping[str, str], is_secret: Callable[[str], bool]) -> Settings:
    """The settings in a stack's whole configuration, whose keys are `namespace:name`.

    An empty text counts as not set, as Pulumi.yaml has no other way to declare an optional setting.
    """
    faults = [_secret_found(key) for key in sorted(config) if _holds_secret(key, is_secret)]
    values = {
        key.removeprefix(f"{NAMESPACE}:"): value
        for key, value in config.items()
        if key.startswith(f"{NAMESPACE}:") and value != "" and not _holds_secret(key, is_secret)
    }
    try:
        settings = Settings.model_validate(
            values, context={"sandbox": values.get("sandbox", "").lower() == "true"}
        )
    except ValidationError as error:
        faults += [_fault(dict(one)) for one in error.errors(include_input=False, include_url=False)]
    if faults:
        count = "a fault" if len(faults) == 1 else f"{len(faults)} faults"
        raise SettingsError("\n".join([f"the stack's configuration has {count}:", *dict.fromkeys(faults)]))
    return settings


def _holds_secret(key: str, is_secret: Callable[[str], bool]) -> bool:
    """Whether a setting holds, or by its name is meant to hold, the exchange's key or secret."""
    namespace, _, name = key.partition(":")
    if namespace.lower() not in (NAMESPACE, "cexio", "cex"):
        return False
    return is_secret(key) or (name not in _names() and bool(SECRET_NAMES.search(name)))


def _secret_found(key: str) -> str:
    return _one_line(
        f"{key}: a secret in Pulumi config would lie in the stack's file, its state and its history: "
        f"remove it with `pulumi config rm {key}`; {OFFER_IT}"
    )


def _fault(error: Mapping[str, Any]) -> str:
    """One line: setting, fault, command. Pydantic's texts hold no input, with these types and settings."""
    if not error["loc"]:
        return _one_line(
            str(error["msg"]).removeprefix("Value error, ")
        )  # of settings that do not go together
    name, *inside = (str(part) for part in error["loc"])
    setting = f"{NAMESPACE}:{name}"
    field = next((field for field in Settings.model_fields.values() if field.alias == name), None)
    if field is None:
        return _one_line(f"{setting}: there is no such setting: remove it with `pulumi config rm {setting}`")
    text = str(error["msg"]).removeprefix("Value error, ").replace("Input should", "should")
    if error["type"] == "string_pattern_mismatch" and field.description:
        text = f"must be {field.description}"
    where = f" ({'.'.join(inside)})" if inside else ""
    example = (field.examples or ["VALUE"])[0]
    return _one_line(f"{setting}{where}: {text}: set it with `pulumi config set {setting} {example}`")


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _names() -> set[str]:
    return {str(field.alias) for field in Settings.model_fields.values()}
