"""Read the log of the curators, with each change in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine

from notifier.models import Curation
from notifier.store import curation, papers, reading

OPERATOR = "the operator"
_DONE = {
    "pin": "pinned",
    "unpin": "unpinned",
    "hide": "hid",
    "unhide": "showed again",
    "correct": "corrected",
    "merge": "merged",
    "part": "parted",
}


@dataclass(frozen=True, slots=True)
class LogLine:
    """An entry of the log in words.

    `did` is what was done, such as `pinned`. `changes` says what was changed: each with a name, such as `title`, and
    the texts before and after, which are empty if there was nothing.
    """

    entry: Curation
    actor: str
    did: str
    changes: tuple[tuple[str, str, str], ...]


def read_log(
    engine: Engine, limit: int | None = None, before_id: int | None = None, paper_id: int | None = None
) -> list[LogLine]:
    """Return at most `limit` entries of the log, the newest first, in words; see `store.curation.entries`."""
    with reading(engine) as connection:
        found = curation.entries(connection, limit, before_id, paper_id)
        ids = {each for entry in found if entry.aspect == "merged" for each in (entry.before, entry.after) if each}
        keys = {number: paper.key for number, paper in papers.papers_by_id(connection, ids).items()}
    return [_line(each, keys) for each in found]


def _line(entry: Curation, keys: Mapping[int, str]) -> LogLine:
    did = f"undid {entry.undoes}" if entry.undoes is not None else _DONE[entry.action]
    return LogLine(entry, entry.actor or OPERATOR, did, tuple(_changes(entry, keys)))


def _changes(entry: Curation, keys: Mapping[int, str]) -> Iterator[tuple[str, str, str]]:
    match entry.aspect:
        case "pin":
            yield "pin", _pin(entry.before), _pin(entry.after)
        case "hidden":
            yield "hidden", "yes" if entry.before else "no", "yes" if entry.after else "no"
        case "merged":
            yield "merged into", keys.get(entry.before, ""), keys.get(entry.after, "")
        case _:
            yield from _corrections(entry.before, entry.after)


def _pin(state: Any) -> str:
    return f"{state['day']}: {state['note']} ({state['name']})" if state else ""


def _corrections(before: Any, after: Any) -> Iterator[tuple[str, str, str]]:
    for name in after:
        if name != "topics":
            yield "link" if name == "url" else name, before[name] or "", after[name] or ""
    words = {True: "added", False: "removed", None: ""}
    for slug, is_added in after.get("topics", {}).items():
        yield f"topic {slug}", words[before["topics"][slug]], words[is_added]
