"""Which Postgres and Kafka: given, else a container, else this machine's own, else the fallback broker."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal, Protocol

from deploy.sandbox.local.engine import engine_answers
from deploy.sandbox.local.jars import missing_for_kafka
from deploy.sandbox.local.processes import StartError

Say = Callable[[str], None]
Broker = Literal["apache", "fallback", "auto"]
BROKERS: tuple[Broker, ...] = ("apache", "fallback", "auto")
BROKER_SWITCH = "INVOICE_EXPORT_BROKER"


class Part(Protocol):
    """A Postgres or a Kafka that answers at `address`; `limits` are plain sentences.

    `restart` keeps address and data, save where `limits` says otherwise; `remove` deletes its data too.
    """

    @property
    def address(self) -> str: ...
    @property
    def limits(self) -> tuple[str, ...]: ...
    def stop(self) -> None: ...
    def kill(self) -> None: ...
    def restart(self) -> None: ...
    def remove(self) -> None: ...


class Given:
    """A part named by the environment: used, never started or stopped."""

    limits: tuple[str, ...] = ()

    def __init__(self, address: str) -> None:
        self.address = address

    def stop(self) -> None:
        """Leave it as it is."""

    def kill(self) -> None:
        raise StartError("a part given by the environment is not ours to kill")

    def restart(self) -> None:
        raise StartError("a part given by the environment is not ours to restart")

    def remove(self) -> None:
        """Leave it as it is."""


def postgres_part(
    folder: Path,
    environment: Mapping[str, str],
    *,
    log: Path | None = None,
    durable: bool = True,
    outlives_us: bool = False,
    say: Say = print,
) -> Part:
    """Raise StartError when there is none to be had."""
    if url := environment.get("DATABASE_URL"):
        return Given(url)
    if engine_answers():
        from deploy.sandbox.local.containers import start_postgres_container

        try:
            return start_postgres_container(outlives_us=outlives_us)
        except StartError as error:
            say(f"Postgres: {_first_line(error)}; using this machine's own instead")
    from deploy.sandbox.local.postgres import start_postgres

    return start_postgres(folder, log=log, durable=durable, outlives_us=outlives_us)


def kafka_part(
    folder: Path,
    environment: Mapping[str, str],
    *,
    log: Path | None = None,
    outlives_us: bool = False,
    say: Say = print,
) -> Part:
    """Raise StartError when there is none to be had, or `INVOICE_EXPORT_BROKER=apache` cannot be met."""
    if bootstrap := environment.get("KAFKA_BOOTSTRAP_SERVERS"):
        return Given(bootstrap)
    broker = broker_choice(environment)
    if broker == "fallback":
        return _fallback(folder, "was asked for", log=log, outlives_us=outlives_us, say=say)
    try:
        return _apache(folder, log=log, outlives_us=outlives_us, say=say)
    except StartError as error:
        if broker == "apache":
            raise
        return _fallback(folder, _first_line(error), log=log, outlives_us=outlives_us, say=say)


def apache_kafka_lacks(environment: Mapping[str, str]) -> str | None:
    """Why tests that need the real Kafka cannot run here; None when they can."""
    if environment.get("KAFKA_BOOTSTRAP_SERVERS"):
        return None
    if broker_choice(environment) == "fallback":
        return f"{BROKER_SWITCH}=fallback was asked for"
    return None if engine_answers() else missing_for_kafka()


def broker_choice(environment: Mapping[str, str]) -> Broker:
    asked = environment.get(BROKER_SWITCH) or "auto"
    for broker in BROKERS:
        if broker == asked:
            return broker
    raise StartError(f"{BROKER_SWITCH}={asked} is unknown; it is one of {', '.join(BROKERS)}")


def _apache(folder: Path, *, log: Path | None, outlives_us: bool, say: Say) -> Part:
    if engine_answers():
        from deploy.sandbox.local.containers import start_kafka_container

        try:
            return start_kafka_container(outlives_us=outlives_us)
        except StartError as error:
            say(f"Kafka: {_first_line(error)}; using this machine's own instead")
    if missing := missing_for_kafka():
        raise StartError(missing)
    from deploy.sandbox.local.jars import libraries
    from deploy.sandbox.local.kafka import start_kafka

    if not libraries().is_dir():
        say("Kafka: fetching Apache Kafka (43 MB) from Maven Central, once")
    return start_kafka(folder, log=log, outlives_us=outlives_us)


def _fallback(folder: Path, why: str, *, log: Path | None, outlives_us: bool, say: Say) -> Part:
    from deploy.sandbox.local.fallback_broker import start_fallback_broker

    broker = start_fallback_broker(folder, log=log, outlives_us=outlives_us)
    say(f"Kafka: the fallback broker runs ({why}): {'; '.join(broker.limits)}")
    return broker


def _first_line(error: StartError) -> str:
    return str(error).partition("\n")[0]
