"""What is shown of requests, answers and webhooks: without secrets, and without people's names and addresses. Pure."""

import re
from typing import Any, TypeVar

MASK = "•••"
SECRET_NAME = re.compile(r"authorization|token|secret|passw|credential|cookie|api_?key|private_?key", re.IGNORECASE)
PERSONAL_NAME = re.compile(r"e_?mail|phone|^(first|last|full|user)_?name$|^address$|street", re.IGNORECASE)
EMAIL = re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+")
BEARER = re.compile(r"\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}", re.IGNORECASE)
IN_JSON = re.compile(
    r'("[^"]*(?:authorization|token|secret|passw|credential|cookie|api_?key)[^"]*"\s*:\s*)"(?:[^"\\]|\\.)*"',
    re.IGNORECASE,
)

Value = TypeVar("Value")


def masked(value: Value) -> Value:
    """The same with what nobody should read covered, at any depth."""
    result: Value = _masked(value)
    return result


def _masked(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: MASK if _is_hidden(name) and inner is not None else _masked(inner) for name, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [_masked(inner) for inner in value]
    return _text(value) if isinstance(value, str) else value


def _is_hidden(name: object) -> bool:
    text = str(name)
    return bool(SECRET_NAME.search(text) or PERSONAL_NAME.search(text))


def _text(text: str) -> str:
    covered = IN_JSON.sub(rf'\1"{MASK}"', text)
    return EMAIL.sub(MASK, BEARER.sub(rf"\1 {MASK}", covered))
