"""A link that was used or has expired: a page with one button, which sends a new link to the address of the mail."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine
from support.service import wait_until
from support.visitors import TYPED, as_visitor, link_path, parsed, session_token, shown
from support.web_site import (
    ANN,
    AT_EIGHT,
    database_content,
    deliver_and_read_mails,
    deliver_first_mail,
    labels_of_ann,
    serve_pages,
    stored_ann,
    write_config,
)

from notifier.config import Config
from notifier.models import SubscriberState
from notifier.subscribers import erase, request_address_change, sweep, unsubscribe

WEEK, DAY = timedelta(days=7), timedelta(days=1)


@dataclass
class Service:
    """A service with its client and its clock."""

    engine: Engine
    config: Config
    client: httpx.Client
    now: datetime = AT_EIGHT

    def links(self, start: str) -> list[str]:
        """Return the path of the link in each mail that has one beginning with `start`, the oldest first."""
        mails = deliver_and_read_mails(self.engine, self.config, self.now)
        return [link_path(mail, start) for mail in mails if start in mail.as_string()]

    def newest_link(self, start: str, count: int) -> str:
        """Return the newest of these links, once there are `count` of them."""
        wait_until(lambda: len(self.links(start)) >= count)
        return self.links(start)[-1]

    def signed_up(self) -> str:
        """Ask to sign Ann up, and return the path of the link to confirm it."""
        self.client.post("/subscribe", data=TYPED)
        return self.newest_link("/confirm/", 1)


@pytest.fixture
def service(engine: Engine, tmp_path: Path) -> Iterator[Service]:
    config = write_config(tmp_path)
    service = Service(engine, config, httpx.Client())
    with serve_pages(engine, config, clock=lambda: service.now) as client:
        service.client = client
        yield service


def only_button(answer: httpx.Response) -> str:
    """Return where the only button of a page leads; it needs no other field."""
    assert answer.status_code == 410
    (form,) = parsed(answer).forms
    assert (form.method, form.inputs.keys()) == ("POST", [])
    return str(form.action)


def test_whoever_confirms_twice_hears_that_all_is_well_and_gets_a_link_to_the_settings(service: Service) -> None:
    path = service.signed_up()
    service.client.post(path)
    for answer in (service.client.get(path), service.client.post(path)):
        assert "confirmed already" in shown(answer) and "a…@example.org" in shown(answer)
        button = only_button(answer)
    assert "a…@example.org" in shown(service.client.post(button))
    assert service.newest_link("/sign-in/", 1)


def test_a_sign_up_whose_link_has_expired_is_asked_for_again_as_it_was(service: Service) -> None:
    path = service.signed_up()
    service.now += WEEK + DAY
    sweep(service.engine, service.now)
    service.client.post(only_button(service.client.get(path)))
    renewed = service.newest_link("/confirm/", 2)
    assert renewed != path
    assert service.client.post(renewed).status_code == 200
    assert labels_of_ann(service.engine) == ["quantization"]


def test_an_expired_sign_up_is_forgotten_with_its_notice(service: Service) -> None:
    path = service.signed_up()
    service.now += timedelta(days=30)
    sweep(service.engine, service.now)
    answer = service.client.get(path)
    assert (answer.status_code, parsed(answer).forms) == (410, [])
    assert not re.search(r'INSERT INTO "?request"?', database_content(service.engine))
    assert service.client.post(f"{path}/again").status_code == 410
    assert len(deliver_and_read_mails(service.engine, service.config, service.now)) == 1


def test_a_used_link_to_sign_in_leads_to_a_new_one(service: Service) -> None:
    deliver_first_mail(service.engine, service.config, "quantization")
    service.client.post("/sign-in", data={"email": ANN})
    path = service.newest_link("/sign-in/", 1)
    service.client.post(path)
    service.now += DAY
    service.client.post(only_button(service.client.post(path)))
    assert service.client.post(service.newest_link("/sign-in/", 2)).status_code == 303


def test_the_link_of_an_old_digest_leads_to_a_new_one_after_signing_out_everywhere(service: Service) -> None:
    path = link_path(deliver_first_mail(service.engine, service.config, "quantization"), "/manage/")
    as_visitor(service.client, session_token(service.engine))
    service.client.post("/sign-out", data={"everywhere": "1"})
    answer = service.client.get(path)
    assert "signed out everywhere" in shown(answer)
    service.client.post(only_button(answer))
    assert service.newest_link("/sign-in/", 1)


def test_a_visitor_who_is_signed_in_is_led_to_the_settings(service: Service) -> None:
    path = service.signed_up()
    service.client.post(path)
    as_visitor(service.client, session_token(service.engine))
    answer = service.client.get(path)
    assert (answer.status_code, parsed(answer).forms) == (410, [])
    assert parsed(answer).xpath("//main//a/@href") == ["/manage"]


def test_a_link_of_somebody_who_left_or_was_erased(service: Service) -> None:
    path = service.signed_up()
    service.client.post(path)
    unsubscribe(service.engine, ANN, AT_EIGHT)
    answer = service.client.get(path)
    assert "digests go to" not in shown(answer) and only_button(answer)
    erase(service.engine, ANN, AT_EIGHT)
    assert parsed(service.client.get(path)).forms == []
    assert "a…@" not in service.client.get(path).text


def test_an_old_address_never_learns_the_new_one_from_its_links(service: Service) -> None:
    digest = link_path(deliver_first_mail(service.engine, service.config, "quantization"), "/manage/")
    request_address_change(service.engine, service.config, stored_ann(service.engine).id, "eve@new.example", AT_EIGHT)
    found = deliver_and_read_mails(service.engine, service.config)[-2:]
    paths = {str(mail["To"]): link_path(mail, "/confirm/") for mail in found}
    for path in paths.values():
        assert service.client.post(path).status_code == 200
    for path in (digest, paths[ANN]):
        answer = service.client.get(path)
        assert (answer.status_code, parsed(answer).forms) == (410, [])
        assert "new.example" not in answer.text
    assert "e…@new.example" in shown(service.client.get(paths["eve@new.example"]))


def test_the_button_sends_few_mails_however_often_it_is_pressed(service: Service) -> None:
    path = service.signed_up()
    service.client.post(path)
    statuses = [service.client.post(f"{path}/again").status_code for _ in range(12)]
    assert set(statuses) == {200, 429}
    assert service.newest_link("/sign-in/", 1)
    assert len(service.links("/sign-in/")) == 1
    assert stored_ann(service.engine).state is SubscriberState.ACTIVE


def test_a_wrong_link_gets_no_button(service: Service) -> None:
    path = service.signed_up()
    for wrong in (f"{path}0", path[:-1], path.replace("/confirm/", "/sign-in/"), path.replace("/confirm/", "/manage/")):
        assert service.client.get(wrong).status_code == 404
        assert service.client.post(f"{wrong}/again").status_code == 404
