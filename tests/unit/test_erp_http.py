from datetime import UTC, datetime, timedelta

import pytest

from services.export_worker.erp.http import Answer, retry_at

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
A_DAY = NOW + timedelta(days=1)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("7", NOW + timedelta(seconds=7)),
        ("86401", A_DAY),
        ("9" * 5000, A_DAY),
        ("Thu, 26 Nov 2026 12:00:30 GMT", NOW + timedelta(seconds=30)),
        ("Thu, 26 Nov 2026 13:00:30 +0100", NOW + timedelta(seconds=30)),
        ("Sat, 28 Nov 2026 12:00:00 GMT", A_DAY),
        ("Fri, 31 Dec 9999 23:59:59 -2359", A_DAY),
        ("soon", None),
        ("-1", None),
        ("", None),
    ],
)
def test_a_retry_after_is_at_most_a_day_ahead(said, meant):
    assert retry_at(Answer(429, None, {"retry-after": said}), NOW) == meant


def test_no_retry_after_means_nothing():
    assert retry_at(Answer(503, None), NOW) is None
