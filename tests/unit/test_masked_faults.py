"""What an adapter raises by a fault of ours goes into logs and traces: no secret stands in it."""

import traceback

import pytest

from services.export_worker.core.outcomes import LookUpFailure
from services.export_worker.erp.mask import MASK, Mask
from services.export_worker.erp.masked import AdapterFault, MaskedAdapter

SECRET = "correct horse battery"


class Raising:
    """An adapter whose look-up ends in this exception."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    async def find(self, reference: str) -> LookUpFailure:
        """Raises it, because of another."""
        raise self.error from KeyError(reference)


def masked(error: BaseException) -> MaskedAdapter:
    return MaskedAdapter(Raising(error), Mask([SECRET]))  # type: ignore[arg-type]


@pytest.mark.parametrize("error", [RuntimeError(f"odd: {SECRET}"), ValueError({"password": SECRET})])
async def test_a_fault_that_tells_a_secret_is_masked(error):
    with pytest.raises(AdapterFault) as raised:
        await masked(error).find("a:b:1:0")
    told = "".join(traceback.format_exception(raised.value))
    assert SECRET not in told
    assert MASK in told
    assert type(error).__name__ in told
    assert "raise self.error" in told


async def test_a_secret_in_a_faults_cause_is_masked():
    with pytest.raises(AdapterFault) as raised:
        await masked(RuntimeError("odd")).find(SECRET)
    assert SECRET not in "".join(traceback.format_exception(raised.value))


@pytest.mark.parametrize("error", [OSError("the database is away"), KeyboardInterrupt(SECRET)])
async def test_what_tells_no_secret_passes_as_it_is(error):
    with pytest.raises(type(error)) as raised:
        await masked(error).find("a:b:1:0")
    assert raised.value is error
