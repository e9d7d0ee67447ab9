"""A real Tryton with ordered faults in front of it."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

from deploy.sandbox.faulty.proxy import create_proxy
from deploy.sandbox.faulty.server import SandboxServer
from deploy.sandbox.tryton.bookkeeper import Bookkeeper
from deploy.sandbox.tryton.oracle import Oracle
from deploy.sandbox.tryton.server import RunningTryton
from deploy.sandbox.tryton.vendor import TrytonVendor


@dataclass(frozen=True)
class FaultyTryton:
    """`url` is the proxy's; its control is below /sandbox and knows the book `erp`. The people pass it by."""

    url: str
    running: RunningTryton
    vendor: TrytonVendor
    bookkeeper: Bookkeeper
    oracle: Oracle


@contextmanager
def faults_before(running: RunningTryton) -> Iterator[FaultyTryton]:
    """Serve the proxy from a thread."""
    vendor = TrytonVendor()
    with (
        SandboxServer(create_proxy(running.url, vendor)).in_thread() as url,
        closing(Bookkeeper(running)) as bookkeeper,
        closing(Oracle(running)) as oracle,
    ):
        yield FaultyTryton(url, running, vendor, bookkeeper, oracle)
