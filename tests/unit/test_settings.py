import importlib
import os
import pkgutil
from collections.abc import Iterator

import pytest

import services
from services.cli.asking import OrderSettings
from services.export_worker.worker import WorkerServiceSettings
from services.ledger_dashboard import settings as dashboard_settings
from services.ledger_dashboard.settings import AlertSettings, DashboardSettings
from services.webhook_receiver.app import ReceiverSettings
from shared import settings
from shared.settings import (
    DatabaseSettings,
    HookSettings,
    KafkaSettings,
    LogSettings,
    Settings,
    SettingsError,
    TelemetrySettings,
    WebhookSettings,
    WorkerSettings,
    load,
)

SECRET = "sixteen-or-more-characters"


class EverySettings(
    DatabaseSettings,
    KafkaSettings,
    HookSettings,
    WebhookSettings,
    WorkerSettings,
    DashboardSettings,
    AlertSettings,
    LogSettings,
    TelemetrySettings,
):
    """All of them, as no process needs them."""


@pytest.fixture
def environment(monkeypatch, tmp_path):
    """Everything that has no default, and a function that changes it; None unsets."""
    for field in EverySettings.model_fields:
        monkeypatch.delenv(field.upper(), raising=False)
        monkeypatch.delenv(f"{field.upper()}_FILE", raising=False)
    (tmp_path / "connections.toml").touch()

    def set_all(**changes: str | None) -> None:
        for name, value in changes.items():
            if value is None:
                monkeypatch.delenv(name, raising=False)
            else:
                monkeypatch.setenv(name, value)

    set_all(
        DATABASE_URL="postgresql://ada:hush@db:5432/exports?sslmode=require",
        KAFKA_BOOTSTRAP_SERVERS="one:9092, two:9092",
        PROCORE_API_URL="https://api.example.com/",
        PROCORE_LOGIN_URL="https://login.example.com",
        PROCORE_CLIENT_ID="client",
        PROCORE_CLIENT_SECRET=SECRET,
        PROCORE_WEBHOOK_TOKENS="current-token, previous-token",
        CONNECTIONS_FILE=str(tmp_path / "connections.toml"),
        COMMAND_SIGNING_KEY=SECRET,
        LEDGER_SEAL_KEY=SECRET,
        SESSION_KEY=SECRET,
    )
    return set_all


REQUIRED = [name.upper() for name, info in EverySettings.model_fields.items() if info.is_required()]


def test_a_complete_environment_is_read(environment):
    environment(PROCORE_SERVICE_USER_IDS="7, 8")
    settings = load(EverySettings)
    assert settings.kafka_bootstrap_servers == ["one:9092", "two:9092"]
    assert settings.kafka_enable_idempotence
    assert settings.procore_api_url == "https://api.example.com"
    assert settings.procore_service_user_ids == {"7", "8"}
    assert [token.get_secret_value() for token in settings.procore_webhook_tokens] == [
        "current-token",
        "previous-token",
    ]
    assert (settings.approver_record_max_age_days, settings.reconcile_every_minutes) == (30, 60)
    assert settings.otel_exporter_otlp_endpoint is None
    assert "hush" not in repr(settings)
    assert SECRET not in repr(settings)


@pytest.mark.parametrize("name", REQUIRED)
@pytest.mark.parametrize("nothing", [None, ""])
def test_a_missing_setting_is_named_in_one_line(environment, name, nothing):
    environment(**{name: nothing})
    with pytest.raises(SettingsError) as caught:
        load(EverySettings)
    assert caught.value.lines == [str(caught.value)]
    assert str(caught.value).startswith(f"{name} is missing: give ")


WRONG = [
    ("DATABASE_URL", "mysql://ada:hush@db/exports", "postgresql://"),
    ("DATABASE_URL", "postgresql://ada:hush@db:port/exports", "parsed"),
    ("DATABASE_URL", "postgresql://ada:hush@db/exports?sslmode=sure", "sslmode is none of disable"),
    ("DATABASE_URL", "postgresql://ada:hush@db/exports?sslmode=verify-full", "sslrootcert"),
    ("DATABASE_URL", "postgresql://ada:hush@db/exports?sslrootcert=/nowhere/ca.pem", "sslrootcert: there is no such"),
    (
        "DATABASE_URL",
        f"postgresql://ada:hush@db/exports?sslrootcert={__file__}",
        "sslrootcert: it holds no certificate",
    ),
    ("DATABASE_URL", "postgresql://ada:hush@db/exports?sslcert=/nowhere/our.pem", "sslcert: there is no such file"),
    ("KAFKA_BOOTSTRAP_SERVERS", "one", "host:port"),
    ("KAFKA_BOOTSTRAP_SERVERS", "one:9092,,two:9092", "host:port"),
    ("KAFKA_BOOTSTRAP_SERVERS", "one:99999", "65535"),
    ("KAFKA_BOOTSTRAP_SERVERS", "one:9092,[::1]:0", "65535"),
    ("KAFKA_SECURITY_PROTOCOL", "carrier-pigeon", "SASL_SSL"),
    ("KAFKA_SASL_MECHANISM", "hush", "SCRAM-SHA-256"),
    ("KAFKA_SASL_USERNAME", "  ", "user name"),
    ("KAFKA_SASL_PASSWORD", "  ", "blank"),
    ("KAFKA_SSL_CAFILE", "/nowhere/ca.pem", "no such file"),
    ("KAFKA_SSL_CAFILE", __file__, "no certificate in PEM form"),
    ("KAFKA_SSL_CERTFILE", "/nowhere/our.pem", "no such file"),
    ("KAFKA_SSL_KEYFILE", "/nowhere/our.key", "no such file"),
    ("KAFKA_SSL_PASSWORD", "  ", "blank"),
    ("KAFKA_ENABLE_IDEMPOTENCE", "maybe", "true"),
    ("KAFKA_SESSION_TIMEOUT_SECONDS", "0.5", "at least 1"),
    ("KAFKA_SESSION_TIMEOUT_SECONDS", "1801", "at most 1800"),
    ("KAFKA_SESSION_TIMEOUT_SECONDS", "inf", "finite"),
    ("PROCORE_API_URL", "api.example.com", "https://"),
    ("PROCORE_API_URL", "https://", "https://"),
    ("PROCORE_LOGIN_URL", "ftp://login", "https://"),
    ("PROCORE_LOGIN_URL", "https://login:99999", "address"),
    ("PROCORE_LOGIN_URL", "https://[login", "address"),
    ("PROCORE_LOGIN_URL", "https://log in", "address"),
    ("PROCORE_CLIENT_ID", "  ", "client id"),
    ("PROCORE_CLIENT_SECRET", "  ", "blank"),
    ("PROCORE_SERVICE_USER_IDS", "7,ada", "whole numbers"),
    ("PROCORE_EVENT_LEAD_SECONDS", "-1", "from 0 to 60"),
    ("PROCORE_EVENT_LEAD_SECONDS", "61", "from 0 to 60"),
    ("PROCORE_EVENT_LEAD_SECONDS", "nan", "from 0 to 60"),
    ("PROCORE_WEBHOOK_TOKENS", "hush,,other", "empty"),
    ("PROCORE_WEBHOOK_TOKENS", ",", "empty"),
    ("PROCORE_WEBHOOK_TOKENS", "hüsh", "HTTP header"),
    ("RECEIVER_URL", "exports.example.com", "https://"),
    ("PROCORE_HOOK_NAMESPACE", "Invoice Export", "dashes"),
    ("CONNECTIONS_FILE", "/nowhere/connections.toml", "no such file"),
    ("APPROVER_RECORD_MAX_AGE_DAYS", "-1", "at least 1"),
    ("APPROVER_RECORD_MAX_AGE_DAYS", "0", "at least 1"),
    ("APPROVER_RECORD_MAX_AGE_DAYS", "month", "number"),
    ("APPROVER_RECORD_MAX_AGE_DAYS", "1000000000", "at most 3650"),
    ("WORKER_LEASE_SECONDS", "0.9", "at least 1"),
    ("WORKER_LEASE_SECONDS", "3601", "at most 3600"),
    ("WORKER_LEASE_SECONDS", "inf", "finite"),
    ("RECONCILE_EVERY_MINUTES", "0", "at least 1"),
    ("RECONCILE_EVERY_MINUTES", "9999999999999", "at most 10080"),
    ("RECONCILE_BUDGET_SHARE", "1.5", "up to 1"),
    ("RECONCILE_BUDGET_SHARE", "nan", "up to 1"),
    ("TIE_OUT_EVERY_HOURS", "-1", "0 leaves it"),
    ("TIE_OUT_EVERY_HOURS", "745", "at most 744"),
    ("TIE_OUT_EVERY_HOURS", "inf", "finite"),
    ("TIE_OUT_BUDGET_SHARE", "0", "above 0"),
    ("TIE_OUT_BUDGET_SHARE", "nan", "above 0"),
    ("COMMAND_SIGNING_KEY", "hush", "shorter than 16"),
    ("LEDGER_SEAL_KEY", "hush", "shorter than 16"),
    ("SEAL_EVERY_HOURS", "-1", "0 leaves it"),
    ("SEAL_EVERY_HOURS", "745", "at most 744"),
    ("SEAL_EVERY_HOURS", "inf", "finite"),
    ("TOKEN_ENCRYPTION_KEY", "hush", "shorter than 16"),
    ("SESSION_KEY", "hush", "shorter than 16"),
    ("PORT", "65536", "65535"),
    ("OIDC_ISSUER", "example.com", "https://"),
    ("OIDC_CLIENT_ID", "  ", "client id"),
    ("OIDC_CLIENT_SECRET", "  ", "blank"),
    ("OIDC_SCOPES", "profile email", "openid"),
    ("OIDC_ROLES", "ops", "group=word"),
    ("OIDC_ROLES", "ops=", "group=word"),
    ("OIDC_ROLES", "ops=operator,", "group=word"),
    ("OIDC_ROLES", "ops=owner", "viewer"),
    ("OIDC_COMPANIES", "ops=acme", "4001|4002"),
    ("DASHBOARD_URL", "exports.example.com", "https://"),
    ("TRUSTED_PROXIES", "proxy.example.com", "IPv4"),
    ("TRUSTED_PROXIES", "*", "IPv4"),
    ("SESSION_IDLE_MINUTES", "0", "from 1 to 10080"),
    ("SESSION_HOURS", "0", "from 1 to 168"),
    ("OIDC_GROUPS_CLAIM", "  ", "claim"),
    ("OIDC_PROCORE_USER_CLAIM", "  ", "claim"),
    ("HOOKS_LOOK_EVERY_HOURS", "-1", "hours"),
    ("ALERT_QUIET_MINUTES", "0", "at least 1"),
    ("ALERT_LAG_RECORDS", "0", "how many"),
    ("SMTP_URL", "mail.example.com", "smtp://"),
    ("SMTP_URL", "smtp://ops:hu#sh@mail.example.com", "not an smtp://"),
    ("ALERT_MAIL_FROM", "  ", "address"),
    ("ALERT_MAIL_FROM", "exports", "not a mail address"),
    ("ALERT_MAIL_TO", "a@example.com,", "separated by commas"),
    ("ALERT_MAIL_TO", "a@example.com, b@", "not a mail address"),
    ("ALERT_SLACK_URL", "hooks.example.com", "http://"),
    ("ALERT_SLACK_URL", "https://hooks.example.com:x/y", "not an http://"),
    ("ALERT_WEBHOOK_URL", "example.com", "https://"),
    ("ALERT_WEBHOOK_SECRET", "whsec_!", "whsec_"),
    ("ALERT_WEBHOOK_SECRET", "whsec_c2hvcnQ=", "shorter than 16"),
    ("LOG_FORMAT", "xml", "json or console"),
    ("LOG_LEVEL", "loud", "DEBUG"),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318", "http://"),
]


def every_class(of: type[Settings] = Settings) -> Iterator[type[Settings]]:
    """All that any process or command reads, however it is put together."""
    for cls in of.__subclasses__():
        yield cls
        yield from every_class(cls)


def test_every_setting_is_tried_with_an_odd_value():
    modules = (settings, dashboard_settings)
    known = [one for module in modules for one in vars(module).values() if isinstance(one, type)]
    shared = [one for one in known if issubclass(one, Settings)]
    names = {name for one in shared for name in one.model_fields}
    assert set(EverySettings.model_fields) == names
    assert {name.lower() for name, *_ in WRONG} == names


def told_by(cls: type[Settings]) -> list[str]:
    try:
        load(cls)
    except SettingsError as error:
        return error.lines
    return []


def test_an_odd_setting_is_refused_by_whoever_reads_it(environment):
    for module in pkgutil.walk_packages(services.__path__, f"{services.__name__}."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)  # each may make settings of its own from the shared ones
    environment(TOKEN_ENCRYPTION_KEY=SECRET)
    readers = list(every_class())
    assert {HookSettings, ReceiverSettings, WorkerServiceSettings, OrderSettings} <= set(readers)
    assert {cls.__name__: told_by(cls) for cls in readers if told_by(cls)} == {}
    for name, value, _ in WRONG:
        usual = os.environ.get(name)
        environment(**{name: value})
        told = {cls.__name__: told_by(cls) for cls in readers if name.lower() in cls.model_fields}
        assert {line.partition(" (")[0] for lines in told.values() for line in lines} == {f"{name} is wrong"}, told
        assert all(told.values()), told
        environment(**{name: usual})


@pytest.mark.parametrize(("name", "value", "says"), WRONG)
def test_an_odd_setting_says_what_to_do(environment, name, value, says):
    environment(**{name: value})
    with pytest.raises(SettingsError) as caught:
        load(EverySettings)
    assert len(caught.value.lines) == 1
    assert str(caught.value).startswith(f"{name} is wrong (")
    assert says in str(caught.value)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"KAFKA_SECURITY_PROTOCOL": "SASL_SSL", "KAFKA_SASL_USERNAME": "ada"}, "KAFKA_SASL_PASSWORD"),
        ({"KAFKA_SSL_CERTFILE": "{file}"}, "KAFKA_SSL_KEYFILE"),
        ({"OIDC_CLIENT_ID": "ledger"}, "OIDC_CLIENT_SECRET"),
        ({"OIDC_ISSUER": "https://id.example", "OIDC_CLIENT_ID": "x", "OIDC_CLIENT_SECRET": "y"}, "OIDC_ROLES"),
    ],
)
def test_settings_that_belong_together_are_asked_for(environment, tmp_path, changes, says):
    file = str(tmp_path / "connections.toml")
    environment(**{name: value.format(file=file) for name, value in changes.items()})
    with pytest.raises(SettingsError, match=says):
        load(EverySettings)


def test_groups_are_read_with_all_their_words(environment):
    environment(OIDC_ROLES="ops=operator, ops=viewer,Fin ance=accounting_approver|admin", OIDC_COMPANIES="ops=4001|*")
    settings = load(EverySettings)
    assert settings.oidc_roles == {"ops": {"operator", "viewer"}, "Fin ance": {"accounting_approver", "admin"}}
    assert settings.oidc_companies == {"ops": {"4001", "*"}}


def test_proxies_are_addresses_or_networks(environment):
    environment(TRUSTED_PROXIES="10.0.0.0/8, 192.0.2.7, 2001:db8::/32")
    assert load(EverySettings).trusted_proxies == ("10.0.0.0/8", "192.0.2.7", "2001:db8::/32")


def test_all_that_is_wrong_is_told_at_once(environment):
    environment(DATABASE_URL=None, LOG_FORMAT="xml", SESSION_KEY="hush")
    with pytest.raises(SettingsError) as caught:
        load(EverySettings)
    assert {line.split()[0] for line in caught.value.lines} == {"DATABASE_URL", "LOG_FORMAT", "SESSION_KEY"}


@pytest.mark.parametrize("name", ["DATABASE_URL", "PROCORE_WEBHOOK_TOKENS", "SESSION_KEY", "TOKEN_ENCRYPTION_KEY"])
class TestSecretsFromFiles:
    def test_a_secret_may_come_from_a_file(self, environment, tmp_path, name):
        (tmp_path / "secret").write_text("postgresql://ada:from-a-file@db/exports\n")
        environment(**{name: None, f"{name}_FILE": str(tmp_path / "secret")})
        value = getattr(load(EverySettings), name.lower())
        secret = value[0] if isinstance(value, tuple) else value
        assert secret.get_secret_value() == "postgresql://ada:from-a-file@db/exports"

    def test_a_secret_given_twice_is_refused(self, environment, tmp_path, name):
        (tmp_path / "secret").write_text("hush")
        environment(**{name: "hush-hush-hush-hush", f"{name}_FILE": str(tmp_path / "secret")})
        with pytest.raises(SettingsError) as caught:
            load(EverySettings)
        assert f"{name} and {name}_FILE are both set" in str(caught.value)
        assert "hush" not in str(caught.value)

    @pytest.mark.parametrize("content", [None, b"", b"\xff\xfe\x00"])
    def test_an_unusable_file_is_one_line(self, environment, tmp_path, name, content):
        path = tmp_path / "secret"
        if content is not None:
            path.write_bytes(content)
        environment(**{name: None, f"{name}_FILE": str(path)})
        with pytest.raises(SettingsError) as caught:
            load(EverySettings)
        assert len(caught.value.lines) == 1
        assert str(caught.value).startswith(f"{name}_FILE ")
