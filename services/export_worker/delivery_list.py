"""What Procore says it sent: its own list of deliveries, which nobody but Procore can write.

A webhook's `user_id` is unsigned; whoever knows the token could have sent it. This list tells who really did it.
"""

import json

from shared.events.notifications import Notification
from shared.events.notifications import read as read_notification
from shared.procore.errors import ProcoreForbidden, ProcoreNotFound, ProcoreRefused
from shared.procore.webhooks import Webhooks


class DeliveryList:
    """Reads the deliveries of a project's hooks, discarded ones too."""

    def __init__(self, webhooks: Webhooks) -> None:
        self._webhooks = webhooks

    async def events(self, company_id: str, project_id: str) -> list[Notification]:
        """Everything that was sent about owner invoices. Empty where the hooks may not be read.

        Raises ProcoreUnavailable, ProcoreUnauthorized.
        """
        try:
            hooks = await self._webhooks.hooks(company_id, project_id)
            return [event for hook in hooks for event in await self._of_hook(company_id, project_id, hook.id)]
        except (ProcoreForbidden, ProcoreNotFound, ProcoreRefused):
            return []

    async def _of_hook(self, company_id: str, project_id: str, hook_id: str) -> list[Notification]:
        deliveries = self._webhooks.deliveries(company_id, hook_id, project_id=project_id)
        read = [read_notification(json.dumps(delivery.event, default=str).encode()) async for delivery in deliveries]
        return [event for event in read if isinstance(event, Notification) and event.is_relevant]
