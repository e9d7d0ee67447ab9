"""The ids of everything that a document names, and whether Tryton can take it at all."""

from decimal import Decimal

from services.export_worker.core.document import Document
from services.export_worker.core.outcomes import Refusal, Refused
from services.export_worker.erp.tryton.company import Books
from services.export_worker.erp.tryton.mapping import Targets
from services.export_worker.erp.tryton.retainage import no_account
from services.export_worker.erp.tryton.settings import TrytonSettings
from services.export_worker.erp.tryton.transport import Stopped
from services.export_worker.erp.tryton.wire import Account, Company, Named


async def targets_of(books: Books, settings: TrytonSettings, document: Document) -> Targets:
    """Raises Stopped with the first thing that is missing; nothing is written by then."""
    company = await books.company()
    refuse_what_is_impossible(document, company, settings)
    customer = await books.customer(document.customer)
    retainage = document.retainage_account or settings.retainage_account if document.is_retained else None
    tax = settings.tax_account if document.tax else None
    named = {line.account for line in document.lines if line.account}
    other = await revenue_account(books, settings, document)
    known = await books.accounts({*named, *(code for code in (retainage, tax, other) if code)})
    return Targets(
        company=company.id,
        currency=company.currency,
        party=customer.id,
        address=customer.address,
        receivable=customer.receivable,
        payment_term=customer.payment_term,
        journal=await books.journal(settings.journal, "revenue"),
        accounts={code: known[code].id for code in named},
        other=id_of(known, other),
        retainage=id_of(known, retainage),
        tax=id_of(known, tax),
    )


async def revenue_account(books: Books, settings: TrytonSettings, document: Document) -> str | None:
    """For lines that name none: of the settings, else the only one that there is."""
    if all(line.account for line in document.lines):
        return None
    if settings.revenue_account:
        return settings.revenue_account
    domain = [["type.revenue", "=", True], ["closed", "!=", True], ["code", "!=", None], *await books.own()]
    found = await books.rows(Named, "account.account", domain, "code")
    if len(found) != 1:
        text = "A line has no revenue account. Map its cost code, or set revenue_account, then replay."
        raise Stopped(Refused(Refusal.MISSING_MAPPING, text, "account"))
    return found[0].code


def refuse_what_is_impossible(document: Document, company: Company, settings: TrytonSettings) -> None:
    """What Tryton would refuse in words that help nobody, or would round."""
    told = company.told
    if document.currency != told.code:
        text = f"The invoice is in {document.currency}, and {company.rec_name} keeps its books in {told.code}."
        raise Stopped(Refused(Refusal.CURRENCY, text, "currency"))
    if document.tax and not settings.tax_account:
        text = "The invoice carries tax, and no account is named for it. Set tax_account, then replay."
        raise Stopped(Refused(Refusal.UNSUPPORTED, text, "tax"))
    if document.is_retained and not (document.retainage_account or settings.retainage_account):
        raise Stopped(no_account())
    smallest = Decimal(1).scaleb(-told.digits)
    lines = [line.amount for line in document.lines]
    if any(
        amount % smallest for amount in (*lines, document.retainage_held, document.retainage_released, document.tax)
    ):
        text = f"An amount is finer than {smallest} {told.code}, which Tryton would round."
        raise Stopped(Refused(Refusal.AMOUNT_MISMATCH, text, "lines"))


def id_of(known: dict[str, Account], code: str | None) -> int | None:
    """Where there is one."""
    return known[code].id if code else None
