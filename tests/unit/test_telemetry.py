import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from shared.settings import TelemetrySettings
from shared.telemetry import configure_telemetry, http_trace_headers, trace_context, trace_headers, tracer

TRACEPARENT = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def exporter():
    exporter = InMemorySpanExporter()
    settings = TelemetrySettings(otel_exporter_otlp_endpoint=None)
    end = configure_telemetry(settings, service="test", processor=SimpleSpanProcessor(exporter))
    yield exporter
    end()


def test_the_trace_id_survives_kafka_headers(exporter):
    with tracer().start_as_current_span("webhook.received"):
        headers = trace_headers()
    with tracer().start_as_current_span("event.read", context=trace_context(headers)):
        pass
    webhook, event = exporter.get_finished_spans()
    assert event.context.trace_id == webhook.context.trace_id
    assert event.parent.span_id == webhook.context.span_id


def test_the_trace_id_survives_http_headers(exporter):
    with tracer().start_as_current_span("outer", context=trace_context([(b"traceparent", TRACEPARENT)])):
        sent = http_trace_headers()
    (span,) = exporter.get_finished_spans()
    assert f"{span.context.trace_id:032x}".encode() == TRACEPARENT.split(b"-")[1]
    assert sent["traceparent"].split("-")[1] == f"{span.context.trace_id:032x}"


def test_without_an_endpoint_nothing_is_traced():
    end = configure_telemetry(TelemetrySettings(otel_exporter_otlp_endpoint=None), service="test")
    with tracer().start_as_current_span("webhook.received") as span:
        assert not span.is_recording()
        assert trace_headers() == []
    end()


def test_a_foreign_trace_passes_through_untraced_code():
    context = trace_context([(b"traceparent", TRACEPARENT), (b"accept", b"*/*")])
    with tracer().start_as_current_span("webhook.received", context=context):
        assert trace_headers() == [("traceparent", TRACEPARENT)]


def test_an_endpoint_switches_tracing_on():
    settings = TelemetrySettings(otel_exporter_otlp_endpoint="http://127.0.0.1:9/")
    end = configure_telemetry(settings, service="test")
    try:
        assert tracer().start_span("x").is_recording()
    finally:
        end()
