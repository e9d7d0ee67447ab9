"""The sandbox's own interface: the oracle's lists and the bookkeeper's hand."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from deploy.sandbox.quickbooks_online.company import Company, Made
from deploy.sandbox.quickbooks_online.routes import company_named
from deploy.sandbox.quickbooks_online.rules import CompanyRules
from deploy.sandbox.quickbooks_online.shown import SUBTOTAL

control = APIRouter(prefix="/sandbox")


AnyCompany = Annotated[Company, Depends(company_named)]


@control.put("/books/{book}")
async def set_up(book: str, request: Request, changes: dict[str, Any]) -> dict[str, Any]:
    """Open a company, or change some of its rules. Answers all its rules."""
    books: dict[str, Company] = request.app.state.books
    before = books[book].rules if book in books else CompanyRules()
    rules = CompanyRules.model_validate(before.model_dump() | changes)
    books.setdefault(book, Company(book, rules)).rules = rules
    return rules.model_dump(mode="json")


@control.get("/books/{book}/documents")
async def documents(book: AnyCompany) -> dict[str, Any]:
    """Every invoice ever, deleted ones too."""
    return {"documents": [told(made, book) for made in book.made.values()]}


@control.post("/books/{book}/documents/{document_id}/cancellation")
async def cancel(book: AnyCompany, document_id: str) -> dict[str, Any]:
    """A bookkeeper voids."""
    book.void(document_id)
    return told(book.made[document_id], book)


@control.post("/books/{book}/documents/{document_id}/copy")
async def duplicate(book: AnyCompany, document_id: str) -> dict[str, Any]:
    """A bookkeeper copies it and gives the copy the same number, which QuickBooks takes unless it is told to warn."""
    return told(book.made[book.duplicate(document_id)["Id"]], book)


@control.delete("/books/{book}/documents/{document_id}")
async def delete(book: AnyCompany, document_id: str) -> dict[str, Any]:
    """A bookkeeper deletes."""
    book.delete(document_id)
    return told(book.made[document_id], book)


@control.patch("/books/{book}/documents/{document_id}")
async def edit(book: AnyCompany, document_id: str, changes: dict[str, str]) -> dict[str, Any]:
    """A bookkeeper changes DocNumber, PrivateNote or, as `tax`, the tax's amount."""
    book.edit(document_id, changes)
    return told(book.made[document_id], book)


@control.delete("/books/{book}/request-ids")
async def forget(book: AnyCompany) -> dict[str, int]:
    """QuickBooks forgets which requests it has seen, as it does some day."""
    forgotten = len(book.answered)
    book.answered.clear()
    return {"forgotten": forgotten}


@control.post("/reset")
async def reset(request: Request) -> dict[str, list[str]]:
    """Forget everything; the companies of the start are open and empty."""
    request.app.state.reset()
    return {"books": sorted(request.app.state.books)}


def told(made: Made, company: Company) -> dict[str, Any]:
    """An invoice in short; money as decimal strings."""
    invoice = made.invoice
    state = "deleted" if made.is_deleted else "voided" if is_voided(invoice) else "posted"
    files = [one["FileName"] for one in company.attachables if ties(one, invoice["Id"])]
    return {
        "id": invoice["Id"],
        "state": state,
        "number": invoice["DocNumber"],
        "note": invoice["PrivateNote"],
        "customer": invoice["CustomerRef"]["value"],
        "total": f"{invoice['TotalAmt']:f}",
        "tax": f"{invoice['TxnTaxDetail']['TotalTax']:f}",
        "lines": [
            {
                "text": line["Description"],
                "amount": f"{line['Amount']:f}",
                "item": line["SalesItemLineDetail"]["ItemRef"]["value"],
            }
            for line in invoice["Line"]
            if line["DetailType"] != SUBTOTAL
        ],
        "attachments": files,
    }


def ties(attachable: dict[str, Any], invoice_id: str) -> bool:
    """Whether the file belongs to the invoice."""
    return any(ref["EntityRef"]["value"] == invoice_id for ref in attachable["AttachableRef"])


def is_voided(invoice: dict[str, Any]) -> bool:
    """As QuickBooks marks it."""
    return str(invoice["PrivateNote"]).startswith("Voided") and not invoice["TotalAmt"]
