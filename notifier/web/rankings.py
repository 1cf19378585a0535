"""Rankings of papers that visitors read page by page.

Scores change when a dump or a vote comes, so a ranking is kept in memory as it was when its first page was shown. No
page then repeats a paper or misses one. If it is no longer kept, because the service was started again, the papers are
ranked anew, without those that have come since.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import NamedTuple

from sqlalchemy import Connection

from notifier.models import Paper
from notifier.store import curation, dumps, papers, votes
from notifier.web.list_orders import PageMark, PageRequest, numbers_of

PER_PAGE = 30
KEPT = 200  # rankings; one of 2,000 papers takes about 70 kB
MAX_AGE = timedelta(minutes=10)  # a first page shows no older ranking, because topics may change without a dump

Read = Callable[[Sequence[int]], Mapping[int, Paper]]


class RankingFunctions(NamedTuple):
    """The functions that rank the papers of a ranking and read them.

    `rank` takes the highest id that a ranked paper may have, and returns ids, the best first. `read` takes some of
    these ids, and returns the papers with these ids that may be shown, by id. `state` is that of the papers now.
    """

    rank: Callable[[int], Sequence[int]]
    read: Read
    state: object = None


class RankingName(NamedTuple):
    """The URL of the first page of a ranking; the newest dump, the highest id of a paper and the votes at that time."""

    url: str
    dump_id: int
    newest_id: int
    votes_state: int


class _KeptRanking(NamedTuple):
    """A ranking, when it was made, and the state of the papers then (see curation.papers_state)."""

    made_at: datetime
    state: object
    ids: tuple[int, ...]


@dataclass(slots=True)
class Rankings:
    """The rankings that were read last."""

    _kept: OrderedDict[RankingName, _KeptRanking] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def get(
        self, name: RankingName, now: datetime, functions: RankingFunctions, *, is_continued: bool
    ) -> tuple[int, ...]:
        """Return the ids of a ranking.

        It is ranked anew if it is not kept. It is also ranked anew if its first page is asked for, and it is old or a
        curator has changed a paper since. `is_continued` says that a further page is asked for.
        """
        with self._lock:
            kept = self._kept.get(name)
        is_current = kept and kept.state == functions.state and timedelta() <= now - kept.made_at < MAX_AGE
        if kept is None or not (is_continued or is_current):
            kept = _KeptRanking(now, functions.state, tuple(functions.rank(name.newest_id)))
        with self._lock:
            self._kept[name] = kept
            self._kept.move_to_end(name)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return kept.ids


@dataclass(frozen=True, slots=True)
class RankedPage:
    """The papers of a page of a ranking, the mark of the next page, and how many papers the ranking has.

    The mark is None if this is the last page.
    """

    papers: Sequence[Paper]
    following: PageMark | None
    ranked: int


def read_ranked_page(
    rankings: Rankings, connection: Connection, page_request: PageRequest, now: datetime, functions: RankingFunctions
) -> RankedPage | None:
    """Return the requested page of a ranking; None if the mark in its URL is not valid."""
    mark = _mark_of_first_page(connection) if page_request.is_first else numbers_of(page_request.after, 4)
    if mark is None:
        return None
    dump_id, newest_id, votes_state, begin = mark
    functions = functions._replace(state=curation.papers_state(connection))
    ids = rankings.get(
        RankingName(page_request.url(page_request.order), dump_id, newest_id, votes_state),
        now,
        functions,
        is_continued=not page_request.is_first,
    )
    if not 0 <= begin <= max(len(ids) - 1, 0):
        return None
    shown = _papers_from(ids, begin, functions.read)
    following = (dump_id, newest_id, votes_state, shown[PER_PAGE][0]) if len(shown) > PER_PAGE else None
    return RankedPage([paper for _, paper in shown[:PER_PAGE]], following, len(ids))


def _mark_of_first_page(connection: Connection) -> PageMark:
    return dumps.newest_id(connection), papers.newest_id(connection), votes.state(connection), 0


def _papers_from(ids: Sequence[int], begin: int, read: Read) -> list[tuple[int, Paper]]:
    """Return the papers of a page and at least one more, if there are more, with their places in the ranking.

    A paper that was merged into another one of the ranking is left out.
    """
    all_ids, found = set(ids), list[tuple[int, Paper]]()
    for at in range(begin, len(ids), 2 * PER_PAGE):
        block = ids[at : at + 2 * PER_PAGE]
        stored = read(block)
        for place, paper_id in enumerate(block, at):
            paper = stored.get(paper_id)
            if paper is not None and (paper.id == paper_id or paper.id not in all_ids):
                found.append((place, paper))
        if len(found) > PER_PAGE:
            break
    return found
