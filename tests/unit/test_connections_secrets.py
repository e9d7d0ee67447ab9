import pytest

from shared.connections.catalog import CatalogErrors
from shared.connections.connection import Connection
from shared.connections.secret_references import resolve_secrets

SECRET = "hunter2-s3cr3t"


def with_secrets(**secrets: str) -> Connection:
    values = {"name": "acme", "company_id": "4907", "adapter": "sandbox", "secrets": secrets}
    return Connection.model_validate(values)


def test_references_become_secrets(tmp_path):
    (tmp_path / "key").write_text(f"{SECRET} \r\n")
    connection = with_secrets(login="env:ERP_LOGIN", key=f"file:{tmp_path / 'key'}")
    secrets = resolve_secrets(connection, {"ERP_LOGIN": SECRET, "OTHER": "x"})
    assert secrets == {"login": SECRET, "key": f"{SECRET} "}


def test_every_reference_that_leads_nowhere_is_named(tmp_path):
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "binary").write_bytes(b"\xff")
    connection = with_secrets(
        found="env:FOUND",
        unset="env:UNSET",
        blank="env:BLANK",
        gone=f"file:{tmp_path / 'gone'}",
        folder=f"file:{tmp_path}",
        empty=f"file:{tmp_path / 'empty'}",
        binary=f"file:{tmp_path / 'binary'}",
    )
    with pytest.raises(CatalogErrors) as caught:
        resolve_secrets(connection, {"FOUND": SECRET, "BLANK": ""})
    lines = str(caught.value).splitlines()
    assert [line.split(": ")[:2] for line in lines] == [
        ["connection acme", f"secrets.{key}"] for key in ("unset", "blank", "gone", "folder", "empty", "binary")
    ]
    assert SECRET not in str(caught.value)


def test_a_literal_secret_shows_nowhere_in_the_error():
    with pytest.raises(ValueError, match=r"secrets\.password") as caught:
        with_secrets(password=SECRET)
    assert SECRET not in str(caught.value)
