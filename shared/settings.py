"""The whole environment contract: one small class per need; a process with several inherits from several.

class ReceiverSettings(DatabaseSettings, KafkaSettings): ...
settings = load(ReceiverSettings)    # raises SettingsError: the command line prints it and exits 2
"""

import re
from collections.abc import Mapping
from pathlib import Path
from ssl import SSLContext
from typing import Annotated, Literal, Self
from urllib.parse import parse_qsl, urlsplit

from pydantic import AfterValidator, Field, SecretStr, StringConstraints, model_validator

from shared.certificates import show, trusting
from shared.environment import (
    SHORTEST_KEY,
    CommaSeparated,
    Key,
    ReadableFile,
    Secret,
    Settings,
    SettingsError,
    Text,
    Url,
    load,
    readable,
)

__all__ = [
    "ApproverRecordSettings",
    "DatabaseSettings",
    "HookNamespaceSettings",
    "HookSettings",
    "KafkaSettings",
    "Keys",
    "LogSettings",
    "ProcoreSettings",
    "Settings",
    "SettingsError",
    "TelemetrySettings",
    "WebhookSettings",
    "WorkerSettings",
    "load",
]

LARGEST_PORT = 65535
SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
SSL_FILES = ("sslrootcert", "sslcert", "sslkey")
Port = Annotated[int, Field(ge=0, le=LARGEST_PORT, description="a TCP port, for example 8080")]
Hours = Annotated[float, Field(ge=0, le=744, allow_inf_nan=False)]
Id = Annotated[str, StringConstraints(pattern=r"^[0-9]+$")]


def _postgres(value: SecretStr) -> SecretStr:
    if not value.get_secret_value().startswith(("postgresql://", "postgres://")):
        raise ValueError("does not start with postgresql://")
    try:
        parts = urlsplit(value.get_secret_value())
        _ = parts.port
    except ValueError:
        raise ValueError("not an address that can be parsed") from None
    _known_by_certificate(dict(parse_qsl(parts.query)))
    return value


def _known_by_certificate(asked: Mapping[str, str]) -> None:
    """Tried now: the client would take a wrong file for a database that is away."""
    mode = asked.get("sslmode", "prefer")
    if mode not in SSL_MODES:
        raise ValueError(f"sslmode is none of {', '.join(SSL_MODES)}")
    if mode.startswith("verify") and "sslrootcert" not in asked:
        raise ValueError(f"sslmode={mode} needs sslrootcert, a PEM file of the authorities to trust")
    for name in (each for each in SSL_FILES if each in asked):
        try:
            file = readable(Path(asked[name]))
            if name == "sslrootcert":
                trusting(file)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None


class DatabaseSettings(Settings):
    database_url: Annotated[SecretStr, AfterValidator(_postgres)] = Field(
        description="Postgres's address, for example postgresql://user:password@host:5432/invoice_export"
    )


def _servers(value: list[str]) -> list[str]:
    for server in value:
        if not re.fullmatch(r"[^\s:/]+:[0-9]{1,5}|\[[0-9a-fA-F:]+\]:[0-9]{1,5}", server):
            raise ValueError("not a comma list of host:port")
        if not 1 <= int(server.rpartition(":")[2]) <= LARGEST_PORT:
            raise ValueError(f"a port is not between 1 and {LARGEST_PORT}")
    return value


def _authorities(value: Path) -> Path:
    trusting(value)
    return value


class KafkaSettings(Settings):
    kafka_bootstrap_servers: Annotated[list[str], *CommaSeparated, AfterValidator(_servers)] = Field(
        description="the brokers as host:port, separated by commas"
    )
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL"
    )
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        "PLAIN", description="PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512"
    )
    kafka_sasl_username: Text | None = Field(None, description="the broker's user name")
    kafka_sasl_password: Secret | None = Field(None, description="the broker's password")
    kafka_ssl_cafile: Annotated[ReadableFile, AfterValidator(_authorities)] | None = Field(
        None, description="a PEM file of certificate authorities"
    )
    kafka_ssl_certfile: ReadableFile | None = Field(None, description="a PEM file with our certificate")
    kafka_ssl_keyfile: ReadableFile | None = Field(None, description="a PEM file with our private key")
    kafka_ssl_password: Secret | None = Field(None, description="the private key's password")
    kafka_enable_idempotence: bool = Field(
        default=True, description="true, or false for a broker without idempotent producers"
    )
    kafka_session_timeout_seconds: float = Field(
        10,
        ge=1,
        le=1800,
        allow_inf_nan=False,
        description="a number of seconds, at least 1 and at most 1800; after a crash nothing is read for as long",
    )

    @model_validator(mode="after")
    def has_what_its_protocol_needs(self) -> Self:
        sasl = self.kafka_security_protocol.startswith("SASL")
        if sasl and not (self.kafka_sasl_username and self.kafka_sasl_password):
            raise ValueError(
                "KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD are missing: give both, or change KAFKA_SECURITY_PROTOCOL"
            )
        if bool(self.kafka_ssl_certfile) != bool(self.kafka_ssl_keyfile):
            raise ValueError("KAFKA_SSL_CERTFILE and KAFKA_SSL_KEYFILE belong together: give both or neither")
        if self.kafka_ssl_certfile:
            self._try_certificate()
        return self

    def ssl_context(self) -> SSLContext:
        """From the files as they are now. Raises ValueError."""
        context = trusting(self.kafka_ssl_cafile)
        if self.kafka_ssl_certfile and self.kafka_ssl_keyfile:
            show(context, self.kafka_ssl_certfile, self.kafka_ssl_keyfile, self.kafka_ssl_password)
        return context

    def _try_certificate(self) -> None:
        try:
            self.ssl_context()
        except ValueError as error:
            raise ValueError(
                f"KAFKA_SSL_CERTFILE and KAFKA_SSL_KEYFILE are wrong ({error}): give PEM files of our certificate and "
                "its private key, and KAFKA_SSL_PASSWORD where the key has one"
            ) from error


class ProcoreSettings(Settings):
    procore_api_url: Url = Field(description="Procore's API, for example https://api.procore.com")
    procore_login_url: Url = Field(description="Procore's log-in, for example https://login.procore.com")
    procore_client_id: Text = Field(description="the app's client id")
    procore_client_secret: Secret = Field(description="the app's client secret")
    procore_service_user_ids: Annotated[frozenset[Id], *CommaSeparated] = Field(
        frozenset(), description="our own users' ids in Procore, whole numbers separated by commas"
    )
    procore_event_lead_seconds: float = Field(
        0, ge=0, le=60, allow_inf_nan=False, description="a number of seconds from 0 to 60"
    )


def _tokens(value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
    for token in value:
        text = token.get_secret_value()
        if not text:
            raise ValueError("one of the tokens is empty")
        if not (text.isascii() and text.isprintable()):
            raise ValueError("a token has characters that no HTTP header can carry")
    return value


class WebhookSettings(Settings):
    procore_webhook_tokens: Annotated[tuple[SecretStr, ...], *CommaSeparated, AfterValidator(_tokens)] = Field(
        description="the hooks' Authorization tokens, separated by commas, the current one first"
    )
    port: Port = Field(8080, description="the receiver's TCP port")


class HookNamespaceSettings(Settings):
    procore_hook_namespace: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+$")] = Field(
        "invoice-export", description="lower-case letters, digits and dashes"
    )


class HookSettings(ProcoreSettings, HookNamespaceSettings):
    receiver_url: Url | None = Field(
        None, description="the receiver's address as Procore reaches it, for example https://exports.example.com"
    )


def _each_key(value: SecretStr) -> SecretStr:
    if any(len(key.strip()) < SHORTEST_KEY for key in value.get_secret_value().split(",")):
        raise ValueError(f"one of the keys is shorter than {SHORTEST_KEY} characters")
    return value


Keys = Annotated[Key, AfterValidator(_each_key)]


class ApproverRecordSettings(Settings):
    approver_record_max_age_days: int = Field(
        30, ge=1, le=3650, description="a number of days, at least 1 and at most 3650"
    )


class ConnectionsSettings(Settings):
    connections_file: ReadableFile = Field(description="the path of the connections' TOML file")


class WorkerSettings(ApproverRecordSettings, ConnectionsSettings):
    command_signing_key: Key = Field(description="a random key of at least 16 characters")
    ledger_seal_key: Key = Field(description="a random key of at least 16 characters")
    seal_every_hours: Hours = Field(
        1, description="a number of hours, at most 744, which is a month; 0 leaves it to `invoice-export ledger seal`"
    )
    token_encryption_key: Keys | None = Field(
        None, description="random keys of at least 16 characters, separated by commas, the current one first"
    )
    worker_lease_seconds: float = Field(
        30,
        ge=1,
        le=3600,
        allow_inf_nan=False,
        description="a number of seconds, at least 1 and at most 3600; after a crash an invoice waits as long",
    )
    reconcile_every_minutes: int = Field(
        60, ge=1, le=10080, description="a number of minutes, at least 1 and at most 10080, which is a week"
    )
    reconcile_budget_share: float = Field(
        0.25, gt=0, le=1, description="a share of Procore's rate limit above 0 and up to 1"
    )
    hooks_look_every_hours: Hours = Field(
        6, description="a number of hours, at most 744, which is a month; 0 leaves it to `hooks status`"
    )
    tie_out_every_hours: Hours = Field(
        24, description="a number of hours, at most 744, which is a month; 0 leaves it to those who ask for one"
    )
    tie_out_budget_share: float = Field(
        0.25, gt=0, le=1, description="a share of each connection's requests a minute above 0 and up to 1"
    )
    port: Port = Field(9100, description="the worker's TCP port")


class LogSettings(Settings):
    log_format: Literal["json", "console"] = Field("json", description="json or console")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="DEBUG, INFO, WARNING or ERROR")


class TelemetrySettings(Settings):
    otel_exporter_otlp_endpoint: Url | None = Field(
        None, description="the collector's address, for example http://collector:4318"
    )
