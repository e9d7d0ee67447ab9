"""QuickBooks' own HTTP interface."""

import base64
import binascii
import secrets
from email import message_from_bytes
from email.policy import HTTP
from typing import Annotated, Any, TypeVar
from urllib.parse import parse_qs

from fastapi import APIRouter, Depends, Header, HTTPException, Query, Request, Response
from pydantic import BaseModel, ValidationError

from deploy.sandbox.quickbooks_online import shown, wire
from deploy.sandbox.quickbooks_online.company import Company
from deploy.sandbox.quickbooks_online.numbers import heard, told
from deploy.sandbox.quickbooks_online.refusals import RefusedError, fault_of, gateway_fault, moment
from deploy.sandbox.quickbooks_online.statements import parsed
from deploy.sandbox.quickbooks_online.vendor import LOG_IN_PATH, THROTTLED

log_ins = APIRouter()
routes = APIRouter(prefix="/v3/company/{realm}")
Shape = TypeVar("Shape", bound=BaseModel)
CODES = {"extra_forbidden": "2010", "missing": "2020", "string_too_long": "2050"}


class TurnedAwayError(Exception):
    """The gateway before QuickBooks says no."""

    def __init__(self, status: int, name: str, code: str) -> None:
        super().__init__(name)
        self.status = status
        self.body = gateway_fault(status, name, code)


def answer(body: Any, status: int = 200) -> Response:
    """JSON with exact numbers."""
    return Response(told(body), status, media_type="application/json")


def company_of(companies: dict[str, Company], authorization: str) -> Company | None:
    """Whose app names itself so; None for a wrong secret too."""
    try:
        client_id, _, secret = base64.b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    found = next((one for one in companies.values() if one.rules.client_id == client_id), None)
    if found is None or not secrets.compare_digest(found.rules.client_secret.encode(), secret.encode()):
        return None
    return found


@log_ins.post(LOG_IN_PATH)
async def log_in(request: Request, authorization: Annotated[str, Header()] = "") -> Response:
    """New tokens for a refresh token."""
    company = company_of(request.app.state.books, authorization)
    if company is None:
        return answer({"error": "invalid_client"}, 401)
    form = parse_qs((await request.body()).decode())
    if form.get("grant_type") != ["refresh_token"]:
        return answer({"error": "unsupported_grant_type"}, 400)
    renewed = company.tokens.renewed(form.get("refresh_token", [""])[0], company.rules)
    return answer(renewed) if renewed else answer({"error": "invalid_grant"}, 400)


def company_named(book: str, request: Request) -> Company:
    """The company of the path, else 404."""
    found: Company | None = request.app.state.books.get(book)
    if found is None:
        raise HTTPException(404, "There is no such company.")
    return found


def company_entered(
    realm: str,
    request: Request,
    authorization: Annotated[str, Header()] = "",
    minorversion: Annotated[str, Query()] = "",
) -> Company:
    """The company, for a bearer of a token that has not ended, within its limits."""
    company: Company | None = request.app.state.books.get(realm)
    if company is None or not company.tokens.opens(authorization.removeprefix("Bearer ")):
        raise TurnedAwayError(401, "AuthenticationFailed", "003200")
    if company.is_limited():
        raise TurnedAwayError(*THROTTLED)
    if not company.rules.is_subscribed:
        raise RefusedError("6190", "Subscription period has ended or canceled or there was a billing problem")
    if not minorversion.isdigit() or int(minorversion) < 75:
        raise RefusedError("2010", "Minor versions below 75 are gone", "minorversion")
    return company


Entered = Annotated[Company, Depends(company_entered)]


@routes.post("/invoice")
async def create(company: Entered, request: Request, requestid: str | None = None) -> Response:
    """An invoice, posted at once."""
    if requestid is not None and not 0 < len(requestid) <= 50:
        raise RefusedError("2050", "requestid takes up to 50 characters", "requestid")
    written = shaped(wire.Invoice, await request.body())
    return answer({"Invoice": company.create(written, requestid), "time": moment()})


@routes.get("/invoice/{name}")
async def read(company: Entered, name: str) -> Response:
    """One invoice."""
    return answer({"Invoice": company.invoice(name), "time": moment()})


@routes.post("/item")
async def add_item(company: Entered, request: Request) -> Response:
    """A product or service."""
    return answer({"Item": company.add_item(shaped(wire.Item, await request.body())), "time": moment()})


@routes.get("/query")
async def query(company: Entered, query: str) -> Response:
    """One page of a select."""
    statement = parsed(query)
    rows = statement.page(company.rows(statement.table))
    listed = {statement.table: rows, "startPosition": statement.start, "maxResults": len(rows)} if rows else {}
    return answer({"QueryResponse": listed, "time": moment()})


@routes.get("/companyinfo/{name}")
async def details(company: Entered, name: str) -> Response:
    """Who the company is."""
    if name != company.realm:
        raise RefusedError("610", "Object Not Found")
    said = {"Id": "1", "CompanyName": company.rules.name, "Country": company.rules.country}
    return answer({"CompanyInfo": said, "time": moment()})


@routes.get("/preferences")
async def preferences(company: Entered) -> Response:
    """How the company is set up."""
    return answer({"Preferences": shown.preferences(company.rules), "time": moment()})


@routes.post("/upload")
async def upload(company: Entered, request: Request) -> Response:
    """A file; a refusal of it comes inside a success."""
    about, content = parts_of(request.headers.get("content-type", ""), await request.body())
    try:
        attached = company.attach(shaped(wire.Attachable, about), len(content))
    except RefusedError as refusal:
        return answer({"AttachableResponse": [fault_of(refusal)], "time": moment()})
    return answer({"AttachableResponse": [{"Attachable": attached}], "time": moment()})


def parts_of(content_type: str, body: bytes) -> tuple[bytes, bytes]:
    """The two parts of an upload. Raises RefusedError."""
    message = message_from_bytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body, policy=HTTP)
    parts = {part.get_param("name", header="content-disposition"): part for part in message.iter_parts()}
    if set(parts) != {"file_metadata_01", "file_content_01"}:
        raise RefusedError("2010", f"Unexpected parts: {sorted(map(str, parts))}")
    about = parts["file_metadata_01"].get_payload(decode=True)
    content = parts["file_content_01"].get_payload(decode=True)
    if not isinstance(about, bytes) or not isinstance(content, bytes):
        raise RefusedError("2010", "Parts within parts")
    return about, content


def shaped(shape: type[Shape], body: bytes) -> Shape:
    """What is written, or the first thing that is wrong with it."""
    try:
        return shape.model_validate(heard(body))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise RefusedError(CODES.get(first["type"], "2010"), f"{where}: {first['msg']}", where) from error
    except ValueError as error:
        raise RefusedError("2010", "The body is not JSON") from error
