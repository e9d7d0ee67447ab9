"""Procore: what our service account must be allowed, each tried at one project, with the right that is missing."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from services.cli.diagnosis.check import Check, attention, failed, first_line, ok
from services.cli.hooking.places import patiently
from shared.connections.catalog import Connection
from shared.procore.client import ProcoreClient
from shared.procore.directory import Directory
from shared.procore.errors import ProcoreError, ProcoreUnavailable
from shared.procore.payment_applications import PaymentApplications
from shared.procore.webhooks import Webhooks
from shared.procore.wire import house_id

T = TypeVar("T")

# A person waits for the answer.
TRIES = 2
AGAIN = "try again; see that PROCORE_API_URL can be reached from here"
PRIME_CONTRACTS = (
    "give the service account 'Read Only' or more on the Prime Contracts tool of this project, and permit the project"
)
DIRECTORY = "give the service account 'Read Only' or more on the company's Directory"
WEBHOOKS = "set 'Webhooks API' to 'Standard' in the app's manifest, and let the company install that version"


@dataclass(frozen=True)
class Place:
    """One project, seen through one connection; `namespace` is that of our hooks."""

    client: ProcoreClient
    connection: Connection
    project_id: str
    namespace: str


async def rights_checks(place: Place) -> AsyncIterator[Check]:
    """In the order in which the product needs them."""
    for what, todo, trial in TRIALS:
        name = f"rights: {place.connection.name}, {what}"
        try:
            told = await patiently(partial(trial, place), tries=TRIES)
        except ProcoreUnavailable as error:
            yield failed(name, first_line(error), AGAIN)
        except ProcoreError as error:
            yield failed(name, f"project {place.project_id}: {first_line(error)}", todo)
        else:
            yield ok(name, told)
    if place.connection.write_back:
        told = "cannot be tried without writing"
        todo = "see that the service account has 'Admin' on the Prime Contracts tool of each project"
        yield attention(f"rights: {place.connection.name}, write back", told, todo)


async def _owner_invoices(place: Place) -> str:
    """The list, one invoice in full, and its contract's list, as far as there is an invoice."""
    invoices, company_id = PaymentApplications(place.client), place.connection.company_id
    one = await _first(invoices.of_project(company_id, place.project_id))
    if one is None:
        return f"project {place.project_id} has none yet: only the list was tried"
    await invoices.show(company_id, place.project_id, house_id(one.get("id")))
    contract = one.get("contract")
    if isinstance(contract, dict) and (contract_id := house_id(contract.get("id"))):
        await invoices.of_contract(company_id, place.project_id, contract_id)
    return f"project {place.project_id}"


async def _hooks(place: Place) -> str:
    found = await Webhooks(place.client).hooks(place.connection.company_id, place.project_id, namespace=place.namespace)
    return f"project {place.project_id}, hooks: {len(found)}"


async def _directory(place: Place) -> str:
    one = await _first(Directory(place.client).users(place.connection.company_id))
    return "people are visible" if one else "nobody is visible"


async def _first(rows: AsyncIterator[T]) -> T | None:
    return await anext(aiter(rows), None)


TRIALS: tuple[tuple[str, str, Callable[[Place], Awaitable[str]]], ...] = (
    ("owner invoices", PRIME_CONTRACTS, _owner_invoices),
    ("hooks", WEBHOOKS, _hooks),
    ("directory", DIRECTORY, _directory),
)
