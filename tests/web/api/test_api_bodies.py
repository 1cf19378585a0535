"""A body that the API would misread is refused with the reason: wrong types and codings, fields that come twice."""

from __future__ import annotations

import gzip

import pytest
from sqlalchemy import Engine
from support.api_site import PAPERS, SUBSCRIBERS, ApiClient, api_client
from support.service import add_subscriber, page_text
from support.web_site import ANN

from notifier.config import Config
from notifier.subscribers import SignUp

ONE, DUMPS = f"{SUBSCRIBERS}/1", "/api/v1/dumps"
HOUR = b'{"hour": "09:00"}'


@pytest.fixture
def api(engine: Engine, config: Config) -> ApiClient:
    """Return a client; Ann is subscriber 1."""
    add_subscriber(engine, SignUp(ANN, ("models",), confirmed=True), settings=config)
    return api_client(engine, config)


@pytest.mark.parametrize(
    "content_type", ["application/json", "APPLICATION/JSON; charset=utf-8", "application/merge-patch+json"]
)
def test_json_is_taken_under_each_of_its_names(api: ApiClient, content_type: str) -> None:
    for body in (HOUR, b"\xef\xbb\xbf" + HOUR):
        assert api("PATCH", ONE, content=body, headers={"Content-Type": content_type}).json()["hour"] == "09:00"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Content-Type": ""},
        {"Content-Type": "text/json"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "application/json, text/plain"},
        {"Content-Type": "multipart/form-data; boundary=x"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
    ],
)
def test_a_body_that_is_not_declared_as_plain_json_is_refused(api: ApiClient, headers: dict[str, str]) -> None:
    answer = api("PATCH", ONE, content=HOUR, headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (415, "application/problem+json")
    assert "takes JSON" in answer.json()["detail"]


@pytest.mark.parametrize(
    "body",
    [
        HOUR.decode().encode("utf-16"),
        HOUR.decode().encode("utf-32-le"),
        b'{"hour": "09:00"} x',
        b'{"hour": NaN}',
        b'{"hour": -Infinity}',
        b"9" * 5000,
        b"[" * 60_000,
    ],
)
def test_only_json_in_utf_8_is_read(api: ApiClient, body: bytes) -> None:
    answer = api("PATCH", ONE, content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, "is not JSON" in answer.json()["detail"]) == (400, True)


def test_the_place_of_an_error_in_json_is_told(api: ApiClient) -> None:
    answer = api(
        "PATCH", ONE, content=b'{"hour": "09:00",\n "taste" true}', headers={"Content-Type": "application/json"}
    )
    assert answer.json()["detail"].endswith("at line 2, column 10.")


@pytest.mark.parametrize("name", ["hour", "\\ud800", "\\u0000", "x" * 5000])
def test_a_field_that_comes_twice_is_refused(api: ApiClient, name: str) -> None:
    body = f'{{"{name}": "09:00", "{name}": "10:00"}}'.encode()
    answer = api("PATCH", ONE, content=body, headers={"Content-Type": "application/json"})
    (wrong,) = answer.json()["errors"]
    assert (answer.status_code, wrong["where"][0]) == (422, "body")
    assert "twice" in wrong["detail"]
    assert api.get(ONE).json()["hour"] == "08:00"


def test_an_operation_without_fields_takes_no_body(api: ApiClient) -> None:
    paths = [("POST", f"{ONE}/resume"), ("GET", PAPERS), ("GET", ONE), ("DELETE", ONE), ("PUT", f"{ONE}/votes/x")]
    for method, path in paths:
        answer = api(method, path, content=b'{"state": "ACTIVE"}')
        assert (answer.status_code, answer.json()["detail"]) == (422, "This operation takes no body."), path
    assert api.get(ONE).status_code == 200
    assert api.post(f"{ONE}/unsubscribe", json={}).status_code == 200, "many clients send {} for no fields"


def test_the_errors_name_the_field_alone(api: ApiClient) -> None:
    answer = api("PATCH", ONE, json={"hour": "x", "cadence": "y", "taste": 1})
    wrong = {each["where"][-1]: each["where"] for each in answer.json()["errors"]}
    assert wrong == {name: ["body", name] for name in ("hour", "cadence", "taste")}
    answer = api.get(f"{PAPERS}?order=best&listed=x")
    assert sorted(each["where"] for each in answer.json()["errors"]) == [["query", "listed"], ["query", "order"]]


@pytest.mark.parametrize("number", ["+1", "%201", "1_0", "1%20", "%D9%A1", "1.0", "1e1", "0x1"])
def test_a_number_is_written_in_digits_alone(api: ApiClient, number: str) -> None:
    for path in (f"{SUBSCRIBERS}/{number}", f"/api/v1/preview?query=a&limit={number}"):
        assert api.get(path).status_code == 422, path


def test_an_uploaded_file_is_not_wrapped_in_a_form(api: ApiClient) -> None:
    dump = page_text(["Bees in the City", "Quantization of Models"]).encode()
    answer = api.post(DUMPS, files={"file": ("2026-07-03.txt", dump)})
    assert (answer.status_code, "--data-binary" in answer.json()["detail"]) == (415, True)
    assert api.get(PAPERS).json()["papers"] == []
    sent = {"Content-Type": "application/x-www-form-urlencoded", "Content-Encoding": "gzip"}
    assert api.post(DUMPS, content=gzip.compress(dump), headers=sent).status_code == 201, "as curl declares any bytes"


@pytest.mark.parametrize("day", [1796428800, "1796428800", "20261205", "2026-12-05T00:00:00", " 2026-12-05", True])
def test_a_day_is_a_date_alone(api: ApiClient, day: str | float) -> None:
    assert api.post(f"{ONE}/pause", json={"until": day}).status_code == 422
    assert api.post(DUMPS, params={"date": day}, content=b"x").json()["errors"][0]["where"] == ["query", "date"]
    assert api.get(ONE).json()["state"] == "ACTIVE"
