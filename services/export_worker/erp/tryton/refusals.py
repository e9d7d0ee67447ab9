"""Why Tryton says no, by its own English words (every call asks for English), and what that means to an accountant."""

import re

from services.export_worker.core.outcomes import Refusal, Refused

# Somebody else was faster: what stands now decides.
LOOK_AGAIN = re.compile(
    r"You can not call \"\w+\" on"
    r"|because it is posted, paid or cancelled"
    r"|because its invoice .* is posted, paid or cancelled"
    r"|no longer in a draft state"
    r"|that don't exist"
    r"|Failed to save, please retry"
    r"|same external key stands already"
    r"|can be linked to only one invoice"
    r"|cannot modify posted move",
)

OPEN_IT = "Open it or change the accounting-date rule, then replay."

# The first that fits wins. Named groups are quoted in our sentence.
MEANINGS: tuple[tuple[str, Refusal, str], ...] = (
    (r'must reopen the period "(?P<it>[^"]*)"', Refusal.PERIOD_CLOSED, f"Period {{it}} is closed in Tryton. {OPEN_IT}"),
    (
        r'must reopen the fiscal year "(?P<it>[^"]*)"',
        Refusal.PERIOD_CLOSED,
        f"Fiscal year {{it}} is closed in Tryton. {OPEN_IT}",
    ),
    (
        r'must create a (?P<what>period|fiscal year) for the date "(?P<it>[^"]*)"',
        Refusal.PERIOD_CLOSED,
        "Tryton has no {what} for {it}. Create it or change the accounting-date rule, then replay.",
    ),
    (r"period of move .* is closed", Refusal.PERIOD_CLOSED, f"The period is closed in Tryton. {OPEN_IT}"),
    (
        r'closed (?P<what>period|journal-period) "(?P<it>[^"]*)"',
        Refusal.PERIOD_CLOSED,
        f"The {{what}} {{it}} is closed in Tryton. {OPEN_IT}",
    ),
    (
        r'must set an invoice date after .* used for invoice "(?P<it>[^"]*)"',
        Refusal.DATE_OUT_OF_SEQUENCE,
        "Tryton numbers invoices by date, and {it} is dated later. Set the accounting-date rule to first_open_day.",
    ),
    (
        r'value "(?P<it>[^"]*)" for field "(?P<field>[^"]*)" .* does not exist',
        Refusal.MISSING_MAPPING,
        "Tryton does not know {it} as {field}. Correct the mapping, then replay.",
    ),
    (
        r'value "(?P<it>[^"]*)" for field "(?P<field>[^"]*)" .* not valid according to its domain',
        Refusal.MISSING_MAPPING,
        "Tryton does not take {it} as {field} here. Map to another one, then replay.",
    ),
    (
        r'To create a line on account "(?P<it>[^"]*)", you must set a type or unclose it',
        Refusal.MISSING_MAPPING,
        "Account {it} is closed in Tryton. Map to another one or open it, then replay.",
    ),
    (
        r'A value is required for field "(?P<field>[^"]*)"',
        Refusal.MISSING_FIELD,
        "Tryton wants {field}, and the invoice has none. Fill it in, then replay.",
    ),
    (
        r'must define a sequence on fiscal year "(?P<it>[^"]*)"',
        Refusal.MISSING_FIELD,
        "Fiscal year {it} has no numbers for customer invoices in Tryton. Give it a sequence, then replay.",
    ),
    (
        r"must set a party on line|must define a receivable account for party",
        Refusal.MISSING_FIELD,
        "Tryton wants a party or its receivable account, and there is none. Complete it in Tryton, then replay.",
    ),
    (
        r'value ".*" for field "(?P<field>[^"]*)" .* is too long',
        Refusal.TOO_LONG,
        "{field} is longer than Tryton takes. Shorten it, then replay.",
    ),
    (
        r"balance all its lines|must equal the source value|can not be greater than the invoice amount",
        Refusal.AMOUNT_MISMATCH,
        "The amounts do not add up in Tryton. Compare them with the invoice in Procore, then replay.",
    ),
    (
        r"No rate found for currency|currency exchange",
        Refusal.CURRENCY,
        "Tryton has no rate or account for this currency. Set it up in Tryton, then replay.",
    ),
    (
        r"not allowed",
        Refusal.NOT_ALLOWED,
        "Tryton does not let the export's user do this. Put the user into the group Accounting, then replay.",
    ),
)
MISSING = (
    "Tryton lacks something that the export relies on: its version or its modules do not fit. Let who runs Tryton "
    "compare them with `connections things-to-know`, then replay."
)
OTHERWISE = "Tryton does not take this invoice as it is. See its own words, correct what they name, then replay."


def refusal_in(text: str) -> Refused:
    """Our sentence first, Tryton's own words beside it."""
    for pattern, refusal, sentence in MEANINGS:
        if match := re.search(pattern, text, re.DOTALL):
            told = match.groupdict()
            return Refused(refusal, beside(sentence.format(**told), text), told.get("field"))
    return Refused(Refusal.UNSUPPORTED, beside(OTHERWISE, text))


def beside(sentence: str, text: str) -> str:
    """Both."""
    return f"{sentence} Tryton says: {text}"
