"""A file for an invoice as QuickBooks takes it: what it belongs to, then the file, in one multipart body. Pure."""

import json

import httpx

from services.export_worker.erp.adapter import File
from services.export_worker.erp.http import Call


def upload_of(invoice_id: str, file: File, path: str) -> Call:
    """The request that uploads `file` and ties it to the invoice."""
    belongs = {
        "AttachableRef": [{"EntityRef": {"type": "Invoice", "value": invoice_id}, "IncludeOnSend": False}],
        "FileName": file.name,
        "ContentType": file.content_type,
    }
    parts = {
        "file_metadata_01": ("metadata.json", json.dumps(belongs).encode(), "application/json"),
        "file_content_01": (file.name, file.content, file.content_type),
    }
    form = httpx.Request("POST", "http://form/", files=parts)
    headers = {"Content-Type": form.headers["Content-Type"], "Accept": "application/json"}
    return Call("POST", path, content=form.read(), headers=headers)
