"""The stack's own processes in the order of their start, each with its port, address and ready check."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from deploy.sandbox.local.variables import CONNECTIONS

BOOKS = tuple(part for _, name in CONNECTIONS for part in ("--book", name))
SERVICE_USER_ID = "900001"  # of the account that the Procore sandbox begins with
CLI = str(Path(sys.executable).with_name("invoice-export"))


@dataclass(frozen=True, slots=True)
class Service:
    """A process of ours that answers HTTP.

    `command` is given the port; the same port is in its environment as PORT. `publishes` are the variables
    that tell others its address; where the first is set already, the service is not started. `also` are
    variables that hold while it is ours and nothing else was given.
    """

    name: str
    command: Callable[[int], list[str]]
    port: int
    ready_path: str
    publishes: tuple[str, ...]
    also: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """A command that ends: it must succeed before what follows it starts."""

    name: str
    command: tuple[str, ...]


STEPS = (
    Step("migrations", (CLI, "db", "upgrade")),
    Step("topics", (CLI, "topics", "create")),
)
# Only where the stack is ours: whoever runs the containers makes accounts by the command line.
ACCOUNT = Step("dashboard account", (sys.executable, "-m", "deploy.sandbox.local.account"))
SERVICES = (
    Service(
        "procore-sandbox",
        lambda port: [sys.executable, "-m", "deploy.sandbox.procore", "--port", str(port)],
        port=8070,
        ready_path="/healthz",
        publishes=("PROCORE_API_URL", "PROCORE_LOGIN_URL"),
        also=(("PROCORE_SERVICE_USER_IDS", SERVICE_USER_ID),),
    ),
    Service(
        "erp-sandbox",
        lambda port: [sys.executable, "-m", "deploy.sandbox.erp", "--port", str(port), *BOOKS],
        port=8060,
        ready_path="/healthz",
        publishes=("ERP_URL",),
    ),
    Service("receiver", lambda _: [CLI, "receiver"], port=8080, ready_path="/readyz", publishes=("RECEIVER_URL",)),
    Service("worker", lambda _: [CLI, "worker"], port=9100, ready_path="/readyz", publishes=("WORKER_URL",)),
    Service("dashboard", lambda _: [CLI, "dashboard"], port=8090, ready_path="/readyz", publishes=("DASHBOARD_URL",)),
)
