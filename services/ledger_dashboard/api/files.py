"""A CSV file as the body of a request."""

from typing import Any

from fastapi import HTTPException, Request

from services.ledger_dashboard.api.answers import TOO_LARGE

MOST_BYTES = 2_000_000


def csv_described(*lines: str) -> dict[str, Any]:
    """For the description of a route: the body is a file, such as these lines."""
    content = {"schema": {"type": "string"}, "example": "".join(f"{line}\n" for line in lines)}
    return {"requestBody": {"required": True, "content": {"text/csv": content}}}


async def csv_body(request: Request) -> bytes:
    """Raises HTTPException 413 as soon as it is too large, and 422 when there is none."""
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > MOST_BYTES:
            limit = f"{MOST_BYTES // 1_000_000} MB"
            raise HTTPException(TOO_LARGE, f"The file is larger than {limit}: split it. Nothing was done.")
    if not content:
        raise HTTPException(422, "There is no file in the body. Nothing was done.")
    return bytes(content)
