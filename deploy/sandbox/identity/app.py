"""A stand-in identity provider: OpenID Connect over real HTTP, for one's own machine. Anybody logs in as anybody."""

import base64
import binascii
import html
from typing import Annotated, Any
from urllib.parse import unquote, urlencode

from fastapi import APIRouter, FastAPI, Form, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from deploy.sandbox.identity.tenant import ALGORITHM, TOKEN_SECONDS, Asked, Client, Tenant

PAGE = """<!doctype html><html lang="en"><head><title>Stand-in identity provider</title></head><body>
<h1>Who are you?</h1><form method="post" action="/authorize">{hidden}{people}
<button name="person" value="">Nobody: cancel</button></form></body></html>"""

routes = APIRouter()


def create_app(tenant: Tenant) -> FastAPI:
    """State lives in the tenant."""
    app = FastAPI(title="Identity stand-in", docs_url=None, redoc_url=None)
    app.state.tenant = tenant
    app.include_router(routes)
    return app


@routes.get("/.well-known/openid-configuration")
async def discovery(request: Request) -> dict[str, Any]:
    """Where everything is."""
    issuer = issuer_of(request)
    return {
        "issuer": tenant_of(request).false_name or issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{issuer}/token",
        "userinfo_endpoint": f"{issuer}/userinfo",
        "jwks_uri": f"{issuer}/jwks",
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [ALGORITHM],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
    }


@routes.get("/jwks")
async def jwks(request: Request) -> dict[str, Any]:
    """The public key."""
    return tenant_of(request).public_keys()


@routes.get("/authorize")
async def ask_who(request: Request) -> Response:
    """A page with a button for each person. What is asked wrongly goes nowhere."""
    asked = asked_in(dict(request.query_params))
    if not is_known(tenant_of(request), asked) or request.query_params.get("code_challenge_method") != "S256":
        return JSONResponse({"error": "invalid_request"}, 400)
    hidden = "".join(
        f'<input type="hidden" name="{name}" value="{html.escape(value)}">' for name, value in vars(asked).items()
    )
    people = "".join(
        f'<button name="person" value="{html.escape(name)}">{html.escape(str(claims.get("name", name)))}</button>'
        for name, claims in tenant_of(request).people.items()
    )
    return HTMLResponse(PAGE.format(hidden=hidden, people=people))


@routes.post("/authorize")
async def answer(request: Request) -> Response:
    """Back to the application: with a code, or with a refusal when the person cancels."""
    form = {name: value for name, value in (await request.form()).items() if isinstance(value, str)}
    asked, person = asked_in(form), form.get("person", "")
    if not is_known(tenant_of(request), asked):
        return JSONResponse({"error": "invalid_request"}, 400)
    if person not in tenant_of(request).people:
        query = {"error": "access_denied", "state": asked.state}
    else:
        query = {"code": tenant_of(request).give_code(asked, person), "state": asked.state}
    return RedirectResponse(f"{asked.redirect_uri}?{urlencode(query)}", 302)


@routes.post("/token")
async def redeem(
    request: Request,
    code: Annotated[str, Form()] = "",
    redirect_uri: Annotated[str, Form()] = "",
    code_verifier: Annotated[str, Form()] = "",
) -> Response:
    """A code for tokens."""
    client = await client_in(request)
    if client is None:
        return JSONResponse({"error": "invalid_client"}, 401)
    tenant = tenant_of(request)
    given = tenant.redeem(code, client, redirect_uri, code_verifier)
    if given is None:
        return JSONResponse({"error": "invalid_grant"}, 400)
    return JSONResponse(
        {
            "access_token": tenant.access_token(given.person),
            "token_type": "Bearer",
            "expires_in": TOKEN_SECONDS,
            "id_token": tenant.id_token(tenant.false_name or issuer_of(request), given),
        }
    )


@routes.get("/userinfo")
async def userinfo(request: Request) -> Response:
    """All claims of whom an access token stands for."""
    tenant = tenant_of(request)
    person = tenant.tokens.get(request.headers.get("authorization", "").removeprefix("Bearer "))
    return JSONResponse(dict(tenant.people[person])) if person else JSONResponse({"error": "invalid_token"}, 401)


def asked_in(given: dict[str, str]) -> Asked:
    """Empty where something is missing."""
    return Asked(**{name: given.get(name, "") for name in Asked.__dataclass_fields__})


def is_known(tenant: Tenant, asked: Asked) -> bool:
    """Whether a client of ours asks, to come back where it said it would, and with PKCE."""
    client = tenant.clients.get(asked.client_id)
    comes_back = client is not None and asked.redirect_uri in client.redirect_uris
    return comes_back and "openid" in asked.scope.split() and bool(asked.code_challenge)


async def client_in(request: Request) -> Client | None:
    """Who asks for tokens, by header or form."""
    form = await request.form()
    name, secret = str(form.get("client_id", "")), str(form.get("client_secret", ""))
    kind, _, encoded = request.headers.get("authorization", "").partition(" ")
    if kind.lower() == "basic":
        try:
            name, _, secret = base64.b64decode(encoded).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        name, secret = unquote(name), unquote(secret)
    client = tenant_of(request).clients.get(name)
    return client if client is not None and client.client_secret == secret else None


def tenant_of(request: Request) -> Tenant:
    """The application's."""
    tenant: Tenant = request.app.state.tenant
    return tenant


def issuer_of(request: Request) -> str:
    """As whoever asks reaches us."""
    return str(request.base_url).rstrip("/")
