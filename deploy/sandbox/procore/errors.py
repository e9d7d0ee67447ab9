"""Procore's errors. Their bodies have four shapes, and which one comes is not promised."""

from typing import Any, Literal

Shape = Literal["text", "fields", "object", "message"]
SHAPES: tuple[Shape, ...] = ("text", "fields", "object", "message")


class ApiError(Exception):
    """An answer other than 2xx, thrown anywhere below a route and rendered in one place."""

    def __init__(self, status: int, text: str, *, shape: Shape = "text", name: str = "base") -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.shape = shape
        self.name = name

    @property
    def body(self) -> dict[str, Any]:
        return error_body(self.shape, self.text, name=self.name, status=self.status)


def error_body(shape: Shape, text: str, *, name: str = "base", status: int = 500) -> dict[str, Any]:
    match shape:
        case "text":
            return {"errors": text}
        case "fields":
            return {"errors": {name: [text]}}
        case "object":
            return {"error": {"code": status, "message": text, "details": []}}
        case "message":
            return {"message": text}


def bad_request(name: str, text: str) -> ApiError:
    return ApiError(400, text, shape="fields", name=name)


def unauthorized(text: str) -> ApiError:
    return ApiError(401, text)


def forbidden(text: str = "You do not have permission to access this resource.") -> ApiError:
    return ApiError(403, text)


def not_found(text: str = "The record does not exist, or you may not see it.") -> ApiError:
    return ApiError(404, text, shape="message")


def conflict(name: str, text: str) -> ApiError:
    return ApiError(409, text, shape="object", name=name)


def invalid(name: str, text: str) -> ApiError:
    return ApiError(422, text, shape="fields", name=name)
