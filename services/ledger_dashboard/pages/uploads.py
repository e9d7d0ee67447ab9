"""A CSV file that somebody uploads: first read and shown, then confirmed as the very same bytes."""

import base64
import binascii
from collections.abc import AsyncIterator

from fastapi import HTTPException, Request
from starlette.datastructures import UploadFile

MOST_BYTES = 700_000  # as text in the form that confirms it, this is what a form may hold
FILE, KEPT = "file", "content"


async def closing(request: Request) -> AsyncIterator[None]:
    """A dependency: the file is gone with the request, also when that was refused."""
    try:
        yield
    finally:
        await request.close()


async def uploaded(request: Request) -> bytes:
    """The file of the form. Raises HTTPException 422 where there is none, or it is too big."""
    file = (await request.form()).get(FILE)
    if not isinstance(file, UploadFile) or not file.size:
        raise HTTPException(422, "No file was chosen, or it is empty: go back and choose one. Nothing was done.")
    if file.size > MOST_BYTES:
        limit = f"{MOST_BYTES // 1000} kB"
        raise HTTPException(422, f"The file is larger than {limit}: split it, or import it from the command line.")
    return await file.read()


def kept(content: bytes) -> str:
    """The file as text that a browser gives back unchanged: it would turn the line ends of plain text."""
    return base64.urlsafe_b64encode(content).decode()


async def confirmed(request: Request) -> bytes:
    """The file that was shown before. Raises HTTPException 422 when it is not what `kept` made."""
    try:
        content = base64.b64decode(str((await request.form()).get(KEPT) or ""), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        content = b""
    if not content:
        raise HTTPException(422, "The file did not come back whole: upload it again. Nothing was done.")
    return content
