"""Signing in and out: the only pages for people whom nobody knows yet."""

import math
from typing import Annotated, assert_never
from urllib.parse import urlsplit

import structlog
from fastapi import APIRouter, Depends, FastAPI, Form, Query, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from services.ledger_dashboard.desk import desk_of
from services.ledger_dashboard.people import signing_in
from services.ledger_dashboard.people.claims import Unusable
from services.ledger_dashboard.people.guard import SIGN_IN, NobodyYet, check_origin, is_for_machine, signed_in
from services.ledger_dashboard.people.person import Person
from services.ledger_dashboard.people.provider import COOKIE as LOG_IN_COOKIE
from services.ledger_dashboard.people.provider import COOKIE_PATH, Provider, ProviderAway, ProviderRefused
from services.ledger_dashboard.people.reception import address_of, reception_of
from services.ledger_dashboard.people.sessions import COOKIE
from services.ledger_dashboard.people.signing_in import SignedIn, TooOften, Wrong
from services.ledger_dashboard.people.ways import HOME, safe_path

ANSWER = f"{SIGN_IN}/answer"
NextPath = Annotated[str, Query(alias="next")]
NOTICES = {
    "nothing_done": "Your session was over, so nothing was done. Sign in, and do it again.",
    "signed_out": "You are signed out.",
}
WRONG = "No account has this login and password, or it is disabled."
AWAY = "The identity provider does not answer. Try again in a moment, or sign in with a local account."
NO_PROVIDER = "No identity provider is set up here."

log = structlog.get_logger("ledger_dashboard.sign_in")
router = APIRouter(include_in_schema=False)


def add_to(app: FastAPI) -> None:
    """The pages, and what is shown instead of every page while nobody can sign in."""
    app.include_router(router)
    app.add_exception_handler(NobodyYet, _closed)


@router.get(SIGN_IN)
async def show(request: Request, next_path: NextPath = HOME, notice: str = "") -> Response:
    """The form, and the way to the identity provider."""
    if await reception_of(request).is_closed():
        return _page(request, status=503, is_closed=True)
    return _page(request, next_path=next_path, told=NOTICES.get(notice, ""))


@router.post(SIGN_IN)
async def sign_in(
    request: Request,
    login: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    next_path: Annotated[str, Form(alias="next")] = HOME,
) -> Response:
    """With a local account."""
    check_origin(request)
    outcome = await signing_in.sign_in(reception_of(request), login, password, address_of(request))
    match outcome:
        case SignedIn():
            return _signed_in(request, outcome, next_path)
        case Wrong():
            return _page(request, status=403, next_path=next_path, wrong=WRONG, login=login)
        case TooOften(wait=wait):
            minutes = max(1, math.ceil(wait.total_seconds() / 60))
            wrong = f"Too many attempts have failed from here. Try again in {minutes} min."
            page = _page(request, status=429, next_path=next_path, wrong=wrong, login=login)
            page.headers["Retry-After"] = str(math.ceil(wait.total_seconds()))
            return page
        case _:
            assert_never(outcome)


@router.get(f"{SIGN_IN}/provider")
async def go_to_provider(request: Request, next_path: NextPath = HOME) -> Response:
    """On to the identity provider."""
    reception = reception_of(request)
    if reception.provider is None:
        return _page(request, status=404, next_path=next_path, wrong=NO_PROVIDER)
    ours = reception.settings.dashboard_url or str(request.base_url).rstrip("/")
    try:
        return await reception.provider.send(
            request, ours + ANSWER, safe_path(next_path), is_secure=reception.is_secure
        )
    except ProviderAway as error:
        log.warning("provider.failed", why=str(error))
        return _page(request, status=503, next_path=next_path, wrong=AWAY)


@router.get(ANSWER)
async def come_back(request: Request) -> Response:
    """From the identity provider, with a code or a refusal."""
    provider = reception_of(request).provider
    if provider is None:
        return _page(request, status=404, wrong=NO_PROVIDER)
    response = await _welcomed(request, provider)
    response.delete_cookie(LOG_IN_COOKIE, path=COOKIE_PATH)
    return response


@router.post("/sign-out")
async def sign_out(request: Request, person: Annotated[Person, Depends(signed_in)]) -> Response:
    """Ends this session, and no other of this person's."""
    await signing_in.sign_out(reception_of(request), person, request.cookies.get(COOKIE, ""))
    response = RedirectResponse(f"{SIGN_IN}?notice=signed_out", status_code=303)
    response.delete_cookie(COOKIE)
    return response


async def _welcomed(request: Request, provider: Provider) -> Response:
    reception = reception_of(request)
    try:
        came = await provider.welcome(request)
    except ProviderRefused as error:
        return _page(request, status=403, wrong=str(error))
    except ProviderAway as error:
        log.warning("provider.failed", why=str(error))
        return _page(request, status=503, wrong=AWAY)
    if isinstance(came, Unusable):
        await signing_in.turn_away(reception, came, address_of(request))
        return _page(request, status=403, wrong=came.why)
    welcome = await signing_in.welcome_from_provider(reception, came.holder, address_of(request))
    return _signed_in(request, welcome, came.next)


def _signed_in(request: Request, outcome: SignedIn, next_path: str) -> Response:
    response = RedirectResponse(safe_path(next_path), status_code=303)
    secure = reception_of(request).is_secure
    response.set_cookie(COOKIE, outcome.cookie, path="/", secure=secure, httponly=True, samesite="lax")
    return response


async def _closed(request: Request, error: Exception) -> Response:
    if is_for_machine(request):
        return JSONResponse({"detail": getattr(error, "detail", "")}, status_code=503)
    return _page(request, status=503, is_closed=True)


def _page(
    request: Request,
    *,
    status: int = 200,
    next_path: str = HOME,
    told: str = "",
    wrong: str = "",
    login: str = "",
    is_closed: bool = False,
) -> Response:
    issuer = reception_of(request).settings.oidc_issuer
    return desk_of(request).pages.render(
        request,
        "sign_in.html",
        None,
        status=status,
        next_path=safe_path(next_path),
        told=told,
        wrong=wrong,
        login=login,
        is_closed=is_closed,
        provider=urlsplit(issuer).hostname if issuer else "",
    )
