"""Import files byte by byte, for both products. `python -m tests.contract.sage_file.test_golden_files` writes them."""

import asyncio
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from services.export_worker.core.document import Document, DocumentLine
from tests.contract.sage_file.outboxes import CONTRACTOR, CRE, an_invoice, open_scene

GOLDEN = Path(__file__).parents[2] / "golden" / "sage_file"
PRODUCTS: dict[str, dict[str, Any]] = {"contractor": CONTRACTOR, "cre": CRE}
LONG = "Cast-in-place concrete, grade beams and foundation walls, levels B1 to 3"


def retained(number: int, held: str, released: str, *amounts: str) -> Document:
    kept = {"retainage_held": Decimal(held), "retainage_released": Decimal(released)}
    return an_invoice(*amounts, nth=number).model_copy(update=kept)


def described(number: int, text: str, *lines: str) -> Document:
    rows = tuple(DocumentLine(description=line, amount=Decimal("1000.10"), account="4000") for line in lines)
    return an_invoice(nth=number, description=text, lines=rows, retainage_held=Decimal("0.00"))


CASES: dict[str, tuple[Document, ...]] = {
    "held": (retained(1, "15000.00", "0.00"),),
    "released": (retained(2, "0.00", "5000.00"),),
    "held_and_released": (retained(3, "15000.00", "5000.00"),),
    "released_without_work": (
        an_invoice(nth=4, lines=(), retainage_held=Decimal("0.00"), retainage_released=Decimal("5000.00")),
    ),
    "shares_that_do_not_divide": (retained(5, "10.00", "0.00", "100.00", "100.00", "100.01"),),
    "work_taken_back": (retained(6, "0.00", "0.00", "-499.99", "1500.00"),),
    "long_and_accented": (described(7, f"Café Münster, {LONG}", LONG, 'Pipe 6" Ø, "as built"', "Győr – south wing"),),
    "formulas": (described(8, '=HYPERLINK("http://x")', "+1", "-1", "@sum", "\t=2+2", "\r\n=3", "＝4", "two\nlines"),),
    "several": tuple(retained(number, "100.00", "0.00", "1000.00") for number in (9, 10, 11)),
}


@pytest.mark.parametrize("product", PRODUCTS)
@pytest.mark.parametrize("case", CASES)
async def test_an_import_file_is_as_it_should_be(product: str, case: str, tmp_path: Path) -> None:
    assert await written(product, case, tmp_path) == (GOLDEN / f"{product}_{case}.csv").read_bytes()


def test_every_golden_file_belongs_to_a_case() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == {f"{p}_{case}.csv" for p in PRODUCTS for case in CASES}


async def written(product: str, case: str, folder: Path) -> bytes:
    scene = await open_scene(folder, PRODUCTS[product])
    for document in CASES[case]:
        await scene.handed_over(document)
    [file] = await scene.released()
    await scene.adapter.close()
    return file.read_bytes()


def main() -> None:
    """Write all of them; look at the difference before you commit it."""
    for product in PRODUCTS:
        for case in CASES:
            with tempfile.TemporaryDirectory() as folder:
                (GOLDEN / f"{product}_{case}.csv").write_bytes(asyncio.run(written(product, case, Path(folder))))


if __name__ == "__main__":
    main()
