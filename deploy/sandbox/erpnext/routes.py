"""ERPNext's own HTTP interface: `/api/resource` and the few methods that a client needs."""

import json
import secrets
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from deploy.sandbox.erpnext import invoices
from deploy.sandbox.erpnext.doctypes import SALES_INVOICE
from deploy.sandbox.erpnext.errors import FrappeError
from deploy.sandbox.erpnext.site import Site

routes = APIRouter()
FIRST_SITE = "site"


def site_of(request: Request) -> Site:
    """The site that the address names, for whoever has its key. Raises as ERPNext does: 401, and 403 without a key."""
    site: Site | None = request.app.state.books.get(request.path_params.get("site", FIRST_SITE))
    if site is None:
        raise FrappeError("DoesNotExistError", "There is no such site")
    given = request.headers.get("authorization", "")
    if not given:
        raise FrappeError("PermissionError", "Login to access")
    key = f"token {site.rules.api_key}:{site.rules.api_secret}"
    if not secrets.compare_digest(given.encode(), key.encode()):
        raise FrappeError("AuthenticationError", "Invalid API key or secret")
    return site


Entered = Annotated[Site, Depends(site_of)]


@routes.get("/api/resource/{doctype}")
async def listing(site: Entered, doctype: str, request: Request) -> dict[str, Any]:
    """Documents of a type."""
    site.allow(doctype, "read")
    return {"data": site.listed(doctype, dict(request.query_params))}


@routes.post("/api/resource/{doctype}")
async def insert(site: Entered, doctype: str, request: Request) -> dict[str, Any]:
    """A new document."""
    site.allow(doctype, "create")
    data = await body_of(request)
    return {"data": invoices.create(site, data) if doctype == SALES_INVOICE else site.insert(doctype, data)}


@routes.get("/api/resource/{doctype}/{name:path}")
async def read(site: Entered, doctype: str, name: str) -> dict[str, Any]:
    """One document, whole."""
    site.allow(doctype, "read")
    return {"data": site.get(doctype, name)}


@routes.put("/api/resource/{doctype}/{name:path}")
async def update(site: Entered, doctype: str, name: str, request: Request) -> dict[str, Any]:
    """Change a sales invoice; nothing else is changed from outside here."""
    site.allow(doctype, "write")
    if doctype != SALES_INVOICE:
        raise FrappeError("PermissionError", f"No permission for {doctype}")
    return {"data": invoices.update(site, name, await body_of(request))}


@routes.delete("/api/resource/{doctype}/{name:path}", status_code=202)
async def delete(site: Entered, doctype: str, name: str) -> dict[str, str]:
    """Gone, if it is a draft."""
    site.allow(doctype, "delete")
    site.drop(doctype, name)
    return {"data": "ok"}


@routes.get("/api/method/frappe.auth.get_logged_user")
async def logged_user(_: Entered) -> dict[str, str]:
    """Whose key this is."""
    return {"message": "export@example.com"}


@routes.get("/api/method/frappe.utils.change_log.get_versions")
async def versions(site: Entered) -> dict[str, Any]:
    """Of all that is installed."""
    return {"message": {"frappe": {"version": "15.41.0"}, "erpnext": {"version": site.rules.version}}}


@routes.get("/api/method/frappe.client.has_permission")
async def has_permission(site: Entered, doctype: str, docname: str, perm_type: str) -> dict[str, Any]:
    """Whether the user may; `docname` may be empty and may not be left out."""
    del docname
    return {"message": {"has_permission": site.may(doctype, perm_type)}}


async def body_of(request: Request) -> dict[str, Any]:
    """The document that is sent."""
    try:
        data = json.loads(await request.body())
    except ValueError as error:
        raise FrappeError("TypeError", "the JSON object must be str, bytes or bytearray") from error
    return data if isinstance(data, dict) else {}
