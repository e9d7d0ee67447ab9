"""The stack's environment: random secrets, the variables file, and the connections file."""

import base64
import secrets
from collections.abc import Mapping
from pathlib import Path

KEYS = ("COMMAND_SIGNING_KEY", "LEDGER_SEAL_KEY", "TOKEN_ENCRYPTION_KEY", "SESSION_KEY")
TOKENS = ("PROCORE_CLIENT_ID", "PROCORE_CLIENT_SECRET", "PROCORE_WEBHOOK_TOKENS")
# What the file says first, in this order; whatever else the stack knows follows.
ORDER = (
    "DATABASE_URL",
    "KAFKA_BOOTSTRAP_SERVERS",
    "KAFKA_ENABLE_IDEMPOTENCE",
    "RECEIVER_URL",
    "WORKER_URL",
    "DASHBOARD_URL",
    "DASHBOARD_LOGIN",
    "DASHBOARD_PASSWORD",
    "PROCORE_API_URL",
    "PROCORE_LOGIN_URL",
    "PROCORE_CLIENT_ID",
    "PROCORE_CLIENT_SECRET",
    "PROCORE_SERVICE_USER_IDS",
    "PROCORE_WEBHOOK_TOKENS",
    "CONNECTIONS_FILE",
    "ERP_URL",
)
# The ERP sandbox's own, until it is told another.
ERP_SECRET = "sandbox-secret"
CONNECTIONS = ((4001, "harbor"), (4002, "ironside"), (4003, "cedar"))


def random_secrets(given: Mapping[str, str]) -> dict[str, str]:
    """One of each secret that is not given already, as NAME or as NAME_FILE."""
    keys = {name: base64.urlsafe_b64encode(secrets.token_bytes(32)).decode() for name in KEYS}
    made = keys | {name: secrets.token_urlsafe(24) for name in TOKENS} | {"ERP_SANDBOX_SECRET": ERP_SECRET}
    made |= {"DASHBOARD_LOGIN": "demo", "DASHBOARD_PASSWORD": secrets.token_urlsafe(12)}
    return {name: made[name] for name in made if not given.get(name) and not given.get(f"{name}_FILE")}


def write_variables(path: Path, variables: Mapping[str, str]) -> None:
    """One NAME=value a line, readable by its owner only."""
    ordered = [name for name in ORDER if name in variables]
    rest = sorted(set(variables) - set(ordered))
    _write_privately(path, "".join(f"{name}={variables[name]}\n" for name in (*ordered, *rest)))


def read_variables(path: Path) -> dict[str, str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return {name: value for name, _, value in (line.partition("=") for line in lines)}


def write_connections(path: Path, erp_url: str) -> None:
    """Three companies of the Procore sandbox, each with its ERP; secrets are references only."""
    _write_privately(path, "\n".join(_connection(company, name, erp_url) for company, name in CONNECTIONS))


def _connection(company: int, name: str, erp_url: str) -> str:
    return f"""[[connection]]
name = "{name}"
company_id = {company}
adapter = "erp_sandbox"
mode = "live"
finish = "posted"
start_from = "2026-01-01"
time_zone = "America/Denver"
concurrency = 4
settings = {{ url = "{erp_url}", book = "{name}", read_timeout_seconds = 5, settles_after_seconds = 15 }}
secrets = {{ client_secret = "env:ERP_SANDBOX_SECRET" }}
"""


def _write_privately(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(text, encoding="utf-8")
