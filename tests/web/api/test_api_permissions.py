"""Every operation with every scope: the operations come from the OpenAPI document, so that none is forgotten."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine
from support.api_site import ApiClient, api_client, with_web
from support.service import add_subscriber
from support.web_site import ANN, AT_EIGHT, database_content

from notifier.config import Config
from notifier.models import Scope
from notifier.operations import create_token, revoke_token
from notifier.subscribers import SignUp
from notifier.web.api.openapi import operations_of

EMPTY = {"/api/v1/preview": "?query=models"}


@pytest.fixture
def api(engine: Engine, config: Config) -> ApiClient:
    add_subscriber(engine, SignUp(ANN, ("models", "bees"), confirmed=True), settings=config)
    return api_client(engine, config, ())


def operations(api: ApiClient) -> list[tuple[str, str, str]]:
    """Return the method, the path of a request, and the scope of each operation; those that delete come last."""
    found = [
        (method.upper(), path, operation["security"][0]["bearer"][0])
        for path, method, operation in operations_of(api.get("/openapi.json").json())
    ]
    assert len(found) > 20
    filled = [
        (method, path.replace("{key}", "x").replace("{slug}", "all").replace("_id}", "}"), scope)
        for method, path, scope in found
    ]
    for name in ("{subscriber}", "{subscription}", "{delivery}"):
        filled = [(method, path.replace(name, "1"), scope) for method, path, scope in filled]
    return sorted(((method, path + EMPTY.get(path, ""), scope) for method, path, scope in filled), key=_is_deleting)


def _is_deleting(operation: tuple[str, str, str]) -> bool:
    return operation[0] == "DELETE"


def test_every_operation_needs_its_scope_and_no_other(engine: Engine, api: ApiClient) -> None:
    tokens = {scope: create_token(engine, "", [scope], AT_EIGHT).secret for scope in Scope}
    all_others = {
        scope: create_token(engine, "", [each for each in Scope if each != scope], AT_EIGHT).secret for scope in Scope
    }
    for method, path, needed in operations(api):
        for secret in (*(tokens[scope] for scope in Scope if scope != needed), all_others[Scope(needed)]):
            answer = ApiClient(api.application, secret)(method, path, content=b"{not json")
            assert answer.status_code == 403, (method, path, answer.text)
        answer = ApiClient(api.application, tokens[Scope(needed)])(method, path, json={})
        assert answer.status_code not in (401, 403, 405, 500), (method, path, answer.text)


def test_without_a_valid_token_nothing_is_answered_and_nothing_changes(engine: Engine, api: ApiClient) -> None:
    revoked = create_token(engine, "", list(Scope), AT_EIGHT)
    revoke_token(engine, revoked.id)

    def content() -> list[str]:
        return [line for line in database_content(engine).splitlines() if "usage_count" not in line]

    before = content()
    for method, path, _ in operations(api):
        for token in ("", "notifier_" + "x" * 43, revoked.secret):
            answer = ApiClient(api.application, token)(method, path, content=b"{not json")
            assert answer.status_code == 401, (method, path)
            assert answer.headers["www-authenticate"].startswith("Bearer")
            assert answer.headers["content-type"] == "application/problem+json"
    assert content() == before


def test_head_needs_the_scope_of_get(engine: Engine, api: ApiClient) -> None:
    readers = [scope for scope in Scope if scope.startswith("read:")]
    tokens = {scope: create_token(engine, "", [scope], AT_EIGHT).secret for scope in readers}
    for path, needed in [(path, needed) for method, path, needed in operations(api) if method == "GET"]:
        for scope, secret in tokens.items():
            answer = ApiClient(api.application, secret)("HEAD", path)
            assert (answer.status_code != 403) is (scope == needed), (path, scope)
        assert api("HEAD", path).status_code == 401, path


def test_public_reading_opens_the_reading_of_papers_and_nothing_else(engine: Engine, config: Config) -> None:
    opened = api_client(engine, with_web(config, public_api=True), ())
    closed = api_client(engine, config, ())
    for method, path, needed in operations(closed):
        is_open = opened(method, path).status_code != 401
        assert is_open is (needed == Scope.READ_PAPERS), (method, path)


def test_a_cookie_of_a_session_opens_nothing(api: ApiClient) -> None:
    for method, path, _ in operations(api):
        assert api(method, path, headers={"Cookie": "__Host-session=" + "x" * 43}).status_code == 401
