"""Certificates in PEM files, tried where settings are read: a wrong file is told then, not at a connection."""

import ssl
from pathlib import Path

from pydantic import SecretStr


def trusting(authorities: Path | None) -> ssl.SSLContext:
    """For a client that believes these authorities, or the machine's own. Raises ValueError."""
    try:
        return ssl.create_default_context(cafile=authorities)
    except OSError as error:  # ssl.SSLError is one
        raise ValueError("it holds no certificate in PEM form") from error


def show(context: ssl.SSLContext, certificate: Path, key: Path, password: SecretStr | None) -> None:
    """Let the client show a certificate of its own. Raises ValueError."""
    try:
        # Never without a password: OpenSSL would ask whoever sits at the terminal.
        context.load_cert_chain(certificate, key, password.get_secret_value() if password else "")
    except OSError as error:
        raise ValueError("no certificate with its private key, or not the key's password") from error
