"""How QuickBooks says no: a fault with codes of its own."""

from datetime import UTC, datetime
from typing import Any

MESSAGES = {
    "120": "Authorization Failure",
    "610": "Object Not Found",
    "2010": "Request has invalid or unsupported property",
    "2020": "Required param missing, need to supply the required value for the API",
    "2030": "Invalid ID",
    "2050": "String length is either shorter or longer than supported by specification",
    "2500": "Invalid Reference Id",
    "4001": "Invalid query",
    "5010": "Stale Object Error",
    "6000": "A business validation error has occurred while processing your request",
    "6070": "Amount calculation incorrect in the request",
    "6140": "Duplicate Document Number Error",
    "6190": "Invalid Company Status",
    "6210": "Account Period Closed, Cannot Update Through Services API",
    "6240": "Duplicate Name Exists Error",
}
# Ordered faults name what QuickBooks itself tells only in words.
IN_WORDS = {"6000/currency": "Business Validation Error: The currency of the transaction is invalid for the customer."}


class RefusedError(Exception):
    """QuickBooks says no. `code` is a key of MESSAGES."""

    def __init__(self, code: str, detail: str, element: str | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.element = element


def fault_of(refusal: RefusedError) -> dict[str, Any]:
    """The body of a 400."""
    code = refusal.code.partition("/")[0]
    error = {
        "Message": MESSAGES.get(code, "Error"),
        "Detail": IN_WORDS.get(refusal.code, refusal.detail),
        "code": code,
    }
    if refusal.element:
        error["element"] = refusal.element
    return {"Fault": {"Error": [error], "type": "ValidationFault"}, "time": moment()}


def gateway_fault(status: int, name: str, code: str) -> dict[str, Any]:
    """What stands before QuickBooks writes its own form, in small letters."""
    error = {"message": f"message={name}; errorCode={code}; statusCode={status}", "detail": name, "code": code}
    return {"fault": {"error": [error], "type": "SERVICE"}, "warnings": None, "requestId": None}


def moment() -> str:
    """Now, as QuickBooks writes it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
