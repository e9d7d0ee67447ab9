"""The dashboard's own settings: who may sign in, and who is told of trouble. As `shared.settings` has it."""

from base64 import b64decode
from collections.abc import Collection
from email.utils import parseaddr
from ipaddress import ip_network
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, StringConstraints, model_validator
from pydantic_settings import NoDecode

from shared.environment import SHORTEST_KEY, CommaSeparated, Key, Secret, Settings, Text, Url
from shared.settings import ApproverRecordSettings, Port


def _by_group(value: object) -> object:
    """ "ops=operator|admin, finance=viewer" -> {"ops": {"operator", "admin"}, ...}; what is no pair is refused."""
    if not isinstance(value, str):
        return value
    pairs: dict[str, set[str]] = {}
    for part in value.split(","):
        group, equals, words = (word.strip() for word in part.partition("="))
        if not (group and equals and words):
            raise ValueError("not a comma list of group=word")
        pairs.setdefault(group, set()).update(word.strip() for word in words.split("|"))
    return pairs


def _networks(value: tuple[str, ...]) -> tuple[str, ...]:
    for network in value:
        ip_network(network)
    return value


def _scopes(value: str) -> str:
    if "openid" not in value.split():
        raise ValueError("openid is not among them")
    return value


ByGroup = (NoDecode, BeforeValidator(_by_group))
RoleWord = Literal["viewer", "operator", "accounting_approver", "admin"]
CompanyWord = Annotated[str, StringConstraints(pattern=r"^([0-9]+|\*)$")]


class DashboardSettings(ApproverRecordSettings):
    command_signing_key: Key = Field(description="a random key of at least 16 characters")
    session_key: Key = Field(description="a random key of at least 16 characters")
    session_idle_minutes: int = Field(60, ge=1, le=10_080, description="a number of minutes from 1 to 10080")
    session_hours: int = Field(12, ge=1, le=168, description="a number of hours from 1 to 168")
    dashboard_url: Url | None = Field(
        None, description="the dashboard's address as people reach it, for example https://exports.example.com"
    )
    trusted_proxies: Annotated[tuple[str, ...], *CommaSeparated, AfterValidator(_networks)] = Field(
        (), description="the addresses or networks of your reverse proxies, separated by commas"
    )
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
    if not _names_a_server(value.get_secret_value(), {"smtp", "smtps"}):
        raise ValueError("not an smtp:// or smtps:// address with a port that is a number")
    return value


def _hook(value: SecretStr) -> SecretStr:
    if not _names_a_server(value.get_secret_value(), {"http", "https"}):
        raise ValueError("not an http:// or https:// address")
    return value


def _names_a_server(address: str, schemes: Collection[str]) -> bool:
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        return False
    return address.isprintable() and " " not in address and parts.scheme in schemes and bool(parts.hostname)


def _mailbox(value: str) -> str:
    name, at, domain = parseaddr(value)[1].rpartition("@")
    if not (value.isprintable() and name and at and domain):
        raise ValueError("not a mail address")
    return value


def _signing_secret(value: SecretStr) -> SecretStr:
    try:
        key = b64decode(value.get_secret_value().removeprefix("whsec_"), validate=True)
    except ValueError:
        raise ValueError("not whsec_ and base64 behind it") from None
    if len(key) < SHORTEST_KEY:
        raise ValueError(f"its key is shorter than {SHORTEST_KEY} bytes")
    return value


Mailbox = Annotated[Text, AfterValidator(_mailbox)]


class AlertSettings(Settings):
    alert_quiet_minutes: int = Field(
        60, ge=1, le=10_080, description="a number of minutes, at least 1, before something that grew is told again"
    )
    alert_lag_records: int = Field(1_000, ge=1, le=10**9, description="how many records may wait in Kafka")
    smtp_url: Annotated[SecretStr, AfterValidator(_smtp)] | None = Field(
        None, description="the mail server, for example smtp://user:password@mail.example.com:587"
    )
    alert_mail_from: Mailbox | None = Field(None, description="the sender's mail address")
    alert_mail_to: Annotated[tuple[Mailbox, ...], *CommaSeparated] = Field(
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
