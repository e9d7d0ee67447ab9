"""A twin of an ERP's adapter with a fault of ours in it: it raises where a story wants it to."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

import pytest

from services.export_worker.core.outcomes import Found, LookUpFailure
from services.export_worker.erp import sandbox
from services.export_worker.erp.adapter import Place
from services.export_worker.erp.catalog import ADAPTERS, Kind
from services.export_worker.erp.sandbox.adapter import SandboxErpAdapter

RAISING = "raising"


@dataclass
class Faulty:
    """What the adapter raises for: the look-ups of these owner invoices, of all of them, or the first open day.

    `text` is what it says of a look-up.
    """

    text: str = "a fault of ours in an adapter"
    invoices: set[int] = field(default_factory=set)
    everything: bool = False
    open_days: bool = False


class RaisingErpAdapter(SandboxErpAdapter):
    """The ERP sandbox, save that some questions end in an exception that nobody expects."""

    def __init__(self, place: Place, faulty: Faulty) -> None:
        super().__init__(place)
        self.faulty = faulty

    async def find(self, reference: str) -> Sequence[Found] | LookUpFailure:
        """Raises RuntimeError for what is faulty."""
        if self.faulty.everything or int(reference.split(":")[2]) in self.faulty.invoices:
            raise RuntimeError(self.faulty.text)
        return await super().find(reference)

    async def first_open_day(self, day: date) -> date | LookUpFailure | None:
        """Raises RuntimeError where that is faulty."""
        if self.faulty.open_days:
            raise RuntimeError("a fault of ours before anything is sent")
        return await super().first_open_day(day)


@pytest.fixture
def faulty(monkeypatch: pytest.MonkeyPatch) -> Faulty:
    """What shall raise in houses that are opened with `adapter=RAISING`."""
    faulty = Faulty()
    monkeypatch.setitem(ADAPTERS, RAISING, Kind(lambda place: RaisingErpAdapter(place, faulty), sandbox.ABOUT))
    return faulty
