from collections import Counter
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.ledger.latency import BOUNDS, GROWTH, LONGEST, SHORTEST, bucket_of, percentile

seconds = st.floats(0, LONGEST)


@given(seconds)
def test_a_bucket_holds_what_lies_between_its_bounds(taken):
    bucket = bucket_of(taken)
    assert taken <= BOUNDS[bucket]
    assert bucket == 0 or taken > BOUNDS[bucket - 1]


@given(seconds, seconds)
def test_what_takes_longer_is_in_no_earlier_bucket(one, other):
    assert (bucket_of(one) <= bucket_of(other)) or one > other


@given(st.lists(st.floats(SHORTEST, LONGEST), min_size=1), st.floats(0.01, 1))
def test_a_percentile_is_at_most_a_quarter_too_long(taken, share):
    told = percentile(Counter(map(bucket_of, taken)), share)
    exact = sorted(taken)[max(ceil(share * len(taken)), 1) - 1]
    assert exact <= told <= exact * GROWTH * 1.000001


@given(st.dictionaries(st.integers(0, len(BOUNDS)), st.integers(0, 9)), st.floats(0, 1), st.floats(0, 1))
def test_a_higher_percentile_is_never_shorter(counts, one, other):
    low, high = (percentile(counts, share) for share in sorted((one, other)))
    assert (low is None and high is None) or low <= high


def test_without_any_there_is_no_percentile():
    assert percentile({}, 0.5) is percentile({3: 0}, 0.5) is None


def test_what_took_longer_than_all_bounds_has_a_bucket():
    assert bucket_of(LONGEST * 10) == len(BOUNDS)
    assert percentile({len(BOUNDS): 1}, 0.5) == BOUNDS[-1]


@pytest.mark.parametrize("taken", [0, -1])
def test_nothing_is_shorter_than_the_first_bucket(taken):
    assert bucket_of(taken) == 0
