"""A PostgreSQL store that cannot be opened is explained in one sentence with the cure, without the password."""

from __future__ import annotations

import sys

import pytest

from notifier.errors import StoreError
from notifier.store import open_store

URL = "postgresql+psycopg://ann:secret@127.0.0.1:1/papers"


def refusal(url: str) -> str:
    with pytest.raises(StoreError) as caught:
        open_store(url)
    assert "secret" not in str(caught.value)
    return str(caught.value)


def test_a_missing_driver_is_named_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    assert "install it with `pip install 'notifier[postgres]'`" in refusal(URL)


@pytest.mark.parametrize("options", ["", "?bogus=1", "?connect_timeout=abc", "?sslmode=maybe"])
def test_a_server_that_cannot_be_reached_or_an_unknown_option_is_said_in_words(options: str) -> None:
    assert "check [store] url, and that the database runs" in refusal(URL + options)
