"""A second company with a connection and a book of its own, served by the workers of a house."""

import dataclasses
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.support.connection_tables import connection_table
from tests.support.house import House
from tests.support.house_parts import secret_in
from tests.support.ledger_view import viewing
from tests.support.opening import companies, furnish


@asynccontextmanager
async def beside(house: House, name: str, **changes: Any) -> AsyncIterator[House]:
    """The same Procore, ERP and database; the house's workers begin anew with both connections."""
    company = next(companies)
    book = f"book-{company}"
    path = house.workers.settings.connections_file
    secret = secret_in(path.parent)
    table = connection_table(name, company=company, erp_url=house.erp_url, book=book, secret=secret, erp={}, **changes)
    await house.erp.set_up(book, client_secret=house.secrets.erp_secret)
    await house.workers.stop()
    path.write_text(path.read_text(encoding="utf-8") + table, encoding="utf-8")
    house.workers.start()
    async with viewing(house.database_url, company) as view:
        neighbour = dataclasses.replace(house, company=company, book=book, view=view)
        yield await furnish(neighbour, name)
