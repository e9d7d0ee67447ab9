"""Whatever anybody sends to the door: no error of ours, an answer in time, and what was answered 204 is kept."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from deploy.sandbox.local.processes import free_port
from tests.acceptance.receiving import eventually, parked, running_receiver
from tests.fuzz.asked import LARGE, Asked, Framing, requests
from tests.fuzz.door import Answered, Door, Topics, parked_digests, possible

pytestmark = [pytest.mark.real_kafka, pytest.mark.timeout(120)]


def explore(door: Door, *, examples: int) -> None:
    @settings(max_examples=examples, derandomize=True, database=None)
    @example(Asked(body=b"x" * LARGE * 17, framing=Framing.CHUNKED))
    @example(Asked(framing=Framing.HANGING))
    @example(Asked(headers=((b"connection", b"upgrade"), (b"upgrade", b"h2c"))))
    @given(requests())
    def keeps_its_promise(asked: Asked) -> None:
        door.ask(asked)

    keeps_its_promise()


def test_nothing_that_is_sent_breaks_the_door(kafka, postgres, tmp_path):
    with (
        running_receiver(tmp_path, database_url=postgres.url, bootstrap=kafka.bootstrap) as receiver,
        Topics(kafka.bootstrap) as topics,
    ):
        eventually(lambda: receiver.logged("broker.connected"))
        door = Door(receiver.url)
        explore(door, examples=200)
        assert min(door.answers[status] for status in (204, 401, 405)) > 10
        assert door.kept - topics.look() - parked_digests(parked(postgres.url)) == {}
        assert "Traceback" not in receiver.log_path.read_text()


def test_what_is_sent_while_kafka_is_away_is_parked(postgres, tmp_path):
    nowhere = f"127.0.0.1:{free_port()}"
    with running_receiver(tmp_path, database_url=postgres.url, bootstrap=nowhere) as receiver:
        door = Door(receiver.url)
        explore(door, examples=40)
        assert door.kept - parked_digests(parked(postgres.url)) == {}
        assert "Traceback" not in receiver.log_path.read_text()


@given(st.sampled_from(Framing), st.booleans())
def test_no_answer_of_an_error_is_possible(framing, is_known):
    asked = Asked(framing=framing, authorization=b"current-token-1" if is_known else b"wrong")
    assert possible(asked).isdisjoint({500, 502, 504})
    assert (204 in possible(asked)) <= asked.is_authentic
    assert Answered(503, 0).status not in possible(Asked())
