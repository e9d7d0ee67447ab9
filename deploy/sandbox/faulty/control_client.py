"""Typed client of the part of the control that all sandboxes have."""

from types import TracebackType
from typing import Any, Self

import httpx
from pydantic import BaseModel, ConfigDict

from deploy.sandbox.faulty.orders import ErpStep, Fault, FaultKind


class NotedRequest(BaseModel):
    """A request that arrived. `status` None: it was never answered, or not yet."""

    model_config = ConfigDict(frozen=True)

    at: str
    method: str
    path: str
    step: ErpStep | None
    number: str | None
    replay_key: str | None
    traceparent: str | None
    fault: FaultKind | None
    status: int | None
    seconds: float | None


class Waiting(BaseModel):
    """A request without an answer."""

    model_config = ConfigDict(frozen=True)

    id: int
    step: ErpStep
    number: str | None
    committed: bool


class FaultControl:
    """Orders and questions to a running sandbox. Raises httpx.HTTPStatusError when it says no."""

    def __init__(self, base_url: str) -> None:
        # The sandboxes speak plain HTTP; reading certificate authorities would only cost time.
        self.http = httpx.AsyncClient(
            base_url=f"{base_url.rstrip('/')}/sandbox",
            timeout=60,
            verify=False,  # noqa: S501
            trust_env=False,
        )

    async def requests(self, book: str) -> list[NotedRequest]:
        """Every request that arrived, oldest first."""
        said = await self.call("GET", f"/books/{book}/requests")
        return [NotedRequest.model_validate(one) for one in said["requests"]]

    async def order(self, book: str, fault: Fault) -> None:
        """Let something go wrong."""
        await self.call("POST", f"/books/{book}/faults", fault.model_dump(mode="json"))

    async def clear(self, book: str) -> None:
        """Forget all orders."""
        await self.call("DELETE", f"/books/{book}/faults")

    async def waiting(self, book: str, step: ErpStep | None = None, seconds: float = 0) -> list[Waiting]:
        """Who waits for an answer; comes back as soon as there is one, or empty after `seconds`."""
        query = f"?seconds={seconds}" + (f"&step={step}" if step else "")
        said = await self.call("GET", f"/books/{book}/waiting{query}")
        return [Waiting.model_validate(one) for one in said["waiting"]]

    async def release(self, book: str) -> int:
        """Let held requests go on; how many."""
        released: int = (await self.call("POST", f"/books/{book}/release"))["released"]
        return released

    async def expire_log_ins(self, book: str) -> None:
        """End every log-in."""
        await self.call("POST", f"/books/{book}/log-in-expiry")

    async def go_away(self, seconds: float) -> None:
        """The whole ERP refuses connections for a while; only the connection that asks for it stays open."""
        await self.call("POST", f"/closings?seconds={seconds}")

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        """One request to the control."""
        answer = await self.http.request(method, path, json=body)
        answer.raise_for_status()
        return answer.json()

    async def close(self) -> None:
        """Let go of connections."""
        await self.http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
