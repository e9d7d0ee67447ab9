"""The whole environment contract: one small class per need; a process with several inherits from several.

class ReceiverSettings(DatabaseSettings, KafkaSettings): ...
settings = load(ReceiverSettings)    # raises SettingsError: the command line prints it and exits 2
"""

import re
from base64 import b64decode
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, StringConstraints, model_validator

from shared.environment import (
    SHORTEST_KEY,
    ByGroup,
    CommaSeparated,
    Key,
    ReadableFile,
    Secret,
    Settings,
    SettingsError,
    Text,
    Url,
    load,
    networks,
)

__all__ = [
    "AlertSettings",
    "DashboardSettings",
    "DatabaseSettings",
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

Port = Annotated[int, Field(ge=0, le=65535, description="a TCP port, for example 8080")]
Id = Annotated[str, StringConstraints(pattern=r"^[0-9]+$")]


def _postgres(value: SecretStr) -> SecretStr:
    if not value.get_secret_value().startswith(("postgresql://", "postgres://")):
        raise ValueError("does not start with postgresql://")
    try:
        _ = urlsplit(value.get_secret_value()).port
    except ValueError:
        raise ValueError("not an address that can be parsed") from None
    return value


class DatabaseSettings(Settings):
    database_url: Annotated[SecretStr, AfterValidator(_postgres)] = Field(
        description="Postgres's address, for example postgresql://user:password@host:5432/invoice_export"
    )


def _servers(value: list[str]) -> list[str]:
    for server in value:
        if not re.fullmatch(r"[^\s:/]+:[0-9]{1,5}|\[[0-9a-fA-F:]+\]:[0-9]{1,5}", server):
            raise ValueError("not a comma list of host:port")
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
    kafka_ssl_cafile: ReadableFile | None = Field(None, description="a PEM file of certificate authorities")
    kafka_ssl_certfile: ReadableFile | None = Field(None, description="a PEM file with our certificate")
    kafka_ssl_keyfile: ReadableFile | None = Field(None, description="a PEM file with our private key")
    kafka_ssl_password: Secret | None = Field(None, description="the private key's password")
    kafka_enable_idempotence: bool = Field(
        default=True, description="true, or false for a broker without idempotent producers"
    )
    kafka_session_timeout_seconds: float = Field(
        10, ge=1, description="a number of seconds, at least 1; after a crash nothing is read for as long"
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
        return self


class ProcoreSettings(Settings):
    procore_api_url: Url = Field(description="Procore's API, for example https://api.procore.com")
    procore_login_url: Url = Field(description="Procore's log-in, for example https://login.procore.com")
    procore_client_id: Text = Field(description="the app's client id")
    procore_client_secret: Secret = Field(description="the app's client secret")
    procore_service_user_ids: Annotated[frozenset[Id], *CommaSeparated] = Field(
        frozenset(), description="our own users' ids in Procore, whole numbers separated by commas"
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


class HookSettings(ProcoreSettings):
    receiver_url: Url | None = Field(
        None, description="the receiver's address as Procore reaches it, for example https://exports.example.com"
    )
    procore_hook_namespace: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+$")] = Field(
        "invoice-export", description="lower-case letters, digits and dashes"
    )


def _each_key(value: SecretStr) -> SecretStr:
    if any(len(key.strip()) < SHORTEST_KEY for key in value.get_secret_value().split(",")):
        raise ValueError(f"one of the keys is shorter than {SHORTEST_KEY} characters")
    return value


Keys = Annotated[Key, AfterValidator(_each_key)]


class WorkerSettings(Settings):
    connections_file: ReadableFile = Field(description="the path of the connections' TOML file")
    approver_record_max_age_days: int = Field(30, ge=1, description="a number of days, at least 1")
    command_signing_key: Key = Field(description="a random key of at least 16 characters")
    ledger_seal_key: Key = Field(description="a random key of at least 16 characters")
    token_encryption_key: Keys | None = Field(
        None, description="random keys of at least 16 characters, separated by commas, the current one first"
    )
    worker_lease_seconds: float = Field(
        30, ge=1, description="a number of seconds, at least 1; after a crash an invoice waits as long"
    )
    reconcile_every_minutes: int = Field(60, ge=1, description="a number of minutes, at least 1")
    reconcile_budget_share: float = Field(
        0.25, gt=0, le=1, description="a share of Procore's rate limit above 0 and up to 1"
    )
    tie_out_every_hours: float = Field(24, ge=0, description="a number of hours; 0 leaves it to those who ask for one")
    tie_out_budget_share: float = Field(
        0.25, gt=0, le=1, description="a share of each connection's requests a minute above 0 and up to 1"
    )
    port: Port = Field(9100, description="the worker's TCP port")


def _scopes(value: str) -> str:
    if "openid" not in value.split():
        raise ValueError("openid is not among them")
    return value


RoleWord = Literal["viewer", "operator", "accounting_approver", "admin"]
CompanyWord = Annotated[str, StringConstraints(pattern=r"^([0-9]+|\*)$")]


class DashboardSettings(Settings):
    command_signing_key: Key = Field(description="a random key of at least 16 characters")
    session_key: Key = Field(description="a random key of at least 16 characters")
    session_idle_minutes: int = Field(60, ge=1, description="a number of minutes, at least 1")
    session_hours: int = Field(12, ge=1, description="a number of hours, at least 1")
    dashboard_url: Url | None = Field(
        None, description="the dashboard's address as people reach it, for example https://exports.example.com"
    )
    trusted_proxies: Annotated[tuple[str, ...], *CommaSeparated, AfterValidator(networks)] = Field(
        (), description="the addresses or networks of your reverse proxies, separated by commas"
    )
    approver_record_max_age_days: int = Field(30, ge=1, description="a number of days, at least 1")
    oidc_issuer: Url | None = Field(None, description="the identity provider's address")
    oidc_client_id: Text | None = Field(None, description="the client id at the identity provider")
    oidc_client_secret: Secret | None = Field(None, description="the client secret at the identity provider")
    oidc_scopes: Annotated[str, AfterValidator(_scopes)] = Field(
        "openid profile email", description="scopes separated by spaces, openid among them"
    )
    oidc_groups_claim: Text = Field("groups", description="the name of a claim")
    oidc_procore_user_claim: Text = Field("procore_user_id", description="the name of a claim")
    oidc_roles: Annotated[dict[Text, frozenset[RoleWord]], *ByGroup] = Field(
        {}, description="group=role pairs separated by commas, for example ops=operator, finance=accounting_approver"
    )
    oidc_companies: Annotated[dict[Text, frozenset[CompanyWord]], *ByGroup] = Field(
        {}, description="group=company id pairs separated by commas, for example ops=4001|4002, finance=*"
    )
    port: Port = Field(8090, description="the dashboard's TCP port")

    @model_validator(mode="after")
    def knows_the_whole_identity_provider(self) -> Self:
        given = [self.oidc_issuer, self.oidc_client_id, self.oidc_client_secret]
        if any(given) and not all(given):
            raise ValueError("OIDC_ISSUER, OIDC_CLIENT_ID and OIDC_CLIENT_SECRET belong together: give all or none")
        if self.oidc_issuer and not self.oidc_roles:
            raise ValueError("OIDC_ROLES is missing: without it nobody could sign in; give group=role pairs")
        return self


def _smtp(value: SecretStr) -> SecretStr:
    parts = urlsplit(value.get_secret_value())
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise ValueError("does not start with smtp:// or smtps://")
    return value


def _hook(value: SecretStr) -> SecretStr:
    parts = urlsplit(value.get_secret_value())
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("not an http:// or https:// address")
    return value


def _signing_secret(value: SecretStr) -> SecretStr:
    try:
        key = b64decode(value.get_secret_value().removeprefix("whsec_"), validate=True)
    except ValueError:
        raise ValueError("not whsec_ and base64 behind it") from None
    if len(key) < SHORTEST_KEY:
        raise ValueError(f"its key is shorter than {SHORTEST_KEY} bytes")
    return value


class AlertSettings(Settings):
    alert_quiet_minutes: int = Field(
        60, ge=1, le=10_080, description="a number of minutes, at least 1, before something that grew is told again"
    )
    alert_lag_records: int = Field(1_000, ge=1, le=10**9, description="how many records may wait in Kafka")
    smtp_url: Annotated[SecretStr, AfterValidator(_smtp)] | None = Field(
        None, description="the mail server, for example smtp://user:password@mail.example.com:587"
    )
    alert_mail_from: Text | None = Field(None, description="the sender's mail address")
    alert_mail_to: Annotated[tuple[Text, ...], *CommaSeparated] = Field(
        (), description="the recipients' mail addresses, separated by commas"
    )
    alert_slack_url: Annotated[SecretStr, AfterValidator(_hook)] | None = Field(
        None, description="the address of an incoming hook that takes Slack's form"
    )
    alert_webhook_url: Url | None = Field(None, description="the address that takes alerts as signed webhooks")
    alert_webhook_secret: Annotated[SecretStr, AfterValidator(_signing_secret)] | None = Field(
        None, description="the webhook's signing secret, whsec_ and base64 of 24 to 64 random bytes"
    )

    @model_validator(mode="after")
    def knows_each_way_whole(self) -> Self:
        if len({bool(self.smtp_url), bool(self.alert_mail_from), bool(self.alert_mail_to)}) > 1:
            raise ValueError("SMTP_URL, ALERT_MAIL_FROM and ALERT_MAIL_TO belong together: give all or none")
        if bool(self.alert_webhook_url) != bool(self.alert_webhook_secret):
            raise ValueError("ALERT_WEBHOOK_URL and ALERT_WEBHOOK_SECRET belong together: give both or neither")
        return self


class LogSettings(Settings):
    log_format: Literal["json", "console"] = Field("json", description="json or console")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="DEBUG, INFO, WARNING or ERROR")


class TelemetrySettings(Settings):
    otel_exporter_otlp_endpoint: Url | None = Field(
        None, description="the collector's address, for example http://collector:4318"
    )
