"""python -m tests.bench.bare_doors bare|fastapi PORT: what the receiver's door is measured beside.

Both read the body, answer 202 and keep nothing, under the receiver's own uvicorn settings.
"""

import sys

from fastapi import FastAPI, Request, Response

from services.webhook_receiver.app import serve
from services.webhook_receiver.body import Receive
from services.webhook_receiver.door import PATH, Scope, Send


async def bare(scope: Scope, receive: Receive, send: Send) -> None:
    """An ASGI function."""
    if scope["type"] == "lifespan":
        await _live(receive, send)
        return
    while (await receive()).get("more_body", False):
        pass
    await send({"type": "http.response.start", "status": 202, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


async def _live(receive: Receive, send: Send) -> None:
    while True:
        said = (await receive())["type"]
        await send({"type": f"{said}.complete"})
        if said == "lifespan.shutdown":
            return


async def take(request: Request) -> Response:
    """A route of FastAPI's."""
    await request.body()
    return Response(status_code=202)


def with_fastapi() -> FastAPI:
    app = FastAPI()
    app.add_api_route(PATH, take, methods=["POST"])
    return app


if __name__ == "__main__":
    serve(bare if sys.argv[1] == "bare" else with_fastapi(), port=int(sys.argv[2]))
