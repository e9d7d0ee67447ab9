"""Where people may be sent on to: never off this site."""

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ledger_dashboard.people.ways import origin_of, path_of, safe_path

OPEN_REDIRECTS = [
    "",
    None,
    "exports",
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/%5Cevil.example\\",
    "http://evil.example/",
    "https:evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    " //evil.example",
    "/ /evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "\t//evil.example",
    "/exports\r\nSet-Cookie: a=b",
    "/exports\x00",
    "/éxports",
    "/" + "x" * 3000,
    "http://[::1",
    "//[::1",
    "/sign-in?next=/sign-in",
    "/sign-out",
    "@evil.example",
    ".evil.example",
]
KEPT = ["/", "/exports", "/exports?status=held&reason=period_closed", "/exports/12?told=n%2F1", "/a/../b", "/x?y=//z"]
anything = st.text(alphabet=st.sampled_from("/\\:@.?#%ab \t\n\r\x00é"), max_size=12) | st.text()


@pytest.mark.parametrize("wanted", OPEN_REDIRECTS)
def test_what_could_lead_elsewhere_leads_home(wanted):
    assert safe_path(wanted) == "/"


@pytest.mark.parametrize("wanted", KEPT)
def test_a_page_of_ours_is_kept_with_its_query(wanted):
    assert safe_path(wanted) == wanted


def test_a_fragment_is_dropped():
    assert safe_path("/exports?a=1#x") == "/exports?a=1"


@given(anything)
def test_every_way_stays_on_this_site(wanted):
    path = safe_path(wanted)
    parts = urlsplit(path)
    assert path.startswith("/")
    assert not path.startswith(("//", "/\\"))
    assert (parts.scheme, parts.netloc) == ("", "")
    assert path.isascii()
    assert path.isprintable()


@given(anything)
def test_a_way_taken_once_is_taken_again(wanted):
    assert safe_path(safe_path(wanted)) == safe_path(wanted)


@pytest.mark.parametrize(
    ("referer", "path"),
    [
        ("http://exports.example/exports/12?a=b", "/exports/12?a=b"),
        ("https://exports.example/exports", "/exports"),
        ("http://exports.example//evil.example", "/"),
        ("http://evil.example/exports", "/"),
        ("http://exports.example@evil.example/exports", "/"),
        ("http://exports.example", "/"),
        ("/exports", "/"),
        ("http://[::1", "/"),
        (None, "/"),
    ],
)
def test_only_a_page_of_this_host_is_gone_back_to(referer, path):
    assert path_of(referer, "exports.example") == path


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("https://Exports.example:443/x", "https://exports.example"),
        ("http://exports.example:80", "http://exports.example"),
        ("https://exports.example:8443/", "https://exports.example:8443"),
        ("http://exports.example:443", "http://exports.example:443"),
        ("http://who@exports.example", "http://exports.example"),
        ("null", "://"),
    ],
)
def test_an_origin_leaves_out_the_usual_port(address, origin):
    assert origin_of(address) == origin
