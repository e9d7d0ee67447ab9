"""What the pages are told of each connection. Never a secret, and nothing of the adapter's own settings."""

from dataclasses import asdict

from services.export_worker.erp.catalog import ADAPTERS
from services.export_worker.erp.things_to_know import sections
from services.export_worker.links import Link
from shared.connections.profile import ConnectionProfile, ProfileSection, in_words

AS_THEY_ARE = (
    "name",
    "company_id",
    "project_ids",
    "adapter",
    "mode",
    "finish",
    "accounting_date",
    "time_zone",
    "lines",
    "payment_days",
    "number_rule",
    "attach",
    "concurrency",
    "write_back",
    "procore_web_url",
    "second_person_above",
)


def profile_of(link: Link) -> ConnectionProfile:
    """With all that its ERP can with the connection's settings, also beyond a draft."""
    connection = link.connection
    about = ADAPTERS[connection.adapter].about
    told = sections(about, {connection.name: link.adapter.capabilities})
    return ConnectionProfile(
        **{name: getattr(connection, name) for name in AS_THEY_ARE},
        title=about.title,
        requests_per_minute=ADAPTERS[connection.adapter].pace(connection.requests_per_minute).per_minute,
        start_from=None if connection.start_from is None else str(connection.start_from),
        verify_approver=in_words(connection.verify_approver),
        sections=tuple(ProfileSection(**asdict(one)) for one in told),
    )
