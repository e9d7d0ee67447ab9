"""The sandbox as one ASGI app."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.exception_handlers import http_exception_handler, request_validation_exception_handler
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from deploy.sandbox.procore import api, control, state
from deploy.sandbox.procore.access import TheSandbox
from deploy.sandbox.procore.errors import ApiError, bad_request, not_found
from deploy.sandbox.procore.gate import gate
from deploy.sandbox.procore.sandbox import Options, Sandbox


def create_app(options: Options | None = None, *, state_file: Path | None = None) -> FastAPI:
    """With `state_file` the world is read from it at once, and written to it when the app stops."""
    world = state.load_world(state_file) if state_file else None
    sandbox = Sandbox(options or Options(), world)
    app = FastAPI(title="Procore sandbox", lifespan=_lifespan(sandbox, state_file), redirect_slashes=False)
    app.state.sandbox = sandbox
    app.middleware("http")(gate)
    app.exception_handler(ApiError)(_render_error)
    app.exception_handler(RequestValidationError)(_render_invalid)
    app.exception_handler(HTTPException)(_render_http)
    for router in (*api.ROUTERS, *control.ROUTERS):
        app.router.routes.extend(router.routes)  # as they are: including them analyses each anew, a quarter of a second
    app.get("/healthz")(_healthz)
    app.get("/files/{attachment_id}")(_download)
    return app


Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def _lifespan(sandbox: Sandbox, state_file: Path | None) -> Lifespan:
    @asynccontextmanager
    async def run(_: FastAPI) -> AsyncIterator[None]:
        await sandbox.open()
        try:
            yield
        finally:
            await sandbox.close()
            if state_file is not None:
                state.save_world(sandbox.world, state_file)

    return run


async def _healthz() -> dict[str, str]:
    return {"status": "ok"}


async def _download(attachment_id: int, sandbox: TheSandbox) -> Response:
    """As at Procore's file store, the address itself is the permission."""
    for invoice in sandbox.world.invoices.values():
        for attachment in invoice.attachments:
            if attachment.id == attachment_id:
                return Response(attachment.content, media_type=attachment.content_type)
    raise not_found()


async def _render_error(_: Request, failure: ApiError) -> Response:
    return JSONResponse(failure.body, failure.status)


async def _render_invalid(request: Request, failure: RequestValidationError) -> Response:
    """A query or body that does not fit is Procore's 400; the control routes keep FastAPI's precise 422."""
    if not request.url.path.startswith("/rest/"):
        return await request_validation_exception_handler(request, failure)
    problem = failure.errors()[0]
    refusal = bad_request(str(problem["loc"][-1]), str(problem["msg"]))
    return JSONResponse(refusal.body, refusal.status)


async def _render_http(request: Request, failure: HTTPException) -> Response:
    if not request.url.path.startswith("/rest/"):
        return await http_exception_handler(request, failure)
    return JSONResponse({"errors": failure.detail}, failure.status_code)
