"""POST /oauth/token: the client-credentials grant of a developer-managed service account."""

import json
import secrets
from typing import Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from deploy.sandbox.procore.access import TheSandbox
from deploy.sandbox.procore.sandbox import TOKEN_LIFE, Token

router = APIRouter()


@router.post("/oauth/token")
async def issue_token(request: Request, sandbox: TheSandbox) -> Response:
    """Form or JSON body. The life of a token runs in sandbox time; `expires_in` tells it in real seconds."""
    fields = await _fields(request)
    if fields.get("grant_type") != "client_credentials":
        return _refused(400, "unsupported_grant_type", "The authorization grant type is not supported.")
    account = sandbox.world.accounts.get(str(fields.get("client_id")))
    offered = str(fields.get("client_secret")).encode()
    if account is None or not secrets.compare_digest(account.client_secret.encode(), offered):
        return _refused(401, "invalid_client", "Client authentication failed.")
    now = sandbox.clock.now()
    token = secrets.token_urlsafe(32)
    sandbox.tokens[token] = Token(client_id=account.client_id, expires_at=now + TOKEN_LIFE)
    return JSONResponse(
        {
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": max(1, int(TOKEN_LIFE.total_seconds() / sandbox.clock.time_scale)),
            "created_at": int(now.timestamp()),
        }
    )


async def _fields(request: Request) -> dict[str, Any]:
    body = await request.body()
    if not request.headers.get("content-type", "").startswith("application/json"):
        return dict(parse_qsl(body.decode(errors="replace")))
    try:
        fields = json.loads(body)
    except ValueError:
        return {}
    return fields if isinstance(fields, dict) else {}


def _refused(status: int, error: str, description: str) -> Response:
    return JSONResponse({"error": error, "error_description": description}, status)
