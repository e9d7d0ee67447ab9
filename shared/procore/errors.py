"""What a call to Procore can end in besides an answer: five cases, each with what its caller must decide.

No text in these errors holds the access token, the client secret or a hook's authorization.
"""

from datetime import datetime


class ProcoreError(Exception):
    """Root of all errors this package raises about Procore's answers."""


class ProcoreUnauthorized(ProcoreError):
    """The client id and secret are not accepted, or a fresh token is not. A person has to act."""

    def __init__(self, text: str) -> None:
        super().__init__(f"Procore does not accept our log-in: {text}")
        self.text = text


class ProcoreForbidden(ProcoreError):
    """403: the app is disconnected, a tool is off, or a permission or permitted project is missing."""

    def __init__(self, text: str) -> None:
        super().__init__(f"Procore does not let us read or change this: {text}")
        self.text = text


class ProcoreNotFound(ProcoreError):
    """404: it is gone, not there yet, or we may not see it. Only a `delete` event proves a deletion."""

    def __init__(self, text: str) -> None:
        super().__init__(f"Procore does not find this: {text}")
        self.text = text


class ProcoreRefused(ProcoreError):
    """400, 406, 409, 422 and their kin: this very request will not succeed by itself. `status` is HTTP's."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"Procore refused the request ({status}): {text}")
        self.status = status
        self.text = text


class ProcoreUnavailable(ProcoreError):
    """Try again at `retry_at` (aware UTC): rate, overload, network, time-out, or our own budget is used up.

    `status` is the HTTP status, None without an answer. A *write* that ended so may still have been done.
    """

    def __init__(self, retry_at: datetime, why: str, *, status: int | None = None) -> None:
        super().__init__(f"Procore is not available until {retry_at.isoformat(timespec='seconds')}: {why}")
        self.retry_at = retry_at
        self.why = why
        self.status = status


class NotAnId(ProcoreError, ValueError):
    """Something else than decimal digits where an id of Procore's belongs. Nothing was sent."""


class Unreadable(ProcoreError, ValueError):
    """A body that is not the JSON we asked for. Callers of the client see ProcoreUnavailable instead."""
