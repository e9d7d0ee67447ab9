"""What a connection to Sage by files has and lacks, for `connections check`."""

import os
import shutil
from collections.abc import Iterator

from services.export_worker.erp.adapter import Check, CheckResult
from services.export_worker.erp.sage_file.answers import CONFIRMED, IMPORT, IMPORTED, Fate
from services.export_worker.erp.sage_file.batch import Batch
from services.export_worker.erp.sage_file.durable import NotDone, keep, write_whole
from services.export_worker.erp.sage_file.outbox import Outbox
from services.export_worker.erp.sage_file.settings import SageSettings

ENOUGH_BYTES = 100 * 1024 * 1024
PREPARE = "run `connections check --prepare`"


def checks(outbox: Outbox) -> list[Check]:
    """In the order in which a person would mend it. Changes nothing."""
    try:
        return [*folder_checks(outbox), template_check(outbox.settings), *batch_checks(outbox)]
    except OSError as error:
        return [Check("outbox", CheckResult.WRONG, str(error), "give the worker's user the right to read it")]


def prepared(outbox: Outbox) -> list[Check]:
    """Make the folders. A parent that is missing is left alone: it may be a share that is not mounted."""
    seen = f"{outbox.batches_folder}"
    try:
        outbox.belongs_to_us()
    except NotDone:
        if outbox.owner.exists():
            return [*folder_checks(outbox)]
    else:
        return []
    try:
        outbox.folder.mkdir(exist_ok=True)
        outbox.batches_folder.mkdir(exist_ok=True)
        keep(outbox.folder)
        write_whole(outbox.owner, f"{outbox.connection}\n".encode())
    except OSError as error:
        remedy = "mount the share, or make its parent folder, and give the worker's user the right to write there"
        return [Check("outbox", CheckResult.WRONG, error.strerror or str(error), remedy)]
    return [Check("outbox", CheckResult.PREPARED, seen)]


def folder_checks(outbox: Outbox) -> Iterator[Check]:
    folder = outbox.folder
    if not folder.is_dir():
        yield Check("outbox", CheckResult.MISSING, f"{folder} is not there", f"mount the share, or {PREPARE}")
        return
    yield Check("outbox", CheckResult.OK, str(folder))
    if not outbox.owner.is_file():
        yield Check("batches", CheckResult.MISSING, f"{outbox.batches_folder} is not prepared", PREPARE)
        return
    try:
        outbox.belongs_to_us()
    except NotDone as error:
        yield Check("batches", CheckResult.WRONG, str(error), "give each connection an outbox of its own")
        return
    may_write = all(os.access(each, os.R_OK | os.W_OK | os.X_OK) for each in (folder, outbox.batches_folder))
    remedy = "" if may_write else "give the worker's user the right to read and write both folders"
    yield Check("rights", CheckResult.OK if may_write else CheckResult.WRONG, "read and write", remedy)
    is_one = folder.stat().st_dev == outbox.batches_folder.stat().st_dev
    remedy = "" if is_one else "keep both on one file system: a file has to appear there whole"
    yield Check("file system", CheckResult.OK if is_one else CheckResult.WRONG, "one" if is_one else "two", remedy)
    free = shutil.disk_usage(folder).free
    is_enough = free >= ENOUGH_BYTES
    remedy = "" if is_enough else "make room"
    told = f"{free // (1024 * 1024)} MiB free"
    yield Check("space", CheckResult.OK if is_enough else CheckResult.WRONG, told, remedy)


def template_check(settings: SageSettings) -> Check:
    """What an invoice may hold, by the columns that there are."""
    columns = "fixed header" if settings.template is None else f"{len(settings.template.invoice)} columns after I"
    lines = settings.detail if settings.template is None else settings.template.distribution
    lacks = [
        what
        for what, is_there in (("retainage", settings.takes_retainage), ("tax", settings.takes_tax))
        if not is_there
    ]
    without = f"; no amount of {' and '.join(lacks)}: such invoices are held" if lacks else ""
    return Check("layout", CheckResult.OK, f"{columns}, {len(lines)} after D{without}")


def batch_checks(outbox: Outbox) -> Iterator[Check]:
    """Each batch that is not settled, and each answer that cannot be read."""
    if not outbox.owner.is_file():
        return
    for batch in outbox.batches():
        told = outbox.answers_to(batch)
        for problem in told.problems:
            seen = f"{batch.id}{CONFIRMED}, row {problem.row} {problem.column}: {problem.message}"
            yield Check("answer", CheckResult.WRONG, seen, "mend the file; none of its rows counts until then")
        waiting = [line for line in batch.lines if told.of(line).fate is Fate.WAITS]
        if batch.is_open:
            yield Check(
                "batch", CheckResult.OK, f"{summary(batch)}; collects until {batch.closes_at:%Y-%m-%d %H:%M} UTC"
            )
        elif waiting:
            yield Check(
                "batch",
                CheckResult.UNTOLD,
                f"{summary(batch)}; {len(waiting)} wait since {batch.closed_at:%Y-%m-%d %H:%M} UTC",
                remedy_for(batch),
            )


def summary(batch: Batch) -> str:
    return f"{batch.id}: {len(batch.lines)} invoices, {batch.receivable:,.2f}"


def remedy_for(batch: Batch) -> str:
    return f"import {batch.id}{IMPORT}, then rename it to {batch.id}{IMPORTED} or put {batch.id}{CONFIRMED} beside it"
