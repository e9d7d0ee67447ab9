"""The stand-in's own interface: the oracle's list and the bookkeeper's hand."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Request

from deploy.sandbox.erpnext import invoices
from deploy.sandbox.erpnext.doctypes import SALES_INVOICE
from deploy.sandbox.erpnext.rules import SiteRules
from deploy.sandbox.erpnext.site import Site

control = APIRouter(prefix="/sandbox")


def site_named(book: str, request: Request) -> Site:
    """The site of the path, else 404."""
    found: Site | None = request.app.state.books.get(book)
    if found is None:
        raise HTTPException(404, "There is no such site.")
    return found


AnySite = Annotated[Site, Depends(site_named)]


@control.put("/books/{book}")
async def set_up(book: str, request: Request, changes: dict[str, Any]) -> dict[str, Any]:
    """Make a site, or change some of its rules. Answers all its rules."""
    sites: dict[str, Site] = request.app.state.books
    before = sites[book].rules if book in sites else SiteRules()
    rules = SiteRules.model_validate(before.model_dump() | changes)
    sites.setdefault(book, Site(book, rules)).rules = rules
    return rules.model_dump(mode="json")


@control.put("/books/{book}/records/{doctype}/{name:path}")
async def put_record(book: AnySite, doctype: str, name: str, values: dict[str, Any]) -> dict[str, Any]:
    """Somebody makes or changes a document in ERPNext; nothing is checked."""
    return book.store(doctype, name, book.records[doctype].get(name, {}) | values)


@control.delete("/books/{book}/records/{doctype}/{name:path}")
async def drop_record(book: AnySite, doctype: str, name: str) -> dict[str, bool]:
    """Somebody deletes a document, drafts included."""
    book.drop(doctype, name)
    return {"deleted": True}


@control.get("/books/{book}/documents")
async def documents(book: AnySite) -> dict[str, Any]:
    """Every sales invoice, with the names of its files."""
    return {"documents": [told(book, one) for one in book.of(SALES_INVOICE)]}


@control.post("/books/{book}/documents/{name}/submission")
async def submit(book: AnySite, name: str) -> dict[str, Any]:
    """A bookkeeper submits."""
    return told(book, invoices.update(book, name, {"docstatus": invoices.SUBMITTED}))


@control.post("/books/{book}/documents/{name}/cancellation")
async def cancel(book: AnySite, name: str) -> dict[str, Any]:
    """A bookkeeper cancels; a draft has to be submitted for that."""
    return told(book, invoices.cancel(book, name))


@control.post("/books/{book}/documents/{name}/credit")
async def credit(book: AnySite, name: str, amount: float) -> dict[str, Any]:
    """A bookkeeper writes a credit note of `amount` against it: a return, which copies no field of ours."""
    against = book.get(SALES_INVOICE, name)
    note = {"is_return": 1, "return_against": name, "grand_total": -amount, "docstatus": 1, "status": "Return"}
    note |= {"company": against["company"], "customer": against["customer"], "items": [], "taxes": []}
    book.store(SALES_INVOICE, f"ACC-SINV-RET-{len(book.of(SALES_INVOICE)):05d}", note)
    left = against["outstanding_amount"] - amount
    changed = {"outstanding_amount": left} | ({"status": "Credit Note Issued"} if left <= 0 else {})
    return told(book, book.store(SALES_INVOICE, name, against | changed))


@control.post("/books/{book}/documents/{name}/charge")
async def charge(book: AnySite, name: str, amount: float) -> dict[str, Any]:
    """Somebody adds a charge by hand, past all checks."""
    record = book.get(SALES_INVOICE, name)
    row = {"charge_type": "Actual", "account_head": "Sales Tax - HB", "description": "By hand", "tax_amount": amount}
    return told(
        book, book.store(SALES_INVOICE, name, invoices.with_totals(record | {"taxes": [*record["taxes"], row]}))
    )


@control.post("/reset")
async def reset(request: Request) -> dict[str, list[str]]:
    """Forget everything; the sites of the start are there and empty."""
    request.app.state.reset()
    return {"books": sorted(request.app.state.books)}


def told(site: Site, record: dict[str, Any]) -> dict[str, Any]:
    """One invoice with its files."""
    files = [one["file_name"] for one in site.of("File") if one.get("attached_to_name") == record["name"]]
    return record | {"attachments": files}
