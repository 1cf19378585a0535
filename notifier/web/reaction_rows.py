"""Make the row of buttons below a paper, by which a subscriber who is signed in votes and gives feedback."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from fastapi import Request

from notifier.models import Subscriber
from notifier.subscribers import may_react, own_reactions
from notifier.web.forms import Form
from notifier.web.site import Site

UNKNOWN = "unknown"  # in place of the number of upvotes in a form
MOST_DIGITS = 9  # of the number of upvotes
LONGEST_PATH = 2_000  # characters of the path to which a visitor returns


class Counted(NamedTuple):
    """The upvotes that a page shows at a paper, beside its votes; None if they are not known."""

    upvotes: int | None


class ShownPaper(NamedTuple):
    """A paper that a page shows; `counted` is None if the page does not show the votes that the paper has now."""

    paper_id: int
    key: str
    title: str
    counted: Counted | None = None


@dataclass(frozen=True, slots=True)
class ReactionRow:
    """The buttons of one paper: whether the visitor has voted for it, and whether they like it, None if not said.

    `back` is the path, below the base URL, of the page with this row.
    """

    paper_id: int
    key: str
    title: str
    counted: Counted | None
    is_voted: bool
    liked: bool | None
    back: str


def reaction_rows(
    site: Site, visitor: Subscriber | None, papers: Collection[ShownPaper], back: str
) -> Mapping[int, ReactionRow]:
    """Return the row of each of these papers by id; none if nobody is signed in who may vote, or for a hidden paper."""
    if visitor is None or not may_react(visitor) or not papers:
        return {}
    own = own_reactions(site.engine, visitor.id, [each.paper_id for each in papers])
    return {
        each.paper_id: ReactionRow(*each, each.paper_id in own.voted, own.opinion(each.paper_id), back)
        for each in papers
        if each.paper_id not in own.hidden
    }


def path_of(request: Request) -> str:
    """Return the path and the query of a request, without the path of the base URL, which a proxy may have removed."""
    path = request.url.path.removeprefix(request.state.pages_below)
    return f"{path}?{request.url.query}" if request.url.query else path


def counted(form: Form) -> Counted | None:
    """Return what a submitted row says about the counts of its page; None if it says nothing that a row can say."""
    upvotes = form.one("upvotes")
    if upvotes.isascii() and upvotes.isdecimal() and len(upvotes) <= MOST_DIGITS:
        return Counted(int(upvotes))
    return Counted(None) if upvotes == UNKNOWN else None


def is_own_path(path: str) -> bool:
    """Return whether a text from a form is the path of a page of this site, and leads to no other site."""
    is_plain = path.isascii() and path.isprintable() and not {" ", "\\", "#"} & set(path)
    return path.startswith("/") and not path.startswith("//") and is_plain and len(path) <= LONGEST_PATH
