"""Tracing: off, and nearly free, unless OTEL_EXPORTER_OTLP_ENDPOINT is set.

The W3C context passes on even when tracing is off here, so that a trace begun before us survives.
"""

from collections.abc import Callable, Iterable

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from shared.settings import TelemetrySettings

Headers = Iterable[tuple[str, bytes]]

_propagator = TraceContextTextMapPropagator()
_UNTRACED = trace.NoOpTracer()
_tracer: trace.Tracer = _UNTRACED


def configure_telemetry(
    settings: TelemetrySettings, *, service: str, processor: SpanProcessor | None = None
) -> Callable[[], None]:
    """Switches tracing on when an endpoint (or, in a test, a processor) is given; returns what ends it."""
    global _tracer  # noqa: PLW0603 - OpenTelemetry's own provider can be set only once in a process
    if processor is None and settings.otel_exporter_otlp_endpoint is None:
        return _nothing
    provider = TracerProvider(resource=Resource.create({SERVICE_NAME: service}), shutdown_on_exit=False)
    provider.add_span_processor(processor or _exporting_to(settings.otel_exporter_otlp_endpoint or ""))
    _tracer = provider.get_tracer("invoice-export")

    def end() -> None:
        global _tracer  # noqa: PLW0603
        _tracer = _UNTRACED
        provider.shutdown()

    return end


def tracer() -> trace.Tracer:
    return _tracer


def trace_headers() -> list[tuple[str, bytes]]:
    """The current span's context as Kafka headers: traceparent (and tracestate), or none."""
    carrier: dict[str, str] = {}
    _propagator.inject(carrier)
    return [(name, value.encode()) for name, value in carrier.items()]


def trace_context(headers: Headers | Iterable[tuple[bytes, bytes]]) -> Context:
    """The context that Kafka headers (str names) or ASGI headers (bytes names) carry, else an empty one."""
    carrier: dict[str, str] = {}
    for name, value in headers:
        text = name.decode("latin-1") if isinstance(name, bytes) else name
        if text in {"traceparent", "tracestate"} and value is not None:
            carrier[text] = value.decode("latin-1")
    return _propagator.extract(carrier, Context())


def http_trace_headers() -> dict[str, str]:
    """The current span's context for an outgoing HTTP call."""
    carrier: dict[str, str] = {}
    _propagator.inject(carrier)
    return carrier


def _exporting_to(endpoint: str) -> SpanProcessor:
    # Imported here: the exporter pulls in an HTTP stack that an untraced process does not need.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    return BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{endpoint}/v1/traces"))


def _nothing() -> None:
    return None
