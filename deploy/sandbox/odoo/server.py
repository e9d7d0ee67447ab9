"""The Odoo stand-in on a port."""

from collections.abc import Sequence

from deploy.sandbox.faulty.server import SandboxServer
from deploy.sandbox.odoo.app import FIRST_DATABASES, create_app


class OdooServer(SandboxServer):
    """One Odoo with `databases`."""

    def __init__(self, *, host: str = "127.0.0.1", port: int = 0, databases: Sequence[str] = FIRST_DATABASES) -> None:
        super().__init__(create_app(databases), host=host, port=port)
