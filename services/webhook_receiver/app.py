"""The receiver's composition: what is opened, in which order it is closed, and who gets which path."""

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import uvicorn
from fastapi import FastAPI
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from services.webhook_receiver.body import Receive
from services.webhook_receiver.door import PATH, Door, Scope, Send
from services.webhook_receiver.parking import Parking, parked_events
from services.webhook_receiver.relay import Relay
from services.webhook_receiver.shelter import BrokerState, Shelter
from services.webhook_receiver.tokens import Tokens
from services.webhook_receiver.vitals import vitals
from shared.database import DATABASE_ERRORS, Role, create_engine
from shared.health import Check, Health, health_router
from shared.heartbeat import Heartbeat
from shared.kafka.producer import Producer
from shared.logs import configure_logs
from shared.settings import DatabaseSettings, KafkaSettings, LogSettings, TelemetrySettings, WebhookSettings
from shared.telemetry import configure_telemetry

NAME = "webhook-receiver"
GRACEFUL_SECONDS = 5

Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class ReceiverSettings(DatabaseSettings, KafkaSettings, WebhookSettings, LogSettings, TelemetrySettings):
    """All that the receiver reads from the environment."""


class Receiver:
    """An ASGI application: webhooks go straight to the door, all else to FastAPI."""

    def __init__(self, settings: ReceiverSettings) -> None:
        self._settings = settings
        self._door: Door | None = None
        self._health = Health()
        self._web = FastAPI(title="invoice-export webhook receiver", lifespan=self._open)
        self._web.include_router(health_router(self._health))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == PATH and self._door is not None:
            await self._door(scope, receive, send)
        else:
            await self._web(scope, receive, send)

    @asynccontextmanager
    async def _open(self, _web: FastAPI) -> AsyncIterator[None]:
        """Neither Kafka nor Postgres has to be there for the start."""
        settings = self._settings
        async with AsyncExitStack() as closing:
            closing.callback(configure_telemetry(settings, service=NAME))
            engine = create_engine(settings.database_url.get_secret_value(), Role.RECEIVER, application_name=NAME)
            closing.push_async_callback(engine.dispose)
            producer = Producer(settings, client_id=NAME)
            closing.push_async_callback(producer.stop)
            await producer.start()
            parking, broker = Parking(engine), BrokerState()
            relay = Relay(parking, producer, broker)
            closing.push_async_callback(relay.stop)
            relay.start()
            self._door = Door(Tokens(settings.procore_webhook_tokens), Shelter(producer, parking, broker))
            self._health.add("intake", lambda: _intake(engine, producer, broker))
            heartbeat = Heartbeat(engine, service="receiver", health=self._health, detail=lambda: vitals(broker))
            beating = asyncio.create_task(heartbeat.run())
            closing.push_async_callback(_ended, beating)
            yield


def create_app(settings: ReceiverSettings) -> Receiver:
    return Receiver(settings)


def run(settings: ReceiverSettings) -> None:
    """Serves until SIGTERM or SIGINT: then new connections are refused and those in flight are finished."""
    configure_logs(settings)
    app = create_app(settings)
    gc.freeze()  # what is imported stays for ever: to look through it again and again stopped webhooks for 0.1 s
    serve(app, port=settings.port)


def serve(app: Application, *, port: int) -> None:
    """Whatever the application: the benchmarks measure others under the same settings."""
    uvicorn.run(
        app,
        host="0.0.0.0",
        port=port,
        loop="uvloop",
        http="httptools",
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=GRACEFUL_SECONDS,
    )


async def _ended(beating: asyncio.Task[None]) -> None:
    beating.cancel()
    await asyncio.wait({beating})


async def _intake(engine: AsyncEngine, producer: Producer, broker: BrokerState) -> Check:
    """Ready while one of the two can take a webhook: turning deliveries away would pause them all."""
    kafka = producer.is_connected and not broker.is_away
    try:
        async with engine.connect() as connection:
            await connection.execute(select(parked_events.c.id).limit(1))
    except DATABASE_ERRORS as error:
        parking = f"parking fails with {type(error).__name__}"
        return Check(ok=kafka, detail=f"Kafka {'takes' if kafka else 'does not take'} webhooks; {parking}")
    return Check(ok=True, detail="Kafka takes webhooks" if kafka else "Kafka is away; webhooks are parked")
