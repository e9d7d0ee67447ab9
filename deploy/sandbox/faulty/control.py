"""The part of a sandbox's own interface that all have: orders for faults, and requests that wait."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Request

from deploy.sandbox.faulty.arrivals import TRANSPORT
from deploy.sandbox.faulty.desk import Desk
from deploy.sandbox.faulty.orders import ErpStep, Fault

fault_control = APIRouter(prefix="/sandbox")


def desk_named(book: str, request: Request) -> Desk:
    """The desk of the book in the path, else 404. The application keeps its books in `app.state.books`."""
    found = request.app.state.books.get(book)
    if found is None:
        raise HTTPException(404, "There is no such book.")
    desk: Desk = found.desk
    return desk


@fault_control.get("/books/{book}/requests")
async def requests(desk: Annotated[Desk, Depends(desk_named)]) -> dict[str, Any]:
    """Every request that arrived at the book's door, oldest first."""
    return {"requests": list(desk.requests)}


@fault_control.post("/books/{book}/faults", status_code=201)
async def order(desk: Annotated[Desk, Depends(desk_named)], fault: Fault) -> dict[str, int]:
    """Order a fault; how many stand now."""
    desk.faults.order(fault)
    return {"standing": len(desk.faults.standing)}


@fault_control.delete("/books/{book}/faults")
async def clear(desk: Annotated[Desk, Depends(desk_named)]) -> dict[str, int]:
    """Forget all orders."""
    desk.faults.clear()
    return {"standing": 0}


@fault_control.get("/books/{book}/waiting")
async def waiting(
    desk: Annotated[Desk, Depends(desk_named)], step: ErpStep | None = None, seconds: float = 0
) -> dict[str, Any]:
    """Requests without an answer yet, as soon as there is one; after `seconds` an empty list."""
    held = await desk.gate.arrival(step, seconds)
    said = [{"id": h.id, "step": h.step, "number": h.number, "committed": h.committed} for h in held]
    return {"waiting": said}


@fault_control.post("/books/{book}/release")
async def release(desk: Annotated[Desk, Depends(desk_named)]) -> dict[str, int]:
    """Let held requests go on."""
    return {"released": desk.gate.release()}


@fault_control.post("/books/{book}/log-in-expiry")
async def expire_log_ins(desk: Annotated[Desk, Depends(desk_named)]) -> dict[str, int]:
    """End every log-in of the book."""
    return {"ended": desk.vendor.expire_log_ins()}


@fault_control.post("/closings", status_code=202)
async def go_away(request: Request, seconds: float) -> dict[str, float]:
    """Stop listening and drop every connection but this one; listen again after `seconds`."""
    door = getattr(request.app.state, "door", None)
    if door is None:
        raise HTTPException(409, "Only the sandbox's own server can go away.")
    await door.go_away(seconds, sparing=request.scope.get(TRANSPORT))
    return {"seconds": seconds}
