"""What every answer of the API has in common: refusals, and who may see what."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

PREFIX = "/api/v1"


class Refusal(BaseModel):
    """Why not, and what to do."""

    detail: str


class Asked(BaseModel):
    """What became of a request. `handled` false: it will still be handled; ask for it again by its nonce."""

    model_config = ConfigDict(frozen=True)

    nonce: str
    handled: bool
    refusal: str | None = Field(None, description="why it was not followed; null: it was, or it is not handled yet")
    dry_run: dict[str, Any] | None = Field(None, description="what it would do now")


REFUSALS: dict[int | str, dict[str, Any]] = {
    401: {"model": Refusal, "description": "No token, or one that is unknown, expired or revoked"},
    403: {"model": Refusal, "description": "The token's roles do not allow it"},
    404: {"model": Refusal, "description": "It does not exist, or is not for this token to see"},
    422: {"model": Refusal, "description": "The request is not understood"},
    503: {"model": Refusal, "description": "The database or Kafka does not answer: try again"},
}
