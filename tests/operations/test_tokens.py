"""Access tokens: shown once, stored as a hash, their use stored at most once an hour, and revoked at once."""

from __future__ import annotations

import json
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import Engine, select
from support.service import MONDAY, run_notifier
from support.sign_ups import no_writes

from notifier.errors import UsageError
from notifier.models import Scope
from notifier.operations import create_token, find_token, list_tokens, revoke_token
from notifier.store import reading, tables


def test_only_the_hash_of_a_secret_is_stored(store: Engine) -> None:
    new = create_token(store, "the lab's  bot\n", [Scope.READ_STATUS, Scope.READ_PAPERS], MONDAY)
    with reading(store) as connection:
        (row,) = connection.execute(select(tables.access_token))
    assert row.secret_hash == sha256(new.secret.encode()).hexdigest()
    assert new.secret not in repr(row)
    (listed,) = list_tokens(store)
    assert (listed.name, listed.scopes) == ("the lab's bot", (Scope.READ_PAPERS, Scope.READ_STATUS))
    assert find_token(store, new.secret, MONDAY) == listed


def test_the_use_of_a_token_is_stored_at_most_once_an_hour(engine: Engine) -> None:
    secret = create_token(engine, "", [Scope.READ_PAPERS], MONDAY).secret
    find_token(engine, secret, MONDAY)
    with no_writes(engine):
        find_token(engine, secret, MONDAY + timedelta(minutes=59))
    find_token(engine, secret, MONDAY + timedelta(minutes=61))
    assert list_tokens(engine)[0].last_used_at == MONDAY + timedelta(minutes=61)
    find_token(engine, secret, MONDAY)
    assert list_tokens(engine)[0].last_used_at == MONDAY, "a wrong clock has written the time before"


@pytest.mark.parametrize("secret", ["", "notifier_", "x" * 52, "notifier_" + "a" * 43, "notifier_" + "é" * 43, "\0"])
def test_another_text_is_no_token(engine: Engine, secret: str) -> None:
    create_token(engine, "", [Scope.READ_PAPERS], MONDAY)
    with no_writes(engine):
        assert find_token(engine, secret, MONDAY) is None


def test_a_revoked_token_is_no_token_any_more_and_its_number_is_never_used_again(store: Engine) -> None:
    first, second = (create_token(store, "", [Scope.READ_PAPERS], MONDAY) for _ in range(2))
    revoke_token(store, second.id)
    assert find_token(store, second.secret, MONDAY) is None
    assert find_token(store, first.secret, MONDAY)
    assert create_token(store, "", [Scope.READ_PAPERS], MONDAY).id > second.id


@pytest.mark.parametrize("token_id", [-1, 0, 7, 1 << 40])
def test_a_token_that_does_not_exist_cannot_be_revoked(store: Engine, token_id: int) -> None:
    with pytest.raises(UsageError, match="token list"):
        revoke_token(store, token_id)


def test_a_token_without_scopes_or_with_a_long_name_is_refused(engine: Engine) -> None:
    with pytest.raises(UsageError, match="read:papers"):
        create_token(engine, "", [], MONDAY)
    with pytest.raises(UsageError, match="100 characters"):
        create_token(engine, "x" * 101, [Scope.READ_PAPERS], MONDAY)


@pytest.mark.slow
def test_the_commands_create_list_and_revoke_tokens(tmp_path: Path) -> None:
    created = run_notifier("token", "create", "--scope", "read:papers", "--name", "bot", cwd=tmp_path)
    assert created.stdout.startswith("notifier_")
    assert "cannot be shown again" in created.stderr
    listed = run_notifier("token", "list", "--json", cwd=tmp_path).stdout
    assert [(each["name"], each["scopes"]) for each in json.loads(listed)] == [("bot", ["read:papers"])]
    assert created.stdout.strip() not in listed
    run_notifier("token", "revoke", "1", cwd=tmp_path)
    assert "no tokens" in run_notifier("token", "list", cwd=tmp_path).stdout
    assert run_notifier("token", "create", cwd=tmp_path).returncode == 2
