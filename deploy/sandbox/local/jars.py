"""Apache Kafka's own jars, fetched once from Maven Central into the user's cache."""

import fcntl
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.sandbox.local.processes import StartError

KAFKA_VERSION = "4.4.0"
OLDEST_JAVA = 17
POM = Path(__file__).with_name("kafka.pom.xml")
DEPENDENCY_PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
DOWNLOAD_SECONDS = 600


def missing_for_kafka() -> str | None:
    """What this machine lacks to run Apache Kafka, in words; None when it lacks nothing."""
    version = java_version()
    if version is None:
        return "Java is not installed"
    if int(version.partition(".")[0]) < OLDEST_JAVA:
        return f"Java {version} is older than {OLDEST_JAVA}"
    if not libraries().is_dir() and shutil.which("mvn") is None:
        return "Maven is not installed"
    return None


def java_version() -> str | None:
    """Such as 17.0.15; None without Java."""
    if shutil.which("java") is None:
        return None
    answer = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False)
    found = re.search(r'version "([\d.]+)', answer.stderr)
    return found[1].rstrip(".") if found else None


def libraries() -> Path:
    """Where the jars are, or will be."""
    return cache() / "libs"


def cache() -> Path:
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "invoice-export" / f"kafka-{KAFKA_VERSION}"


def fetch_jars() -> Path:
    """The folder of jars, complete: downloaded by one process while others that want it wait.

    Raises StartError when Maven cannot get them.
    """
    if libraries().is_dir():
        return libraries()
    cache().mkdir(parents=True, exist_ok=True)
    with _locked(cache() / "download.lock"):
        if not libraries().is_dir():
            _download()
    return libraries()


def _download() -> None:
    with tempfile.TemporaryDirectory(dir=cache(), prefix="download-") as unfinished:
        command = [
            "mvn",
            "--batch-mode",
            "--quiet",
            "--no-transfer-progress",
            "-Dstyle.color=never",
            "--file",
            str(POM),
            DEPENDENCY_PLUGIN,
        ]
        command += [
            f"-Dkafka.version={KAFKA_VERSION}",
            "-DincludeScope=runtime",
            f"-DoutputDirectory={unfinished}/libs",
        ]
        try:
            answer = subprocess.run(
                command, cwd=unfinished, capture_output=True, text=True, timeout=DOWNLOAD_SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            raise StartError(f"Maven did not fetch Kafka's jars within {DOWNLOAD_SECONDS} s") from None
        if answer.returncode != 0:
            raise StartError(f"Maven could not fetch Kafka's jars: {_first_error(answer.stdout)}")
        Path(unfinished, "libs").rename(libraries())


def _first_error(output: str) -> str:
    found = re.search(r"\[ERROR\] (\S.*)", output)
    return found[1] if found else "no reason given"


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
