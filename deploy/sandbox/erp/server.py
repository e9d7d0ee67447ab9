"""The ERP sandbox on a port."""

from collections.abc import Sequence

from deploy.sandbox.erp.app import FIRST_BOOKS, create_app
from deploy.sandbox.faulty.server import SandboxServer


class ErpServer(SandboxServer):
    """One ERP with `books` open and empty."""

    def __init__(self, *, host: str = "127.0.0.1", port: int = 0, books: Sequence[str] = FIRST_BOOKS) -> None:
        super().__init__(create_app(books), host=host, port=port)
