"""Fixture: an ERP of the test's own, and a connections file that points to it."""

from collections.abc import Callable, Iterator

import pytest

from deploy.sandbox.erp.rules import BookRules
from deploy.sandbox.erp.server import ErpServer

BOOK = "harbor"
CONNECTION = """
[[connection]]
name = "harbor-sandbox"
company_id = {{company}}
adapter = "erp_sandbox"
start_from = "all"
{more}
settings = {{{{ url = "{url}", book = "harbor"{settings} }}}}
secrets = {{{{ client_secret = "env:ERP_SECRET" }}}}
"""

Connect = Callable[..., None]


@pytest.fixture
def erp_url() -> Iterator[str]:
    """The address of a running ERP sandbox with one book."""
    with ErpServer(books=(BOOK,)).in_thread() as url:
        yield url


@pytest.fixture
def connect(erp_url: str, connections_file: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> Connect:
    """Writes the connections file for that book; `more` are lines, `settings` what is added to the adapter's."""

    def connect(more: str = 'mode = "live"\nfinish = "posted"', *, settings: str = "", company: str = "4907") -> None:
        connections_file(CONNECTION.format(url=erp_url, more=more, settings=settings), company=company)
        monkeypatch.setenv("ERP_SECRET", BookRules().client_secret)

    connect()
    return connect
