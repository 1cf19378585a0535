"""Make the changes of curators. Each is one transaction, and one entry of the log.

`actor` is the address of the curator, or empty for the operator at the command line. All functions raise UsageError,
with the cure, if there is no such paper, if what was typed is wrong, or if there is nothing to change.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, Engine

from notifier.curation.requests import PinRequest
from notifier.curation.texts import clean_name, clean_note
from notifier.errors import UsageError
from notifier.models import ASPECTS, Curation, Paper
from notifier.store import curation, hand_merges, ingest, paper_pages, papers, pins, reading, retried, writing
from notifier.store.curation import State

PIN_TOO_LATE = (
    "The paper was first seen more than 14 days before the pin begins, so digests do not bring it again; pages and "
    "feeds show the note."
)
FIRST_YEAR, LAST_YEAR = 1900, 2999  # the range of the years of pins


@dataclass(frozen=True, slots=True)
class _Change:
    """A change of a paper: the action, who does it, and when."""

    action: str
    actor: str
    now: datetime


def pin(engine: Engine, actor: str, key: str, wanted: PinRequest, now: datetime) -> Curation:
    """Pin a paper to a day, in place of its earlier pin."""
    note, name = clean_note(wanted.note), clean_name(wanted.name)
    if not FIRST_YEAR <= wanted.day.year <= LAST_YEAR:
        raise UsageError(f"the day is in the year {wanted.day.year}; choose one from {FIRST_YEAR} to {LAST_YEAR}")

    def state(before: State) -> State:
        is_same_day = before is not None and before["day"] == str(wanted.day)
        pinned_at = before["pinned_at"] if is_same_day else now.isoformat()
        return {"day": str(wanted.day), "note": note, "name": name, "pinned_at": pinned_at}

    return _change(engine, _Change("pin", actor, now), key, state)


def is_pin_too_late(engine: Engine, key: str, day: date, now: datetime) -> bool:
    """Return whether no digest brings a paper again that is pinned to a day, because it was first seen too long ago."""
    with reading(engine) as connection:
        return pins.is_too_late(connection, paper_pages.paper_as_typed(connection, key).id, day, now)


def unpin(engine: Engine, actor: str, key: str, now: datetime) -> Curation:
    """Remove the pin of a paper."""
    return _change(engine, _Change("unpin", actor, now), key, lambda _: None)


def hide(engine: Engine, actor: str, key: str, now: datetime) -> Curation:
    """Hide a paper from lists, feeds, searches and the digests that are planned from now on."""
    return _change(engine, _Change("hide", actor, now), key, lambda _: True)


def unhide(engine: Engine, actor: str, key: str, now: datetime) -> Curation:
    """Show a hidden paper again."""
    return _change(engine, _Change("unhide", actor, now), key, lambda _: False)


def correct(engine: Engine, actor: str, key: str, after: Mapping[str, State], now: datetime) -> Curation:
    """Correct the title, the link or the topics of a paper; `after` is the result of `Correction.state`."""
    return _change(engine, _Change("correct", actor, now), key, lambda _: after, like=after)


def merge(engine: Engine, actor: str, key: str, into: str, now: datetime) -> Curation:
    """Merge the paper `key` into the paper `into`, which stays."""
    change = _Change("merge", actor, now)

    @retried
    def in_transaction() -> Curation:
        with writing(engine) as connection:
            ingest.lock(connection)
            merged, kept = (paper_pages.paper_as_typed(connection, each) for each in (key, into))
            if merged.id == kept.id:
                raise UsageError(f"the keys {key} and {into} are of one paper; there is nothing to merge")
            return _store(connection, change, merged, (None, kept.id))

    return in_transaction()


def part(engine: Engine, actor: str, key: str, now: datetime) -> Curation:
    """Part the paper that had the key `key` from the one into which a curator merged it."""
    change = _Change("part", actor, now)

    @retried
    def in_transaction() -> Curation:
        with writing(engine) as connection:
            ingest.lock(connection)
            merged_id = hand_merges.merged_id(connection, paper_pages.typed_key(key))
            if merged_id is None:
                raise UsageError(_why_not_parted(connection, key))
            into_id = hand_merges.merged_into(connection, merged_id)
            curation.set_state(connection, "merged", merged_id, None, now)
            return _log(connection, change, papers.papers_by_id(connection, [merged_id])[merged_id], (into_id, None))

    return in_transaction()


@retried
def undo(engine: Engine, actor: str, entry_id: int, now: datetime) -> Curation:
    """Undo an entry of the log, which may itself have undone another one.

    Raises UsageError if there is no such entry, if it was undone already, or if a later change has replaced it.
    """
    with writing(engine) as connection:
        ingest.lock(connection)
        entry = curation.entry_of(connection, entry_id)
        if entry is None:
            raise UsageError(f"the log has no entry {entry_id}; give the number of one that it lists")
        if entry.undone_by is not None:
            raise UsageError(f"entry {entry_id} was undone by entry {entry.undone_by} already; undo that one instead")
        if entry.aspect != "merged":
            _require_stored(connection, entry)
        current = curation.state_of(connection, entry.aspect, entry.paper_id, entry.after)
        if current != entry.after:
            raise UsageError(_why_replaced(connection, entry))
        if entry.before and entry.aspect == "merged":
            _require_row(connection, entry, entry.before)
            _require_stored(connection, entry)
        curation.set_state(connection, entry.aspect, entry.paper_id, entry.before, now)
        shown = papers.papers_by_id(connection, [entry.paper_id])[entry.paper_id]
        change = _Change(entry.action, actor, now)
        return _log(connection, change, shown, (current, entry.before), undone=entry)


@retried
def _change(
    engine: Engine, change: _Change, key: str, make: Callable[[State], State], *, like: State = None
) -> Curation:
    """Change one aspect of a paper to the state that `make` returns; it is given the state before."""
    with writing(engine) as connection:
        ingest.lock(connection)
        found = paper_pages.paper_as_typed(connection, key)
        before = curation.state_of(connection, ASPECTS[change.action], found.id, like)
        return _store(connection, change, found, (before, make(before)))


def _store(connection: Connection, change: _Change, found: Paper, states: tuple[State, State]) -> Curation:
    before, after = states
    if before == after:
        raise UsageError(_NOTHING_TO_DO[change.action].format(found.key))
    curation.set_state(connection, ASPECTS[change.action], found.id, after, change.now)
    return _log(connection, change, found, states)


_NOTHING_TO_DO = {
    "pin": "the paper {} is pinned in this way already; nothing was changed",
    "unpin": "the paper {} is not pinned; nothing was changed",
    "hide": "the paper {} is hidden already; nothing was changed",
    "unhide": "the paper {} is not hidden; nothing was changed",
    "correct": "the paper {} was corrected in this way already; nothing was changed",
}


def _log(
    connection: Connection,
    change: _Change,
    found: Paper,
    states: tuple[State, State],
    undone: Curation | None = None,
) -> Curation:
    """Add an entry to the log and return it."""
    before, after = states
    entry = Curation(
        at=change.now,
        actor=change.actor,
        action=change.action,
        paper_id=undone.paper_id if undone else found.id,
        key=undone.key if undone else found.key,
        title=found.title,
        before=before,
        after=after,
        undoes=undone.id if undone else None,
    )
    added = curation.entry_of(connection, curation.add_entry(connection, entry))
    assert added is not None, "the entry was just added"
    return added


def _why_not_parted(connection: Connection, key: str) -> str:
    """Return why there is nothing to part."""
    found = paper_pages.paper_as_typed(connection, key)
    if merged := hand_merges.keys_merged_into(connection, found.id):
        return f"the paper {found.key} stayed; give the key of one that was merged into it: {', '.join(merged)}"
    key = paper_pages.typed_key(key)
    if found.key != key:
        return (
            f"a dump joined {key} to {found.key}, or gave it this key, and dumps keep no record of what each "
            "had; correct or hide the paper instead"
        )
    return (
        f"the paper {key} was merged with no other one by hand; if a dump gave it what belongs to another paper, "
        "correct it"
    )


def _require_stored(connection: Connection, entry: Curation) -> None:
    """Raise UsageError if the paper of an entry was merged into another one since."""
    _require_row(connection, entry, entry.paper_id)


def _require_row(connection: Connection, entry: Curation, paper_id: int) -> None:
    current = papers.papers_by_id(connection, [paper_id]).get(paper_id)
    if current is None or current.id != paper_id:
        into = f" into {current.key}" if current else ""
        raise UsageError(f"entry {entry.id} cannot be undone, because its paper is merged{into}; part that one first")


def _why_replaced(connection: Connection, entry: Curation) -> str:
    """Return which later entry has to be undone first."""
    later = [
        each
        for each in curation.entries(connection, None, paper_id=entry.paper_id)
        if each.id > entry.id
        and (each.paper_id, each.aspect) == (entry.paper_id, entry.aspect)
        and each.undone_by is None
        and each.undoes is None
    ]
    cure = f"undo entry {later[0].id} first" if later else "look at what the paper has now"
    return f"entry {entry.id} cannot be undone, because the same was changed again since; {cure}"
