"""What is made once and kept below `.local/tryton`: environments with a Tryton in them, by the hash of what went in."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from deploy.sandbox.local.processes import StartError

PROJECT = Path(__file__).parents[3]
KEPT = PROJECT / ".local" / "tryton"
LOCKS = Path(__file__).with_name("locks")
MODULE = PROJECT / "deploy" / "tryton" / "owner_invoice_retainage"
NEWEST, LONG_TERM = "8.2", "8.0"
SERIES = (NEWEST, LONG_TERM)
LONGEST_COMMAND_SECONDS = 600


def environment(series: str) -> Path:
    """A virtual environment with this series and our module. Raises StartError when pip cannot make it."""
    name = f"environment-{series}-{fingerprint([LOCKS / f'{series}.lock', *module_files()])}"
    return kept(name, lambda folder: install(folder, series))


def module_files() -> list[Path]:
    """What our module is made of."""
    return sorted(path for path in MODULE.rglob("*") if path.suffix in {".py", ".cfg", ".xml", ".toml"})


def kept(name: str, make: Callable[[Path], None]) -> Path:
    """The folder of this name; made by one process while others that want it wait, and only kept when complete."""
    folder, done = KEPT / name, KEPT / name / ".complete"
    KEPT.mkdir(parents=True, exist_ok=True)
    with (KEPT / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            done.touch()
    return folder


def fingerprint(files: Iterable[Path], *words: str) -> str:
    """Of contents, twelve hexadecimal digits."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    digest.update("\0".join(words).encode())
    return digest.hexdigest()[:12]


def install(folder: Path, series: str) -> None:
    """Every library by its hash, then our module from its sources."""
    run_command([sys.executable, "-m", "venv", str(folder)])
    pip = [str(folder / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check"]
    run_command([*pip, "--no-deps", "--require-hashes", "-r", str(LOCKS / f"{series}.lock")])
    with tempfile.TemporaryDirectory() as aside:  # building leaves files beside the sources
        sources = shutil.copytree(MODULE, Path(aside) / MODULE.name)
        run_command([*pip, "--no-deps", "--no-build-isolation", str(sources)])


def run_command(command: list[str], **variables: str) -> None:
    """To its end, with `variables` added to the environment. Raises StartError with what it said."""
    answer = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        timeout=LONGEST_COMMAND_SECONDS,
        env={**os.environ, **variables},
    )
    if answer.returncode != 0:
        told = (answer.stderr or answer.stdout).strip()[-2000:]
        raise StartError(f"{Path(command[0]).name} failed: {told}")
