"""The pages of subscribers: find, look, edit, add, reinstate and erase, each with its entry in the log."""

from __future__ import annotations

import httpx
from sqlalchemy import Engine
from support.admin_site import BOB, logged_entries, send
from support.channels import add_stored_channel
from support.visitors import form_to, parsed, shown
from support.web_site import ANN, AT_EIGHT

from notifier.models import ERASED, Subscriber, SubscriberState
from notifier.operations import list_deliveries
from notifier.store import reading, subscribers, writing
from notifier.subscribers.leaving import deactivate
from notifier.subscribers.subscribing import get_subscriber

NEW = "new@example.org"
HOSTILE = "<script>alert(1)</script>"


def stored(engine: Engine, email: str = BOB) -> Subscriber | None:
    with reading(engine) as connection:
        return subscribers.find(connection, email)


def bob(engine: Engine) -> Subscriber:
    found = stored(engine)
    assert found is not None
    return found


def suppress(engine: Engine, email: str) -> None:
    with writing(engine) as connection:
        deactivate(connection, get_subscriber(connection, email), SubscriberState.SUPPRESSED, AT_EIGHT)


def found(client: httpx.Client, **fields: str) -> list[str]:
    page = parsed(client.get("/admin/subscribers", params=fields))
    return list(page.xpath("//li[@class='item']//a/text()"))


def actions(engine: Engine) -> list[tuple[str, str]]:
    """Return what was done to whom, the oldest first."""
    return [(each.action, each.subject) for each in reversed(logged_entries(engine))]


def change(client: httpx.Client, engine: Engine, path: str, **fields: str) -> str:
    """Send a form of Bob's page, and return what the page says then."""
    answer = send(client, f"subscribers/{bob(engine).id}/{path}", **fields)
    if answer.status_code == 303:
        answer = client.get(answer.headers["location"])
    return shown(answer)


def test_subscribers_are_found_by_a_part_of_the_address_and_by_state(engine: Engine, client: httpx.Client) -> None:
    assert found(client) == [ANN, BOB, "cleo@example.org"]
    assert found(client, find="BO") == [BOB]
    assert found(client, find="%") == []
    assert found(client, find="_o") == []
    suppress(engine, BOB)
    assert found(client, state="SUPPRESSED") == [BOB]
    assert found(client, after="2") == ["cleo@example.org"]
    assert found(client, state=HOSTILE, find="\0' OR 1=1", after="x") == []


def test_an_administrator_pauses_resumes_unsubscribes_and_brings_back(engine: Engine, client: httpx.Client) -> None:
    assert "PAUSED until 2026-08-01" in change(client, engine, "pause", until="2026-08-01")
    assert bob(engine).state is SubscriberState.PAUSED
    assert "Mail goes out again." in change(client, engine, "resume")
    assert "No mail goes out any more." in change(client, engine, "unsubscribe")
    assert bob(engine).state is SubscriberState.UNSUBSCRIBED
    assert "The subscriber is active" in change(client, engine, "agree")
    suppress(engine, BOB)
    assert "suppressed by an import" in shown(client.get(f"/admin/subscribers/{bob(engine).id}"))
    assert "The suppression is taken back." in change(client, engine, "reinstate")
    assert bob(engine).state is SubscriberState.ACTIVE
    done = ["pause", "resume", "unsubscribe", "agree", "reinstate"]
    assert actions(engine) == [(each, BOB) for each in done]
    assert {each.actor for each in logged_entries(engine)} == {ANN}
    assert "until 2026-08-01" in [each.details for each in logged_entries(engine)]


REFUSED: tuple[tuple[str, dict[str, str], str], ...] = (
    ("pause", {"until": "2026-07-01"}, "would be over already"),
    ("pause", {"until": "tomorrow"}, "no day that a pause can end on"),
    ("reinstate", {}, "is not SUPPRESSED"),
    ("schedule", {"cadence": "hourly"}, "The cadence is unknown"),
    ("schedule", {"hour": "25:00"}, "25:00"),
    ("schedule", {"timezone": "Mars/Olympus"}, "Mars/Olympus"),
    ("subscriptions", {"query": "-a"}, "Column 1"),
    ("subscriptions", {"query": "x" * 2000}, "1,000"),
    ("subscriptions", {"topic": "no-such-topic"}, "no-such-topic"),
    ("subscriptions", {}, "Give either a search or a topic"),
    ("subscriptions", {"query": "a", "topic": "all"}, "Give either a search or a topic"),
    ("subscriptions", {"topic": "all"}, "already"),
)


def test_what_is_refused_changes_nothing_and_is_not_logged(engine: Engine, client: httpx.Client) -> None:
    before = bob(engine)
    for path, fields, why in REFUSED:
        answer = send(client, f"subscribers/{before.id}/{path}", **fields)
        assert answer.status_code == 409
        assert why in shown(answer)
    assert bob(engine) == before
    assert logged_entries(engine) == []


def test_an_administrator_changes_the_schedule_and_the_subscriptions(engine: Engine, client: httpx.Client) -> None:
    page = client.get(f"/admin/subscribers/{bob(engine).id}")
    filled = dict(form_to(page, f"/admin/subscribers/{bob(engine).id}/schedule").form_values())
    filled |= {"cadence": "weekly", "weekday": "friday", "timezone": "Europe/Berlin"}
    assert "every Friday at 08:00 (Europe/Berlin)" in change(client, engine, "schedule", **filled)
    assert "The subscription is added." in change(client, engine, "subscriptions", query="graph OR tree", name="Graphs")
    added = bob(engine).subscriptions[-1]
    assert (added.query, added.name) == ("graph OR tree", "Graphs")
    path = f"subscriptions/{added.id}"
    assert "The subscription is changed." in change(client, engine, path, query="graph", name=HOSTILE)
    page = client.get(f"/admin/subscribers/{bob(engine).id}")
    assert HOSTILE not in page.text
    assert HOSTILE in shown(page)
    assert "The subscription is removed." in change(client, engine, f"{path}/remove")
    assert [each.label for each in bob(engine).subscriptions] == ["All papers"]
    log = [each.details for each in reversed(logged_entries(engine))]
    assert log == ["weekly, 08:00, Europe/Berlin, friday", "graph OR tree", f"Graphs → {HOSTILE}", HOSTILE]


def test_a_subscription_of_somebody_else_is_not_changed_through_this_one(engine: Engine, client: httpx.Client) -> None:
    with reading(engine) as connection:
        ann = subscribers.find(connection, ANN)
    assert ann is not None
    for path in ("", "/remove"):
        answer = send(client, f"subscribers/{bob(engine).id}/subscriptions/{ann.subscriptions[0].id}{path}", query="x")
        assert answer.status_code == 404
    assert stored(engine, ANN) == ann


def test_somebody_is_added_and_asked_to_confirm_or_has_agreed(engine: Engine, client: httpx.Client) -> None:
    form = form_to(client.get("/admin/subscribers/add"), "")
    filled = dict(form.form_values()) | {"email": NEW, "query": "graph", "name": "Graphs"}
    page = client.get(send(client, "subscribers/add", **filled).headers["location"])
    assert "The subscriber is added." in shown(page)
    added = stored(engine, NEW)
    assert added is not None
    assert (added.state, added.subscriptions[0].name) == (SubscriberState.PENDING, "Graphs")
    assert [each.kind for each in list_deliveries(engine, None)] == ["confirmation"]
    assert "asked by mail on 2026-07-06 08:00" in shown(page)
    send(client, "subscribers/add", **{**filled, "email": "other@example.org", "confirmed": "1"})
    other = stored(engine, "other@example.org")
    assert other is not None
    assert other.state is SubscriberState.ACTIVE
    assert [each.details for each in logged_entries(engine)] == ["has agreed; graph", "is asked to confirm; graph"]
    refused = send(client, "subscribers/add", **{**filled, "email": "NEW@example.org"})
    assert (refused.status_code, "is PENDING already" in shown(refused)) == (409, True)
    wrong = send(client, "subscribers/add", **{**filled, "email": HOSTILE})
    assert (wrong.status_code, HOSTILE in wrong.text) == (409, False)
    assert form_to(wrong, "").fields["query"] == "graph"


def test_a_channel_is_added_as_a_subscriber_and_no_mail_goes_to_it(engine: Engine, client: httpx.Client) -> None:
    form = form_to(client.get("/admin/subscribers/add"), "")
    filled = dict(form.form_values()) | {"email": "channel:lab", "query": "graph"}
    refused = send(client, "subscribers/add", **filled)
    assert (refused.status_code, "There is no channel lab" in shown(refused)) == (409, True)
    add_stored_channel(engine)
    page = client.get(send(client, "subscribers/add", **filled).headers["location"])
    assert "The subscriber is added." in shown(page)
    added = stored(engine, "channel:lab")
    assert added is not None
    assert added.state is SubscriberState.ACTIVE
    assert list_deliveries(engine, None) == []
    assert [each.details for each in logged_entries(engine)] == ["is a channel; graph"]


def test_an_erased_subscriber_is_gone_also_from_the_log(engine: Engine, client: httpx.Client) -> None:
    change(client, engine, "subscriptions", query="a secret illness")
    number = bob(engine).id
    assert "cannot be undone" in shown(client.get(f"/admin/subscribers/{number}/erase"))
    answer = send(client, f"subscribers/{number}/erase")
    assert "The subscriber is erased" in shown(client.get(answer.headers["location"]))
    assert stored(engine) is None
    log = client.get("/admin/log")
    assert BOB not in log.text
    assert "illness" not in log.text
    assert actions(engine) == [("add a subscription", ERASED), ("erase", ERASED)]


def test_many_are_reinstated_by_the_reply_for_which_they_were_suppressed(engine: Engine, client: httpx.Client) -> None:
    for email in (BOB, "cleo@example.org"):
        suppress(engine, email)
    assert "suppressed by an import" in shown(client.get("/admin/subscribers/reinstate"))
    page = client.get("/admin/subscribers/reinstate", params={"reply": "BY AN import"})
    assert "2 would be reinstated" in shown(page)
    assert bob(engine).state is SubscriberState.SUPPRESSED
    nobody = client.get("/admin/subscribers/reinstate", params={"reply": "%"})
    assert "0 would be reinstated" in shown(nobody)
    assert send(client, "subscribers/reinstate", reply="").status_code == 409
    done = send(client, "subscribers/reinstate", **dict(form_to(page, "").form_values()))
    assert "2 subscribers reinstated." in shown(done)
    assert bob(engine).state is SubscriberState.ACTIVE
    (entry,) = logged_entries(engine)
    assert (entry.details, entry.outcome) == ("BY AN import", "2 subscribers")


def test_an_unknown_subscriber_or_action_is_not_found(engine: Engine, client: httpx.Client) -> None:
    for wrong in ("99", "x", "0", "9" * 30, "%00"):
        assert client.get(f"/admin/subscribers/{wrong}").status_code == 404
        assert client.get(f"/admin/subscribers/{wrong}/erase").status_code == 404
        for action in ("pause", "erase", "schedule", "subscriptions", "subscriptions/1", "subscriptions/1/remove"):
            assert send(client, f"subscribers/{wrong}/{action}").status_code == 404
    assert send(client, "subscribers/1/promote").status_code == 404
    assert logged_entries(engine) == []
