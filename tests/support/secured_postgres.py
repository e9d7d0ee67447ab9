"""A real Postgres that takes log-ins over TLS only, from a PostgreSQL of this machine's that was built with OpenSSL."""

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.sandbox.local.postgres import ACCOUNT_BELOW_ROOT, USER
from deploy.sandbox.local.processes import BackgroundProcess, free_port
from deploy.sandbox.local.ready import postgres_answers
from tests.support.certificates import Authority

DEBIANS = Path("/usr/lib/postgresql")
ONLY_OVER_TLS = "hostssl all all 127.0.0.1/32 scram-sha-256\n"


def postgres_with_tls() -> Path | None:
    """The folder of its binaries, where one is installed: the embedded one has no OpenSSL."""
    on_path = [Path(found).resolve().parent] if (found := shutil.which("postgres")) else []
    installed = sorted(DEBIANS.glob("*/bin"), reverse=True) if DEBIANS.is_dir() else []
    return next((folder for folder in (*on_path, *installed) if _knows_tls(folder)), None)


def _knows_tls(folder: Path) -> bool:
    if not all((folder / name).exists() for name in ("postgres", "initdb")):
        return False
    told = subprocess.run([folder / "postgres", "--describe-config"], capture_output=True, text=True, check=False)
    return "ssl_cert_file" in told.stdout and _links_openssl(folder / "postgres")


def _links_openssl(binary: Path) -> bool:
    return b"libssl" in binary.read_bytes()


@contextmanager
def secured_postgres(binaries: Path, authority: Authority) -> Iterator[str]:
    """The owner's address of an empty database; its certificate names localhost. Without TLS nobody gets in."""
    home = Path(tempfile.mkdtemp(prefix="invoice-export-tls-", dir="/var/tmp"))
    account = ACCOUNT_BELOW_ROOT if os.geteuid() == 0 else None
    password, port, signed = secrets.token_urlsafe(24), free_port(), authority.sign("localhost")
    (home / "password").write_text(password)
    shutil.copy(signed.certificate, home / "server.crt")
    shutil.copy(signed.key, home / "server.key")
    for path in (home, *home.iterdir()):
        path.chmod(0o700 if path.is_dir() else 0o600)
        if account:
            shutil.chown(path, account)
    words = ["-D", home / "data", f"--username={USER}", f"--pwfile={home / 'password'}", "--auth=scram-sha-256"]
    subprocess.run(
        [binaries / "initdb", *words, "--encoding=UTF8", "--locale=C", "--no-sync"],
        user=account,
        cwd=home,
        check=True,
        capture_output=True,
    )
    (home / "data" / "pg_hba.conf").write_text(ONLY_OVER_TLS)
    settings = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off", "ssl": "on"}
    settings |= {"ssl_cert_file": str(home / "server.crt"), "ssl_key_file": str(home / "server.key")}
    process = BackgroundProcess(
        [
            *(str(binaries / "postgres"), "-D", str(home / "data"), "-p", str(port)),
            *(word for name, value in settings.items() for word in ("-c", f"{name}={value}")),
        ],
        log=home.with_suffix(".log"),
        environment={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
        user=account,
    )
    url = f"postgresql://{USER}:{password}@localhost:{port}/postgres"
    process.start()
    try:
        process.wait_until(lambda: postgres_answers(f"{url}?sslmode=require"))
        yield url
    finally:
        process.stop(signal.SIGINT)
        shutil.rmtree(home, ignore_errors=True)
        home.with_suffix(".log").unlink(missing_ok=True)
