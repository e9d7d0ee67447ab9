"""How ERPNext speaks, told to the faults that are ordered for one of its sites."""

import contextlib
import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote

from deploy.sandbox.erpnext.doctypes import SALES_INVOICE
from deploy.sandbox.erpnext.errors import ORDERED, FrappeError
from deploy.sandbox.faulty.desk import Asked, Request, Said
from deploy.sandbox.faulty.orders import ErpStep

if TYPE_CHECKING:
    from deploy.sandbox.erpnext.site import Site

RESOURCE = re.compile(r"(?:/sites/[^/]+)?/api/resource/([^/]+)(?:/(.+))?")


class SiteVendor:
    """One site's way to speak. There is no log-in: a key opens each request by itself."""

    def __init__(self, site: "Site") -> None:
        self.site = site

    def asked(self, request: Request) -> Asked:
        """By method, type and body."""
        resource = RESOURCE.fullmatch(unquote(request.path))
        if resource is None:
            return Asked(ErpStep.LIST)
        doctype, name = resource.groups()
        body = parsed(request.body)
        if doctype == "File" and request.method == "POST":
            return Asked(ErpStep.ATTACH, self.number_of(body.get("attached_to_name")))
        if doctype != SALES_INVOICE:
            return Asked(ErpStep.LIST)
        step = step_of(request.method, name, body, parse_qs(request.query))
        return Asked(step, body.get("po_no") or self.number_of(name))

    def number_of(self, name: str | None) -> str | None:
        """The client's invoice number of an invoice."""
        record = self.site.records[SALES_INVOICE].get(name or "")
        return record.get("po_no") if record else None

    def refusal(self, code: str, text: str) -> Said:
        """In the words that belong to the code, or a plain refusal with `text`."""
        return FrappeError(*ORDERED.get(code, ("ValidationError", text))).said

    def warning(self, name: str, text: str) -> Said:
        """ERPNext asks nothing; what it would ask is a refusal."""
        return self.refusal(name, text)

    def busy(self, status: int) -> Said:
        """503 is ERPNext's own word while it is being maintained; anything else comes from what stands before it."""
        stopped = FrappeError("SessionStopped", "Session Stopped").said
        return stopped if status == stopped.status else Said(status, f"<h1>{status}</h1>", "text/html")

    def expire_log_ins(self) -> int:
        """There are none."""
        return 0


def step_of(method: str, name: str | None, body: dict[str, Any], query: dict[str, list[str]]) -> ErpStep:
    """What is asked of sales invoices."""
    if method == "POST":
        return ErpStep.CREATE
    if method == "PUT":
        return ErpStep.FINISH if body.get("docstatus") == 1 else ErpStep.REPLACE
    if name is not None:
        return ErpStep.READ
    return ErpStep.LIST if "return_against" in "".join(query.get("filters", [])) else ErpStep.FIND


def parsed(body: bytes) -> dict[str, Any]:
    """The body when it is a JSON object, else nothing."""
    with contextlib.suppress(ValueError):
        said = json.loads(body)
        if isinstance(said, dict):
            return said
    return {}
