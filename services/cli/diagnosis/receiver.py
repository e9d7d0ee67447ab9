"""The receiver as Procore reaches it: whether it takes each of our tokens. It is told an event about nothing."""

from collections.abc import AsyncIterator

from services.cli.diagnosis.check import Check, attention, failed, ok, skipped
from services.cli.hooking.asked import known_tokens
from services.cli.hooking.probe import Answer, full_url, probe
from shared.connections.catalog import Catalog
from shared.settings import HookSettings

NAME = "receiver"
NO_COMPANY = "0"


async def receiver_checks(settings: HookSettings, known: Catalog | None) -> AsyncIterator[Check]:
    """One line for each token, the current one first; none of them is shown."""
    tokens, url = known_tokens(), settings.receiver_url
    if url is None:
        yield attention(NAME, "RECEIVER_URL is not set", "set it to the receiver's public address: it is tried then")
        return
    if not tokens:
        yield skipped(NAME, "PROCORE_WEBHOOK_TOKENS is not set here")
        return
    if settings.procore_api_url.startswith("https:") and not url.startswith("https:"):
        yield failed(f"{NAME}: address", f"{url} is not https", "put it behind TLS: Procore calls nothing else")
    company_id = known.connections[0].company_id if known and known.connections else NO_COMPANY
    for number, token in enumerate(tokens):
        name = f"{NAME}: {'current' if number == 0 else 'previous'} token"
        probed = await probe(url, token, company_id)
        match probed.answer:
            case Answer.ACCEPTED:
                yield ok(name, f"taken at {full_url(url)}")
            case Answer.REFUSED:
                todo = "give the receivers the same PROCORE_WEBHOOK_TOKENS as here, and restart them"
                yield failed(name, probed.told, todo)
            case Answer.UNCLEAR:
                yield failed(name, probed.told, "start the receiver, or correct RECEIVER_URL")
