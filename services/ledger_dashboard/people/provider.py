"""Log-in by an OpenID Connect provider: authorization code with PKCE, by Authlib."""

import warnings
from dataclasses import dataclass
from typing import Any

import httpx
from authlib.deprecate import AuthlibDeprecationWarning
from itsdangerous import BadSignature, URLSafeTimedSerializer
from joserfc.errors import JoseError
from starlette.requests import Request
from starlette.responses import Response

from services.ledger_dashboard.people.claims import GroupRules, Unusable, holder_of
from services.ledger_dashboard.people.marks import Marks, Purpose
from services.ledger_dashboard.people.person import Holder
from services.ledger_dashboard.people.ways import safe_path
from services.ledger_dashboard.settings import DashboardSettings
from shared.authorities import usual_authorities

with warnings.catch_warnings():  # Authlib speaks httpx, which all else here speaks too, and would rather have httpx2
    warnings.simplefilter("ignore", AuthlibDeprecationWarning)
    from authlib.integrations.starlette_client import OAuth, OAuthError

COOKIE = "invoice_export_log_in"
COOKIE_SECONDS = 600
COOKIE_PATH = "/sign-in"
TIMEOUT_SECONDS = 10
NAME = "provider"


class ProviderAway(Exception):
    """The identity provider does not answer, or not as one does: later it may."""


class ProviderRefused(Exception):
    """This log-in led nowhere; the text is a sentence for the person."""


@dataclass(frozen=True, slots=True)
class Welcomed:
    """Who came back from the provider, and the page that they wanted."""

    holder: Holder
    next: str


class Provider:
    """Its addresses and keys are read when the first person asks for it, so that it need not be there at the start."""

    def __init__(self, settings: DashboardSettings, marks: Marks) -> None:
        self._issuer = settings.oidc_issuer or ""
        self._client_id = settings.oidc_client_id or ""
        secret = settings.oidc_client_secret
        self._client = OAuth().register(
            NAME,
            client_id=self._client_id,
            client_secret=secret.get_secret_value() if secret else None,
            server_metadata_url=f"{self._issuer}/.well-known/openid-configuration",
            client_kwargs={
                "scope": settings.oidc_scopes,
                "code_challenge_method": "S256",
                "timeout": TIMEOUT_SECONDS,
                "verify": usual_authorities(),
            },
        )
        self._rules = GroupRules(
            settings.oidc_groups_claim, settings.oidc_procore_user_claim, settings.oidc_roles, settings.oidc_companies
        )
        self._signer = URLSafeTimedSerializer(marks.key_for(Purpose.LOG_IN))

    async def send(self, request: Request, redirect_uri: str, next_path: str, *, is_secure: bool) -> Response:
        """The way to the provider; state, nonce and verifier stay in a short-lived cookie. Raises ProviderAway."""
        session: dict[str, Any] = {}
        request.scope["session"] = session
        try:
            response: Response = await self._client.authorize_redirect(request, redirect_uri)
        except (httpx.HTTPError, OAuthError, ValueError, RuntimeError) as error:
            raise ProviderAway(type(error).__name__) from error
        kept = self._signer.dumps({"session": session, "next": next_path})
        response.set_cookie(
            COOKIE,
            kept if isinstance(kept, str) else kept.decode(),
            max_age=COOKIE_SECONDS,
            path=COOKIE_PATH,
            secure=is_secure,
            httponly=True,
            samesite="lax",
        )
        return response

    async def welcome(self, request: Request) -> Welcomed | Unusable:
        """Who came back. Raises ProviderAway or ProviderRefused."""
        kept = self._kept(request)
        request.scope["session"] = kept["session"]
        try:
            claims = await self._claims(request)
        except OAuthError as error:
            raise ProviderRefused(_sentence(error)) from error
        except JoseError as error:
            raise ProviderRefused("The identity provider's answer does not hold; begin again.") from error
        except (httpx.HTTPError, ValueError, TypeError, KeyError, RuntimeError) as error:
            raise ProviderAway(type(error).__name__) from error
        holder = holder_of(claims, self._rules)
        return holder if isinstance(holder, Unusable) else Welcomed(holder, safe_path(kept["next"]))

    def _kept(self, request: Request) -> dict[str, Any]:
        try:
            kept: dict[str, Any] = self._signer.loads(request.cookies.get(COOKIE, ""), max_age=COOKIE_SECONDS)
        except BadSignature:
            raise ProviderRefused("This log-in took too long, or was begun in another browser; begin again.") from None
        return kept

    async def _claims(self, request: Request) -> dict[str, Any]:
        """Verified: signature, issuer, audience, nonce, times."""
        metadata = await self._client.load_server_metadata()
        if str(metadata.get("issuer", "")).rstrip("/") != self._issuer:
            raise ProviderRefused("The identity provider calls itself otherwise than OIDC_ISSUER says.")
        wanted = {
            "iss": {"essential": True, "values": [metadata["issuer"]]},
            "aud": {"essential": True, "values": [self._client_id]},
        }
        token = await self._client.authorize_access_token(request, claims_options=wanted)
        claims: dict[str, Any] = dict(token["userinfo"])
        return claims if self._rules.groups_claim.partition(".")[0] in claims else await self._asked(token, claims)

    async def _asked(self, token: dict[str, Any], claims: dict[str, Any]) -> dict[str, Any]:
        """With what some providers tell only when asked again: the groups."""
        if "userinfo_endpoint" not in await self._client.load_server_metadata():
            return claims
        told = await self._client.userinfo(token=token)
        return {**told, **claims} if told.get("sub") == claims.get("sub") else claims


def _sentence(error: OAuthError) -> str:
    if error.error == "access_denied":
        return "The identity provider did not let you in."
    if error.error == "mismatching_state":
        return "This answer belongs to another log-in; begin again."
    return "The identity provider refused the log-in; begin again."
