"""Who asks, and whether they may: what every route but the sign-in depends on.

    @router.post("/exports/{id}/replays")
    async def replay(person: Annotated[Person, Depends(require(Deed.REPLAY))]) -> Response: ...

Refusals are HTTPExceptions, so that an application without handlers of its own answers properly too.
"""

import hmac
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends, HTTPException, Request
from sqlalchemy import ColumnElement, true
from starlette.datastructures import UploadFile

from services.ledger_dashboard.people.person import Person
from services.ledger_dashboard.people.reception import Reception, address_of, reception_of
from services.ledger_dashboard.people.roles import SHOWN, Deed, roles_that_may
from services.ledger_dashboard.people.sessions import COOKIE
from services.ledger_dashboard.people.ways import origin_of, path_of, safe_path

SIGN_IN = "/sign-in"
CSRF_FIELD, CSRF_HEADER = "csrf", "x-csrf-token"
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
API, STREAM = "/api/", "/events"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
BEARER = "bearer "


class NotSignedIn(HTTPException):
    """Nobody is known behind this request. A page sends them to sign in, the API says 401."""


class NobodyYet(HTTPException):
    """Nobody can sign in at all: the dashboard stays closed until somebody makes an account."""


class NotAllowed(HTTPException):
    """403; `detail` says what to do."""


async def signed_in(request: Request) -> AsyncIterator[Person]:
    """A dependency: who asks. What changes something has to come from a page of this session's, or with a token."""
    try:
        yield await who_asks(request)
    finally:
        await request.close()  # what a form brought: a route without a form of its own would not


async def who_asks(request: Request) -> Person:
    """Raises NotSignedIn, NobodyYet or NotAllowed."""
    reception = reception_of(request)
    token = bearer_token(request)
    if token is not None:
        person = await reception.person_with_token(token, address_of(request))
        if person is None:
            raise unauthorized("This token is unknown, expired or revoked.")
    else:
        person = await reception.person_with_cookie(request.cookies.get(COOKIE, ""), address_of(request))
        if person is None:
            raise await sent_to_sign_in(reception, request)
        if request.method not in SAFE_METHODS:
            check_origin(request)
            await check_csrf(request, person)
    request.state.person = person
    return person


def require(deed: Deed) -> Callable[..., Awaitable[Person]]:
    """A dependency: who asks, if one of their roles has this deed; else NotAllowed."""

    async def allowed(person: Annotated[Person, Depends(signed_in)]) -> Person:
        if not person.may(deed):
            raise NotAllowed(403, lacking(deed, person))
        return person

    return allowed


def seen_company(person: Person, company_id: str | None) -> str:
    """The company, if this person may see it. What they may not see does not exist for them: 404, not 403."""
    if company_id is None or not person.sees(company_id):
        raise HTTPException(404, "There is nothing here, or nothing that you may see.")
    return company_id


def within(person: Person, column: ColumnElement[Any]) -> ColumnElement[bool]:
    """The condition for a query: only rows of companies that this person may see."""
    return true() if person.companies is None else column.in_(sorted(person.companies))


def check_origin(request: Request) -> None:
    """Raises NotAllowed for what another site's page sent, and for what does not say where it comes from."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site not in {None, "same-origin"} or (origin and not is_ours(request, origin)) or not (site or origin):
        raise NotAllowed(403, "This did not come from a page of this site: nothing was done.")


def is_ours(request: Request, origin: str) -> bool:
    """Whether a page of ours has this origin: of the public address, if there is one, else of the asked host."""
    public = reception_of(request).settings.dashboard_url
    host = request.headers.get("host", "").lower()
    ours = {origin_of(public)} if public else {origin_of(f"{scheme}://{host}") for scheme in ("http", "https")}
    return origin.lower() in ours


async def check_csrf(request: Request, person: Person) -> None:
    """Raises NotAllowed unless the form or the header carries what only this session's pages know."""
    given = request.headers.get(CSRF_HEADER) or await csrf_in_form(request)
    if not given.isascii() or not hmac.compare_digest(given, person.csrf):
        raise NotAllowed(403, "This form is out of date: nothing was done. Go back, reload the page and try again.")


async def csrf_in_form(request: Request) -> str:
    """Empty when the request brings no form."""
    if not request.headers.get("content-type", "").lower().startswith(FORMS):
        return ""
    value: str | UploadFile = (await request.form()).get(CSRF_FIELD) or ""
    return value if isinstance(value, str) else ""


def bearer_token(request: Request) -> str | None:
    """None when the request has no Authorization of this kind."""
    authorization = request.headers.get("authorization", "")
    return authorization[len(BEARER) :].strip() if authorization.lower().startswith(BEARER) else None


async def sent_to_sign_in(reception: Reception, request: Request) -> HTTPException:
    """What to raise where nobody is signed in."""
    if await reception.is_closed():
        return NobodyYet(503, "Nobody can sign in yet. Make the first account: invoice-export accounts add")
    if is_for_machine(request):
        return unauthorized("Sign in, or send an API token as a bearer token.")
    if request.method in SAFE_METHODS:
        asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        query = {"next": safe_path(asked)}
    else:
        back = path_of(request.headers.get("referer"), request.headers.get("host", ""))
        query = {"next": back, "notice": "nothing_done"}
    return NotSignedIn(303, "Sign in first.", {"location": f"{SIGN_IN}?{urlencode(query)}"})


def unauthorized(why: str) -> NotSignedIn:
    """401, with how to do better."""
    return NotSignedIn(401, why, {"www-authenticate": "Bearer"})


def is_for_machine(request: Request) -> bool:
    """Whether a script reads the answer, which has no use for a page: a browser says so of its own pages' requests."""
    mode = request.headers.get("sec-fetch-mode")
    path = request.url.path
    return mode != "navigate" if mode else path.startswith(API) or path == STREAM


def lacking(deed: Deed, person: Person) -> str:
    """Which role it takes, and whom to ask."""
    if deed is Deed.RELEASE and any(role in person.roles for role in roles_that_may(deed)):
        return "To release you need a Procore user id in your account: ask whoever administers invoice-export."
    roles = " or ".join(SHOWN[role] for role in roles_that_may(deed))
    return f"This takes the role {roles}: nothing was done. Ask whoever administers invoice-export."
