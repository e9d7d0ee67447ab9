"""Every kind of ERP by the name that a connection gives: one line each."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from services.export_worker.erp import erpnext, odoo, quickbooks_online, sage_file, sandbox, tryton
from services.export_worker.erp.about import About
from services.export_worker.erp.adapter import ErpAdapter, Place
from services.export_worker.erp.mask import Mask
from services.export_worker.erp.masked import MaskedAdapter, MaskingKeeper
from services.export_worker.erp.pace import Pace
from shared.connections.problems import CatalogErrors, CatalogProblem, own_words, unknown

__all__ = ["ADAPTERS", "Kind", "make_adapter", "settings_problems"]


@dataclass(frozen=True)
class Kind:
    """How to make an adapter, and what to know about it. `make` raises pydantic's ValidationError, or ValueError.

    `requests_per_minute` where a connection does not say, and `requests_at_once` of them: see Pace.
    """

    make: Callable[[Place], ErpAdapter]
    about: About
    requests_per_minute: int = 1200
    requests_at_once: int | None = None

    def pace(self, requests_per_minute: int | None) -> Pace:
        """As a connection says, else as this kind of ERP takes it."""
        return Pace(requests_per_minute or self.requests_per_minute, self.requests_at_once)


ADAPTERS: dict[str, Kind] = {
    "erp_sandbox": Kind(sandbox.SandboxErpAdapter, sandbox.ABOUT, 6000),
    "erpnext": Kind(erpnext.ErpNextAdapter, erpnext.ABOUT),
    "odoo": Kind(odoo.OdooAdapter, odoo.ABOUT),
    # Takes 500 a minute and 10 a second for each company, whoever asks.
    "quickbooks_online": Kind(quickbooks_online.QuickBooksAdapter, quickbooks_online.ABOUT, 400, 3),
    "sage_file": Kind(sage_file.SageFileAdapter, sage_file.ABOUT),
    "tryton": Kind(tryton.TrytonAdapter, tryton.ABOUT),
}


def make_adapter(name: str, place: Place) -> ErpAdapter:
    """The adapter of a connection. None of its texts shows a secret of the place, or a log-in that comes of it.

    Raises CatalogErrors with every mistake in settings and secrets, and never a value in it.
    """
    kind = ADAPTERS.get(name)
    if kind is None:
        remedy = f"there are {', '.join(sorted(ADAPTERS))}"
        raise CatalogErrors([problem(place.connection, "adapter", f"there is no adapter {name!r}", remedy)])
    problems = [*settings_problems(name, place.connection, place.settings)]
    problems += problems_in("secrets", kind.about.secrets, place.secrets, name, place.connection)
    if problems:
        raise CatalogErrors(problems)
    mask = Mask(place.secrets.values())
    keeper = None if place.tokens is None else MaskingKeeper(place.tokens, mask)
    try:
        return MaskedAdapter(kind.make(replace(place, tokens=keeper, mask=mask)), mask)
    except ValueError as error:
        what = str(error).removeprefix(f"{name}: ")
        raise CatalogErrors([problem(place.connection, "", what, read_about(name))]) from None


def settings_problems(name: str, connection: str, settings: Mapping[str, Any]) -> Iterator[CatalogProblem]:
    """What is wrong with a connection's settings for this kind of ERP."""
    return problems_in("settings", ADAPTERS[name].about.settings, settings, name, connection)


def problems_in(
    table: str, model: type[BaseModel], given: Mapping[str, Any], name: str, connection: str
) -> Iterator[CatalogProblem]:
    """By what the model makes of the table of this name."""
    try:
        model.model_validate(dict(given))
    except ValidationError as error:
        for detail in error.errors(include_url=False, include_context=False, include_input=False):
            key = ".".join(str(part) for part in (table, *detail["loc"]))
            what, remedy = wording(detail, model, name)
            yield problem(connection, key, what, remedy)


def wording(detail: ErrorDetails, model: type[BaseModel], name: str) -> tuple[str, str]:
    """What it is, and what to do about it."""
    field = model.model_fields.get(str(detail["loc"][0])) if len(detail["loc"]) == 1 else None
    match detail["type"]:
        case "extra_forbidden" if len(detail["loc"]) == 1:
            return unknown(str(detail["loc"][0]), model.model_fields)
        case "extra_forbidden":
            return "is not a known key", read_about(name)
        case "missing" if field is not None:
            return "is missing", f"give {field.description}"
        case "missing":
            return "is missing", read_about(name)
        case _:
            return own_words(detail), read_about(name)


def problem(connection: str, key: str, what: str, remedy: str) -> CatalogProblem:
    """Of one connection."""
    return CatalogProblem("", f"connection {connection}", key, what, remedy)


def read_about(name: str) -> str:
    """Where it stands what this kind of ERP takes."""
    return f"see docs/erps/{name}.md"
