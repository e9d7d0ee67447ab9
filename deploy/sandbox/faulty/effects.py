"""What each kind of fault does to one request. Each answers the status that was sent, None when none was."""

import asyncio
import json
from collections.abc import Awaitable, Callable

from deploy.sandbox.faulty.arrivals import Answer, Arrival
from deploy.sandbox.faulty.desk import Desk, Said
from deploy.sandbox.faulty.orders import ErpStep, Fault, FaultKind

LOG_IN_REPEATED = "{authorization}"
Effect = Callable[[Desk, Arrival, Fault], Awaitable[int | None]]


async def plainly(arrival: Arrival) -> int:
    """No fault: work and answer."""
    answer = await arrival.work()
    await arrival.answer(answer)
    return answer.status


async def refuse(desk: Desk, arrival: Arrival, fault: Fault) -> int:
    """Say no with a code of this ERP's own. A text may repeat the log-in that the request came with."""
    text = fault.text.replace(LOG_IN_REPEATED, arrival.request.headers.get("authorization", ""))
    return await say(arrival, desk.vendor.refusal(fault.code, text))


async def warn(desk: Desk, arrival: Arrival, fault: Fault) -> int:
    """Ask, and do nothing yet."""
    return await say(arrival, desk.vendor.warning(fault.name, fault.text))


async def say(arrival: Arrival, said: Said, **headers: str) -> int:
    """Answer without any work."""
    body = said.body if isinstance(said.body, str) else json.dumps(said.body)
    await arrival.answer(Answer.of(said.status, body, said.content_type, **headers))
    return said.status


async def slow(_: Desk, arrival: Arrival, fault: Fault) -> int:
    """Commit, and take long to say so."""
    answer = await arrival.work()
    await asyncio.sleep(fault.seconds)
    await arrival.answer(answer)
    return answer.status


async def silence_before(desk: Desk, arrival: Arrival, _: Fault) -> None:
    """Do nothing, say nothing."""
    await wait_for_the_client_to_go(desk, arrival, committed=False)


async def silence_after(desk: Desk, arrival: Arrival, _: Fault) -> None:
    """Commit, say nothing."""
    await arrival.work()
    await wait_for_the_client_to_go(desk, arrival, committed=True)


async def commit_late(desk: Desk, arrival: Arrival, fault: Fault) -> None:
    """Say nothing, and commit when nobody expects it any more."""
    work_late(desk, arrival, fault.seconds)
    await wait_for_the_client_to_go(desk, arrival, committed=False)


def work_late(desk: Desk, arrival: Arrival, seconds: float) -> None:
    """Do what was asked after a while, whoever still listens."""

    async def work() -> Answer:
        await asyncio.sleep(seconds)
        return await arrival.work()

    task = asyncio.create_task(work())
    desk.late.add(task)
    task.add_done_callback(desk.late.discard)


async def wait_for_the_client_to_go(desk: Desk, arrival: Arrival, *, committed: bool) -> None:
    """Seen in the gate's list meanwhile; a release drops the connection."""
    held = await desk.gate.hold(arrival.asked.step or ErpStep.READ, arrival.asked.number, committed=committed)
    gone = asyncio.create_task(arrival.gone())
    released = asyncio.create_task(held.released.wait())
    try:
        await asyncio.wait({gone, released}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        desk.gate.leave(held)
        gone.cancel()
        released.cancel()
    await arrival.drop()


async def status_before(desk: Desk, arrival: Arrival, fault: Fault) -> int:
    """Turn the request away at the door; busy says by its form that nothing was done, 3xx points here."""
    headers = {} if fault.retry_after is None else {"retry_after": str(fault.retry_after)}
    if 300 <= fault.status < 400:
        headers["location"] = arrival.scope["path"]
    return await say(arrival, desk.vendor.busy(fault.status), **headers)


async def status_after(_: Desk, arrival: Arrival, fault: Fault) -> int:
    """Commit; something in between answers instead of the ERP."""
    await arrival.work()
    await arrival.answer(Answer.of(fault.status, f"<h1>{fault.status}</h1>"))
    return fault.status


async def drop_before(_: Desk, arrival: Arrival, __: Fault) -> None:
    """The connection breaks before anything is done."""
    await arrival.drop()


async def drop_after(_: Desk, arrival: Arrival, __: Fault) -> None:
    """The connection breaks, and yet it stands."""
    await arrival.work()
    await arrival.drop()


async def garbage(_: Desk, arrival: Arrival, __: Fault) -> int:
    """Commit, and answer 200 with nonsense."""
    await arrival.work()
    await arrival.answer(Answer.of(200, "<html>Welcome to the captive portal</html>"))
    return 200


async def truncate(_: Desk, arrival: Arrival, __: Fault) -> None:
    """Commit, and break off in the middle of the answer."""
    await arrival.truncate(await arrival.work())


async def expire_log_in(desk: Desk, arrival: Arrival, _: Fault) -> int:
    """Every log-in ends just before the request is looked at."""
    desk.vendor.expire_log_ins()
    return await plainly(arrival)


async def hold_before(desk: Desk, arrival: Arrival, _: Fault) -> int:
    """Wait for the release, then go on, even if the client has gone."""
    await held(desk, arrival, committed=False)
    return await plainly(arrival)


async def hold_after(desk: Desk, arrival: Arrival, _: Fault) -> int:
    """Commit, and answer when released."""
    answer = await arrival.work()
    await held(desk, arrival, committed=True)
    await arrival.answer(answer)
    return answer.status


async def held(desk: Desk, arrival: Arrival, *, committed: bool) -> None:
    """Wait in the gate."""
    waiting = await desk.gate.hold(arrival.asked.step or ErpStep.READ, arrival.asked.number, committed=committed)
    try:
        await waiting.released.wait()
    finally:
        desk.gate.leave(waiting)


EFFECTS: dict[FaultKind, Effect] = {
    FaultKind.REFUSE: refuse,
    FaultKind.WARN: warn,
    FaultKind.SLOW: slow,
    FaultKind.SILENCE_BEFORE: silence_before,
    FaultKind.SILENCE_AFTER: silence_after,
    FaultKind.COMMIT_LATE: commit_late,
    FaultKind.STATUS_BEFORE: status_before,
    FaultKind.STATUS_AFTER: status_after,
    FaultKind.DROP_BEFORE: drop_before,
    FaultKind.DROP_AFTER: drop_after,
    FaultKind.GARBAGE: garbage,
    FaultKind.TRUNCATE: truncate,
    FaultKind.EXPIRE_LOG_IN: expire_log_in,
    FaultKind.HOLD_BEFORE: hold_before,
    FaultKind.HOLD_AFTER: hold_after,
}
