"""In front of every REST route: ordered trouble, the rate limit, and a note of what was asked."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable

from fastapi import Request, Response
from fastapi.responses import JSONResponse

from deploy.sandbox.procore.errors import SHAPES, error_body
from deploy.sandbox.procore.faults import Fault
from deploy.sandbox.procore.limits import Budget
from deploy.sandbox.procore.sandbox import Sandbox, SeenRequest

Next = Callable[[Request], Awaitable[Response]]

TEXTS = {
    403: "The app is disconnected, or you do not have permission.",
    404: "The record does not exist, or you may not see it.",
    429: "You have surpassed the rate limit.",
    500: "Internal server error",
    502: "Bad gateway",
    503: "The service is unavailable.",
    504: "Gateway timeout",
}


async def gate(request: Request, call_next: Next) -> Response:
    path = request.url.path
    if not path.startswith(("/rest/", "/oauth/")):
        return await call_next(request)
    sandbox: Sandbox = request.app.state.sandbox
    fault = sandbox.faults.take(request.method, path)
    if fault is not None and fault.delay:
        await asyncio.sleep(fault.delay)
    response = await _answer(sandbox, request, call_next, fault)
    sandbox.requests.append(
        SeenRequest(method=request.method, path=path, status=response.status_code, at=sandbox.clock.now())
    )
    return response


async def _answer(sandbox: Sandbox, request: Request, call_next: Next, fault: Fault | None) -> Response:
    """Every answer of the REST side uses quota and says how much is left, refusals too."""
    if request.url.path.startswith("/oauth/"):
        return await _handled(sandbox, request, call_next, fault)
    budget = sandbox.limits.take(sandbox.clock.now())
    if not budget.admitted:
        return _refusal(sandbox, budget)
    response = await _handled(sandbox, request, call_next, fault)
    for name, value in _rate_headers(sandbox, budget).items():
        response.headers.setdefault(name, value)
    return response


async def _handled(sandbox: Sandbox, request: Request, call_next: Next, fault: Fault | None) -> Response:
    if fault is None or fault.status is None:
        return await call_next(request)
    if fault.after_handling:
        await call_next(request)
    return _ordered(sandbox, fault, fault.status)


def _ordered(sandbox: Sandbox, fault: Fault, status: int) -> Response:
    text = fault.text or TEXTS.get(status, f"Ordered {status}")
    shape = sandbox.rng.choice(SHAPES) if fault.shape is None else fault.shape
    body = error_body(shape, text, status=status)
    headers = {}
    if fault.retry_after is not None:
        headers["Retry-After"] = f"{fault.retry_after:g}"
    if fault.reset_after is not None:
        headers["X-Rate-Limit-Limit"] = "0"
        headers["X-Rate-Limit-Remaining"] = "0"
        headers["X-Rate-Limit-Reset"] = str(math.ceil(time.time() + fault.reset_after))
    return JSONResponse(body, status, headers)


def _refusal(sandbox: Sandbox, budget: Budget) -> Response:
    headers = _rate_headers(sandbox, budget)
    seconds = sandbox.clock.real_seconds_until(budget.resets_at)
    match sandbox.limits.refusal_headers:
        case "both":
            headers["Retry-After"] = str(math.ceil(seconds))
        case "retry_after":
            headers = {"Retry-After": str(math.ceil(seconds))}
        case "reset":
            pass
    return JSONResponse(error_body("message", TEXTS[429]), 429, headers)


def _rate_headers(sandbox: Sandbox, budget: Budget) -> dict[str, str]:
    """`Reset` is Unix seconds of the client's clock, whatever the sandbox's own clock shows."""
    resets_at = time.time() + sandbox.clock.real_seconds_until(budget.resets_at)
    return {
        "X-Rate-Limit-Limit": str(budget.limit),
        "X-Rate-Limit-Remaining": str(budget.remaining),
        "X-Rate-Limit-Reset": str(math.ceil(resets_at)),
    }
