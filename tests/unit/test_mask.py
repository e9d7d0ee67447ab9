import base64
import json

import pytest

from services.export_worker.erp.mask import CUT, LOG_INS_KEPT, MASK, Mask

SECRET = 'p&ss "wörd"/?~+1'


def basic(*parts: str) -> str:
    return base64.b64encode(":".join(parts).encode()).decode()


@pytest.mark.parametrize(
    "repeated",
    [
        SECRET,
        "p%26ss%20%22w%C3%B6rd%22%2F%3F~%2B1",
        "p%26ss+%22w%C3%B6rd%22%2F%3F~%2B1",
        json.dumps(SECRET)[1:-1],
        json.dumps(SECRET, ensure_ascii=False)[1:-1],
        "p&amp;ss &quot;wörd&quot;/?~+1",
    ],
)
def test_a_secret_is_hidden_in_every_form(repeated):
    assert Mask([SECRET]).hide(f"no user <{repeated}> here") == f"no user <{MASK}> here"


@pytest.mark.parametrize("user", ["a", "ad", "ada", "lovelace"])
def test_a_secret_inside_base64_cannot_be_read_back(user):
    told = Mask(["correct horse battery"]).hide(basic(user, "correct horse battery", "more"))
    left, _, right = told.partition(MASK)
    assert MASK in told
    for part in (left, right):
        whole = part[: len(part) // 4 * 4]
        assert b"orrect" not in base64.b64decode(whole + "=" * (-len(whole) % 4))
        assert "battery" not in whole


def test_the_longest_secret_is_hidden_whole():
    assert Mask(["token", "token-of-ada"]).hide("token-of-ada, token") == f"{MASK}, {MASK}"


def test_a_secret_that_is_a_part_of_the_mask_does_not_spoil_it():
    assert Mask(["secret", "other"]).hide("other") == MASK


def test_a_secret_that_was_cut_off_is_hidden():
    assert Mask(["correct horse"]).hide(f"you sent correct h{CUT}") == f"you sent {MASK}{CUT}"
    assert Mask(["correct horse"]).hide(f"you sent more{CUT}") == f"you sent more{CUT}"


def test_log_ins_are_learned_and_the_oldest_forgotten():
    mask = Mask(["the secret itself"])
    mask.learn_access(f"Session {basic('export', '4', 'f' * 32)}")
    session, token = basic("export", "4", "f" * 32), "f" * 32
    assert mask.hide(f"{session} {token} export 4") == f"{MASK} {MASK} export 4"
    for number in range(LOG_INS_KEPT):
        mask.learn(f"log-in no. {number}")
    assert mask.hide(token) == token
    assert mask.hide("the secret itself") == MASK


def test_nothing_known_hides_nothing():
    assert Mask(["", ""]).hide("as it is\u2026") == "as it is\u2026"
