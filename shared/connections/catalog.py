"""Which ERP serves whom: the connections of CONNECTIONS_FILE, read once at the start."""

import tomllib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import combinations
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from shared.connections.connection import Connection, Mode
from shared.connections.problems import CatalogErrors, CatalogProblem, explain, unknown

__all__ = ["Catalog", "CatalogErrors", "CatalogProblem", "Connection", "load_catalog"]

FIRST_TO_SERVE = (Mode.LIVE, Mode.PAUSED, Mode.REHEARSE)


@dataclass(frozen=True)
class Catalog:
    """All connections, in the file's order."""

    connections: tuple[Connection, ...] = ()

    def serving(self, company_id: str, project_id: str | None) -> Connection | None:
        """The connection for an invoice of this project, or None when nothing serves it.

        One that names the project wins over a company-wide one; within the same reach a live one wins over
        a paused one, and that over a rehearsal.
        """
        ours = [one for one in self.connections if one.company_id == company_id]
        naming = [one for one in ours if one.project_ids and project_id in one.project_ids]
        reaching = naming or [one for one in ours if one.project_ids is None]
        return min(reaching, key=lambda one: FIRST_TO_SERVE.index(one.mode), default=None)

    def named(self, name: str) -> Connection | None:
        """The connection of this name."""
        return next((one for one in self.connections if one.name == name), None)


def load_catalog(path: Path, *, adapters: Collection[str] | None = None) -> Catalog:
    """Reads and checks the file. `adapters` are those that exist; None leaves them unchecked.

    Raises CatalogErrors with all mistakes at once.
    """
    source = path.name
    tables, problems = read_tables(path)
    connections = []
    for number, table in enumerate(tables, start=1):
        title = title_of(table, number)
        try:
            connections.append(Connection.model_validate(table))
        except ValidationError as error:
            problems += explain(error, source, title)
    problems += unknown_adapters(connections, adapters, source)
    problems += same_names(tables, source)
    problems += rivals(connections, source)
    if problems:
        raise CatalogErrors(problems)
    return Catalog(tuple(connections))


def read_tables(path: Path) -> tuple[list[dict[str, Any]], list[CatalogProblem]]:
    """The [[connection]] tables, and what is wrong around them."""

    def refused(key: str, what: str, remedy: str) -> list[CatalogProblem]:
        return [CatalogProblem(path.name, "", key, what, remedy)]

    try:
        content = tomllib.loads(path.read_bytes().decode("utf-8"))
    except OSError as error:
        return [], refused("", f"cannot be read ({error.strerror})", "give the path of a readable file")
    except UnicodeDecodeError:
        return [], refused("", "is not UTF-8 text", "save it as UTF-8")
    except ValueError as error:
        return [], refused("", f"is not TOML ({error})", "correct that place")
    problems = []
    for key in content.keys() - {"connection"}:
        problems += refused(key, *unknown(key, ["connection"]))
    tables = content.get("connection", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        problems += refused("connection", "is not a list of tables", "write [[connection]]")
        return [], problems
    if not tables and not problems:
        problems += refused("connection", "is missing", "describe at least one [[connection]]")
    return tables, problems


def title_of(table: dict[str, Any], number: int) -> str:
    name = table.get("name")
    return f"connection {name}" if isinstance(name, str) and name else f"connection no. {number}"


def unknown_adapters(
    connections: Sequence[Connection], adapters: Collection[str] | None, source: str
) -> Iterator[CatalogProblem]:
    for one in connections:
        if adapters is not None and one.adapter not in adapters:
            nearest = get_close_matches(one.adapter, adapters, n=1)
            remedy = f"did you mean {nearest[0]}?" if nearest else f"there are {', '.join(sorted(adapters))}"
            what = f"there is no adapter {one.adapter[:40]!r}"
            yield CatalogProblem(source, f"connection {one.name}", "adapter", what, remedy)


def same_names(tables: Sequence[dict[str, Any]], source: str) -> Iterator[CatalogProblem]:
    seen = set()
    for table in tables:
        name = table.get("name")
        if isinstance(name, str) and name in seen:
            what = "is the name of another connection too"
            yield CatalogProblem(source, f"connection {name}", "name", what, "give each its own")
        seen.add(name if isinstance(name, str) else None)


def rivals(connections: Sequence[Connection], source: str) -> Iterator[CatalogProblem]:
    """Two live connections that reach equally far for one invoice: it would stand in two ERPs."""
    live = [one for one in connections if one.mode is Mode.LIVE]
    for one, other in combinations(live, 2):
        if one.company_id != other.company_id:
            continue
        shared = set(one.project_ids or ()) & set(other.project_ids or ())
        if shared:
            what = f"project {', '.join(sorted(shared))} is served live by connection {one.name} too"
        elif one.project_ids is None and other.project_ids is None:
            what = f"company {one.company_id} is served live by connection {one.name} too"
        else:
            continue
        key = "project_ids" if shared else "company_id"
        remedy = "let one of them rehearse, or give them different project_ids"
        yield CatalogProblem(source, f"connection {other.name}", key, what, remedy)
