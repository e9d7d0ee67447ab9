"""Turns a connection's references into its secrets, at the moment an adapter is built."""

from collections.abc import Mapping
from pathlib import Path

from shared.connections.connection import Connection
from shared.connections.problems import CatalogErrors, CatalogProblem


class UnresolvedError(Exception):
    """One reference leads nowhere; its text never holds a secret."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy


def resolve_secrets(connection: Connection, environ: Mapping[str, str]) -> dict[str, str]:
    """Key -> secret. Raises CatalogErrors naming connection and key of each that cannot be found."""
    secrets: dict[str, str] = {}
    problems = []
    for key, reference in connection.secrets.items():
        kind, _, place = reference.partition(":")
        try:
            secrets[key] = from_environment(place, environ) if kind == "env" else from_file(Path(place))
        except UnresolvedError as error:
            title = f"connection {connection.name}"
            problems.append(CatalogProblem("", title, f"secrets.{key}", error.what, error.remedy))
    if problems:
        raise CatalogErrors(problems)
    return secrets


def from_environment(name: str, environ: Mapping[str, str]) -> str:
    secret = environ.get(name, "")
    if not secret:
        raise UnresolvedError(f"the environment variable {name} is not set", "set it to the secret")
    return secret


def from_file(path: Path) -> str:
    """The file's text without its last line end. A relative path starts at the working directory."""
    try:
        secret = path.read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        what = f"the file {path} cannot be read ({error.strerror})"
        raise UnresolvedError(what, "put the secret there") from None
    except UnicodeDecodeError:
        raise UnresolvedError(f"the file {path} is not UTF-8 text", "save it as UTF-8") from None
    if not secret:
        raise UnresolvedError(f"the file {path} is empty", "put the secret there")
    return secret
