"""What a request knows of who asks. Pure."""

from dataclasses import dataclass, field

from services.ledger_dashboard.people.roles import MAY, Deed, Role
from shared.terminology import Dictionary

ACCOUNT, PROVIDER, TOKEN = "account:", "oidc:", "token:"
NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Holder:
    """Whom a session or a token stands for.

    `who` goes into commands and the ledger: account:ID, oidc:SUBJECT or token:ID. `companies` are Procore's ids; None
    means all of them. `procore_user_id` says whose recorded rights count when this person releases.
    """

    who: str
    shown_name: str
    roles: frozenset[Role]
    companies: frozenset[str] | None
    procore_user_id: str | None

    def may(self, deed: Deed) -> bool:
        """Whether one of the roles has it; who is nobody in Procore has no rights there to release under."""
        if deed is Deed.RELEASE and not self.procore_user_id:
            return False
        return any(deed in MAY[role] for role in self.roles)

    def sees(self, company_id: str) -> bool:
        """Whether anything of this company may be shown."""
        return self.companies is None or company_id in self.companies


@dataclass(frozen=True, slots=True)
class Person(Holder):
    """A holder who asks. `csrf` goes into every form; an API token, which no browser sends by itself, has none."""

    dictionary: Dictionary = Dictionary.GENERAL_CONTRACTORS
    csrf: str = field(default="", repr=False)
    address: str = ""


def stranger(address: str, shown_name: str = "") -> Person:
    """Somebody who has not signed in, for the audit trail."""
    return Person(NOBODY, shown_name, frozenset(), frozenset(), None, address=address)
