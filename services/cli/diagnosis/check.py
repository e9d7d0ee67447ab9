"""One line of the doctor's table."""

from dataclasses import dataclass
from enum import StrEnum


class Result(StrEnum):
    """Only FAILED ends the command with exit code 1."""

    OK = "ok"
    ATTENTION = "attention"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Check:
    """What was looked at, what was seen, and what to do about it."""

    name: str
    result: Result
    told: str = ""
    todo: str = ""


def ok(name: str, told: str = "") -> Check:
    return Check(name, Result.OK, told)


def attention(name: str, told: str, todo: str) -> Check:
    return Check(name, Result.ATTENTION, told, todo)


def failed(name: str, told: str, todo: str) -> Check:
    return Check(name, Result.FAILED, told, todo)


def skipped(name: str, why: str) -> Check:
    return Check(name, Result.SKIPPED, why)


def first_line(error: BaseException) -> str:
    """An error in one line; never empty."""
    lines = str(getattr(error, "orig", None) or error).splitlines()
    return lines[0] if lines else type(error).__name__
