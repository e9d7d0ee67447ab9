"""How QuickBooks speaks, told to the faults that are ordered for one company."""

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from deploy.sandbox.faulty.desk import Asked, Request, Said
from deploy.sandbox.faulty.orders import ErpStep
from deploy.sandbox.quickbooks_online.numbers import heard
from deploy.sandbox.quickbooks_online.refusals import RefusedError, fault_of, gateway_fault

if TYPE_CHECKING:
    from deploy.sandbox.quickbooks_online.company import Company

LOG_IN_PATH = "/oauth2/v1/tokens/bearer"
THROTTLED = (429, "ThrottleExceeded", "3001")
ROUTES = (
    ("POST", r"/invoice", ErpStep.CREATE),
    ("GET", r"/invoice/([^/]+)", ErpStep.READ),
    ("POST", r"/upload", ErpStep.ATTACH),
    ("GET", r"/(companyinfo/[^/]+|preferences|query)", ErpStep.LIST),
)
MARK = re.compile(r"^(.*)-[A-Z2-7]{8}$", re.DOTALL)


class CompanyVendor:
    """One company's way to speak."""

    def __init__(self, company: "Company") -> None:
        self.company = company

    def asked(self, request: Request) -> Asked:
        """By method and path; a query of invoices is a look-up."""
        if request.path == LOG_IN_PATH:
            return Asked(ErpStep.LOG_IN)
        path = request.path.removeprefix(f"/v3/company/{self.company.realm}")
        given = parse_qs(request.query)
        step = step_of(request.method, path)
        if step is ErpStep.LIST and "from invoice " in given.get("query", [""])[0].casefold():
            step = ErpStep.FIND
        return Asked(step, self.number_of(step, path, request.body), (), given.get("requestid", [None])[0])

    def number_of(self, step: ErpStep | None, path: str, body: bytes) -> str | None:
        """Our client's invoice number, without the mark that it puts behind."""
        number = None
        if step is ErpStep.CREATE:
            number = number_in(body)
        elif step is ErpStep.READ:
            made = self.company.made.get(path.rpartition("/")[2])
            number = made.invoice["DocNumber"] if made else None
        marked = MARK.match(number or "")
        return marked[1] if marked else number

    def refusal(self, code: str, text: str) -> Said:
        """A fault; a right that is missing is a 403."""
        return Said(403 if code == "120" else 400, fault_of(RefusedError(code, text)))

    def warning(self, name: str, text: str) -> Said:
        """QuickBooks asks nothing: it refuses."""
        return Said(400, fault_of(RefusedError("6000", f"{name}: {text}")))

    def busy(self, status: int) -> Said:
        """At the gateway; only a 429 is sure to have done nothing."""
        if status == THROTTLED[0]:
            return Said(status, gateway_fault(*THROTTLED))
        return Said(status, gateway_fault(status, "ServiceUnavailable", "130"))

    def expire_log_ins(self) -> int:
        """End every access token of the company."""
        return self.company.tokens.end_all()


def step_of(method: str, path: str) -> ErpStep | None:
    """Which step this is."""
    return next((step for verb, shape, step in ROUTES if verb == method and re.fullmatch(shape, path)), None)


def number_in(body: bytes) -> str | None:
    """The number in a create."""
    try:
        said = heard(body)
    except ValueError:
        return None
    number = said.get("DocNumber") if isinstance(said, dict) else None
    return number if isinstance(number, str) else None
