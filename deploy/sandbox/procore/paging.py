"""Procore's v1 paging: `page`, `per_page` in; `Link`, `Total`, `Per-Page` out; a bare array as the body."""

from collections.abc import Sequence
from typing import Annotated, TypeVar

from fastapi import Depends, Query, Request, Response

DEFAULT_PER_PAGE = 30
LONGEST_PAGE = 2000


T = TypeVar("T")


class Pager:
    def __init__(
        self,
        request: Request,
        response: Response,
        page: Annotated[int, Query(ge=1)] = 1,
        per_page: Annotated[int, Query(ge=1)] = DEFAULT_PER_PAGE,
    ) -> None:
        self._request = request
        self._response = response
        self._page = page
        self._per_page = min(per_page, LONGEST_PAGE)

    def cut(self, rows: Sequence[T]) -> Sequence[T]:
        first = (self._page - 1) * self._per_page
        self._response.headers["Total"] = str(len(rows))
        self._response.headers["Per-Page"] = str(self._per_page)
        if links := self._links(-(-len(rows) // self._per_page)):
            self._response.headers["Link"] = ", ".join(links)
        return rows[first : first + self._per_page]

    def _links(self, last_page: int) -> list[str]:
        links = []
        if self._page < last_page:
            links += [self._link(self._page + 1, "next"), self._link(last_page, "last")]
        if self._page > 1:
            links += [self._link(1, "first"), self._link(self._page - 1, "prev")]
        return links

    def _link(self, page: int, relation: str) -> str:
        url = self._request.url.include_query_params(page=page, per_page=self._per_page)
        return f'<{url}>; rel="{relation}"'


ThePager = Annotated[Pager, Depends()]
