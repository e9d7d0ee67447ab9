"""The ERPNext stand-in on a port."""

from collections.abc import Sequence

from deploy.sandbox.erpnext.app import FIRST_SITES, create_app
from deploy.sandbox.faulty.server import SandboxServer


class ErpNextServer(SandboxServer):
    """One ERPNext with `sites`."""

    def __init__(self, *, host: str = "127.0.0.1", port: int = 0, sites: Sequence[str] = FIRST_SITES) -> None:
        super().__init__(create_app(sites), host=host, port=port)
