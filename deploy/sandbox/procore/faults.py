"""Trouble on order for the REST side: the next matching requests are answered as told."""

from dataclasses import dataclass

from deploy.sandbox.procore.errors import Shape


@dataclass(kw_only=True)
class Fault:
    """`times` None lasts until cleared; `delay`, `retry_after` and `reset_after` are real seconds.

    A fault without a status only delays. With `after_handling` the request is carried out first and its
    answer is lost, as when a gateway gives up late.
    """

    id: int
    status: int | None
    path_prefix: str
    method: str | None
    times: int | None
    retry_after: float | None
    reset_after: float | None
    delay: float
    text: str | None
    shape: Shape | None
    after_handling: bool

    def fits(self, method: str, path: str) -> bool:
        return path.startswith(self.path_prefix) and self.method in (None, method)


class FaultBook:
    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def take(self, method: str, path: str) -> Fault | None:
        """The first fault that fits this request, used up by one."""
        fault = next((fault for fault in self.faults if fault.fits(method, path)), None)
        if fault is not None and fault.times is not None:
            fault.times -= 1
            if fault.times == 0:
                self.faults.remove(fault)
        return fault
