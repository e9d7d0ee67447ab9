"""Import files for Sage 100 Contractor. Nobody here has a Sage: what an accountant imported is what they say."""

import asyncio
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deploy.sandbox.demo.erps.connected import Environment, Posted, Row, connection_table, customer_and_job
from deploy.sandbox.local.services import Service
from services.export_worker.core.document import Totals

OUTBOX = "sage-outbox"


class Sage:
    """One outbox, whose batches close after two seconds."""

    connection = "meridian-sage"
    service: Service | None = None

    @staticmethod
    def clear(folder: Path) -> None:
        """What an earlier month-end left in the outbox: its numbers would be duplicates."""
        shutil.rmtree(folder / OUTBOX, ignore_errors=True)

    def table(self, environment: Environment) -> str:
        settings = {
            "product": "sage_100_contractor",
            "outbox": str(outbox(environment)),
            "batch_minutes": 0.03,
        }
        return connection_table(self, "sage_file", settings, {}, "payment_days = 30")

    def mappings(self) -> list[Row]:
        return [
            *customer_and_job(self, "6505"),
            (self.connection, "account", "*", "", "4000", ""),
            (self.connection, "retainage_account", "", "", "1180", ""),
        ]

    async def posted(self, environment: Environment) -> list[Posted]:
        manifests = await asyncio.to_thread(read_manifests, outbox(environment))
        return [
            Posted(line["reference"], line["number"], Totals.model_validate(line["totals"]).receivable)
            for manifest in manifests
            for line in manifest["lines"]
        ]


def outbox(environment: Environment) -> Path:
    """Beside the stack's other files; a whole path."""
    return Path(environment["CONNECTIONS_FILE"]).with_name(OUTBOX).resolve()


def read_manifests(folder: Path) -> list[dict[str, Any]]:
    """Of every batch."""
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted((folder / "batches").glob("*.json"))]


def batch_of(environment: Mapping[str, str], reference: str) -> str | None:
    """The batch that holds it, once its file is there to be imported."""
    for manifest in read_manifests(outbox(environment)):
        holds_it = any(line["reference"] == reference for line in manifest["lines"])
        if holds_it and (outbox(environment) / f"{manifest['id']}.csv").exists():
            return str(manifest["id"])
    return None
