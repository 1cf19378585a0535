"""Read the subscriptions and the schedule from a form, and check them field by field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import Engine

from notifier import queries
from notifier.config import DigestConfig
from notifier.errors import QueryError, UsageError
from notifier.models import Cadence, Subscriber, Subscription
from notifier.queries import Query
from notifier.store import papers, reading
from notifier.subscribers import MAX_NAME_LENGTH, calendars
from notifier.text.addresses import parse_new_address
from notifier.text.harmless import without_controls
from notifier.topics import RESERVED, Catalogue
from notifier.web.forms import Form

Errors = Mapping[str, str]  # a sentence for each field that is wrong


@dataclass(frozen=True, slots=True)
class Interests:
    """The topics and the query that somebody wants papers about.

    `words` is a comma list or a query, as typed. `query` is the text of the query that it means, and `parsed` is that
    query parsed; if it is refused, `query` is empty and `parsed` is None. `column` is the place of the error in
    `words`, counted from 1.
    """

    topics: tuple[str, ...] = ()
    words: str = ""
    name: str = ""
    query: str = ""
    parsed: Query | None = None
    errors: Errors = field(default_factory=dict)
    column: int = 0


@dataclass(frozen=True, slots=True)
class ScheduleFields:
    """The schedule that somebody wants, as typed; an empty field means the default."""

    cadence: str
    hour: str
    timezone: str
    weekday: str
    errors: Errors = field(default_factory=dict)


def read_interests(form: Form, catalogue: Catalogue, engine: Engine) -> Interests:
    """Return the topics, the words and the name in a form, with what is wrong with them."""
    topics = tuple(slug for slug in form.many("topic") if slug in RESERVED or slug in catalogue.topics)
    words, name = form.one("words"), " ".join(without_controls(form.one("name")).split())
    errors = {}
    if len(name) > MAX_NAME_LENGTH:
        errors["name"] = f"A name may have at most {MAX_NAME_LENGTH} characters, and this has {len(name)}; shorten it."
    if not words:
        return Interests(topics, words, name, errors=errors)
    try:
        parsed = queries.parse_comma_list(words)
        _check_papers(engine, parsed)
    except QueryError as error:
        return Interests(topics, words, name, errors={**errors, "words": sentence(error.reason)}, column=error.column)
    except UsageError as error:
        return Interests(topics, words, name, errors={**errors, "words": sentence(error)})
    return Interests(topics, words, name, queries.query_of_list(words), parsed, errors)


def _check_papers(engine: Engine, query: Query) -> None:
    """Raise UsageError if a query names a paper that does not exist."""
    if keys := queries.papers_named(query):
        with reading(engine) as connection:
            papers.check_keys(connection, keys)


def parsed_query(stored: Subscription) -> Query | None:
    """Return the parsed query of a subscription; None for a topic, or for a query that is not valid any more."""
    try:
        return queries.parse(stored.query) if stored.query else None
    except QueryError:
        return None


def read_schedule(form: Form, defaults: DigestConfig) -> ScheduleFields:
    """Return the schedule in a form, with what is wrong with it."""
    chosen = default_schedule(defaults)
    values = {name: form.one(name) or getattr(chosen, name) for name in ("cadence", "hour", "timezone", "weekday")}
    errors = {}
    if values["cadence"] not in list(Cadence):
        errors["cadence"] = "Choose how often you want mail."
    for name, parse in (
        ("hour", calendars.parse_hour),
        ("timezone", calendars.parse_timezone),
        ("weekday", calendars.parse_weekday),
    ):
        try:
            parse(values[name])
        except UsageError as error:
            errors[name] = sentence(error)
    return ScheduleFields(**values, errors=errors)


def default_schedule(defaults: DigestConfig) -> ScheduleFields:
    """Return the schedule of somebody who chooses nothing."""
    return ScheduleFields(defaults.cadence, defaults.hour, defaults.timezone, calendars.WEEKDAYS[0])


def schedule_fields_of(subscriber: Subscriber) -> ScheduleFields:
    """Return the schedule of a subscriber."""
    weekday = calendars.WEEKDAYS[subscriber.weekday]
    return ScheduleFields(subscriber.cadence, subscriber.hour, subscriber.timezone, weekday)


def read_address(form: Form) -> tuple[str, Errors]:
    """Return the address in a form, and what is wrong with it."""
    typed = form.one("email")
    if not typed:
        return typed, {"email": "Write your email address."}
    try:
        parse_new_address(typed)
    except UsageError as error:
        return typed, {"email": sentence(error)}
    return typed, {}


def sentence(error: object) -> str:
    """Return the message of an error as a sentence.

    It gets a capital only if it begins with a common word. An address, a name, the field of a query or a key
    of the config stays as it is: `ann@example.org is PENDING`, `like: needs the key of a paper`.
    """
    text = str(error)
    first_word = text.partition(" ")[0].rstrip(",;").replace("-", "")
    start = text[:1].upper() if first_word.isalpha() and first_word.islower() else text[:1]
    return start + text[1:] + ("" if text.endswith((".", "?", "!")) else ".")
