"""Work after an answer: nobody can see from outside whether there was much of it or little."""

from __future__ import annotations

import asyncio
import logging
from threading import Event

import httpx
import pytest
from fastapi.responses import HTMLResponse
from sqlalchemy import Engine
from support.service import add_subscriber, wait_until
from support.visitors import mails_soon
from support.web_site import ANN

from notifier.config import Config
from notifier.errors import UsageError
from notifier.store import writing
from notifier.subscribers import SignUp
from notifier.web.background import MAX_WAIT, in_background


def test_work_that_takes_long_does_not_hold_up_the_next_request_of_the_same_connection(
    engine: Engine, config: Config, client: httpx.Client
) -> None:
    add_subscriber(engine, SignUp(ANN, ("graph",), confirmed=True), settings=config)
    assert client.post("/sign-in", data={"email": ANN}).status_code == 200
    with writing(engine):  # the work waits for this transaction
        for _ in range(20):
            assert client.get("/healthz", timeout=MAX_WAIT * 4).status_code == 200
    assert str(mails_soon(engine, config)[0]["To"]) == ANN


@pytest.mark.parametrize("error", [UsageError("ann@example.org is wrong"), RuntimeError("a fault")])
def test_a_failure_is_logged_and_stops_no_other_work(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    done = Event()

    def fail() -> None:
        raise error

    with caplog.at_level(logging.ERROR):
        for work in (fail, done.set):
            answer = in_background(HTMLResponse("sent"), work)
            assert answer.background
            asyncio.run(answer.background())
        wait_until(done.is_set)
    assert "fail failed after the response" in caplog.text
    assert isinstance(error, RuntimeError) == ("a fault" in caplog.text)
    assert ANN not in caplog.text
