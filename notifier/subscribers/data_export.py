"""Export everything that is stored about one subscriber, for that subscriber."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import date, datetime
from typing import Any

from sqlalchemy import Engine, Row

from notifier.digests import items
from notifier.errors import ComposeError
from notifier.models import Paper, Subscriber, Subscription
from notifier.store import admin_log, curation, deliveries, papers, reading, requests, returned, sessions, suppressions
from notifier.subscribers.own_subscriptions import require_subscriber
from notifier.subscribers.reactions import StoredReactions, read_reactions
from notifier.text.paper_links import links


def export_data(engine: Engine, subscriber_id: int) -> dict[str, Any]:
    """Return everything that is stored about a subscriber, as values that JSON can hold.

    Raises UsageError if the subscriber is gone.
    """
    with reading(engine) as connection:
        subscriber = require_subscriber(connection, subscriber_id, lock=False)
        rows = deliveries.all_of(connection, subscriber_id)
        ids: set[int] = set().union(*map(_paper_ids, rows))
        found = papers.papers_by_id(connection, ids)
        reacted = read_reactions(connection, subscriber_id)
        return {
            "subscriber": _settings(subscriber),
            "subscriptions": [_subscription(each) for each in subscriber.subscriptions],
            "messages": [_message(row, found) for row in rows],
            "suppressions": [_row(row) for row in suppressions.all_of(connection, subscriber_id)],
            "returned": [_row(row) for row in returned.all_of(connection, subscriber_id)],
            "votes": _votes(reacted),
            "feedback": _feedback(reacted),
            "requests": [_row(row) for row in requests.all_of(connection, subscriber)],
            "curation": [_row(row) for row in curation.rows_of_actor(connection, subscriber.email)],
            "admin_log": [_admin_entry(row, subscriber) for row in admin_log.rows_about(connection, subscriber.email)],
            "sessions": [_row(row) for row in sessions.all_of(connection, subscriber_id)],
        }


def _settings(subscriber: Subscriber) -> dict[str, Any]:
    return {
        each.name: _value(getattr(subscriber, each.name)) for each in fields(Subscriber) if each.name != "subscriptions"
    }


def _admin_entry(row: Row[Any], subscriber: Subscriber) -> dict[str, Any]:
    """Return an entry of the administrators' log, without the address of another administrator."""
    entry = _row(row)
    return entry if entry["actor"] == subscriber.email else {**entry, "actor": "an administrator"}


def _subscription(each: Subscription) -> dict[str, Any]:
    return {"query": each.query, "topic": each.topic, "name": each.name, "label": each.label}


def _message(row: Row[Any], found: Mapping[int, Paper]) -> dict[str, Any]:
    """Return the columns of a delivery; instead of the column `items`, its papers, each with its best link."""
    shown = {name: value for name, value in _row(row).items() if name != "items"}
    known = [found[paper_id] for paper_id in sorted(_paper_ids(row)) if paper_id in found]
    return {**shown, "papers": [_paper(each) for each in known]}


def _votes(reacted: StoredReactions) -> list[dict[str, Any]]:
    return [
        {"paper": _paper(reacted.papers[paper_id]), "voted_on": _value(day)} for paper_id, day in reacted.votes.items()
    ]


def _feedback(reacted: StoredReactions) -> list[dict[str, Any]]:
    return [
        {"paper": _paper(reacted.papers[each.paper_id]), "liked": each.liked, "given_at": _value(each.given_at)}
        for each in reacted.feedback
    ]


def _paper(paper: Paper) -> dict[str, Any]:
    found = links(paper)
    return {"key": paper.key, "title": paper.title, "url": found[0].url if found else paper.url}


def _paper_ids(row: Row[Any]) -> set[int]:
    """Return the ids of the papers in a delivery; none if its items cannot be read."""
    try:
        return items.paper_ids(row._mapping["items"])
    except ComposeError:
        return set()


def _row(row: Row[Any]) -> dict[str, Any]:
    return {name: _value(value) for name, value in row._mapping.items()}


def _value(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime | date) else value
