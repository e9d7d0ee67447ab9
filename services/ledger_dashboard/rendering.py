"""How a page becomes HTML: one set of templates, everything escaped, and the words that the reader chose."""

from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jinja2
from fastapi import Request
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from services.ledger_dashboard.people.person import Person
from services.ledger_dashboard.people.roles import Deed
from services.ledger_dashboard.presentation import formatting
from services.ledger_dashboard.presentation.rights import rights_used
from shared.ledger.words import NEXT_STEP
from shared.terminology import DICTIONARY_NAMES, STATUS_WORDS, Dictionary, translate

FOLDER = Path(__file__).parent
STATIC = "/static"
NAVIGATION = (
    ("/", "Overview"),
    ("/exports", "Exports"),
    ("/approvers", "Approvers"),
    ("/connections", "Connections"),
    ("/events-log", "Events"),
    ("/tie-out", "Tie-out"),
    ("/health", "Health"),
)
AUDIT = ("/audit", "Audit")


class Pages:
    """The templates, read once. A name that a template does not know is an error, never an empty place."""

    def __init__(self) -> None:
        self._templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(FOLDER / "templates"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        for name in ("money", "moment", "second", "day", "age", "seconds", "count", "reason"):
            self._templates.filters[name] = getattr(formatting, name)
        self._templates.filters.update(status=STATUS_WORDS.__getitem__, rights_used=rights_used)
        self._templates.globals.update(
            static=lambda name: f"{STATIC}/{name}?{version('invoice-export')}", next_step=NEXT_STEP, svg=Markup
        )

    def render(
        self, request: Request, template: str, person: Person | None, *, status: int = 200, **values: Any
    ) -> HTMLResponse:
        """The page for this person."""
        dictionary = person.dictionary if person else Dictionary.GENERAL_CONTRACTORS
        page = self._templates.get_template(template)
        path = request.url.path
        known: Mapping[str, Any] = {
            "person": person,
            "navigation": (*NAVIGATION, AUDIT) if person and person.may(Deed.SEE_AUDIT) else NAVIGATION,
            "is_here": lambda each: path == each or (each != "/" and path.startswith(f"{each}/")),
            "dictionary_name": DICTIONARY_NAMES[dictionary],
            "say": lambda text: translate(text, dictionary),
            "now": datetime.now(UTC),
            "flash": None,
            "live": False,
        }
        html = page.render(**{**known, **values})
        return HTMLResponse(html, status_code=status, headers={"Cache-Control": "no-store"})
