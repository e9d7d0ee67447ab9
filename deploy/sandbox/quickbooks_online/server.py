"""The stand-in for QuickBooks Online on a port."""

from collections.abc import Sequence

from deploy.sandbox.faulty.server import SandboxServer
from deploy.sandbox.quickbooks_online.app import FIRST_REALMS, create_app


class QuickBooksServer(SandboxServer):
    """QuickBooks with these companies open and empty."""

    def __init__(self, *, host: str = "127.0.0.1", port: int = 0, realms: Sequence[str] = FIRST_REALMS) -> None:
        super().__init__(create_app(realms), host=host, port=port)
