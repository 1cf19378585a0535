"""Show subscribers who are signed in their votes and feedback, remove them, and switch off what feedback does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse

from notifier.subscribers import StoredReactions, forget_feedback, set_taste, stored_reactions
from notifier.text.harmless import inert
from notifier.text.paper_links import paper_path
from notifier.web.forms import SubmittedForm
from notifier.web.guards import FROM_OWN_PAGES
from notifier.web.pages.signing_in import to_settings
from notifier.web.sessions import SignedIn
from notifier.web.site import SiteDependency, page, signed_in

SHOWN = 300  # of the votes and of the feedback; the export of the data has all

router = APIRouter()


@dataclass(frozen=True, slots=True)
class OwnReaction:
    """A vote, or feedback if `liked` is not None, with the day on which it was given. `is_hidden` is of the paper."""

    paper_id: int
    key: str
    path: str
    title: str
    day: date
    is_hidden: bool
    liked: bool | None = None


@router.api_route("/manage/reactions", methods=["GET", "HEAD"])
def show_reactions(site: SiteDependency, subscriber: SignedIn) -> HTMLResponse:
    """Show the votes and feedback of the subscriber, each with a button that removes it."""
    stored = stored_reactions(site.engine, subscriber.id)
    return page(
        site,
        "own_reactions",
        votes=list(_votes(stored))[:SHOWN],
        feedback=list(_feedback(stored))[:SHOWN],
        numbers=(len(stored.votes), len(stored.feedback)),
        taste=subscriber.taste,
        **signed_in(site, subscriber),
    )


@router.post("/manage/reactions/forget", dependencies=FROM_OWN_PAGES)
def forget_all(site: SiteDependency, subscriber: SignedIn) -> Response:
    """Delete all feedback; the votes stay."""
    forget_feedback(site.engine, subscriber.id)
    return to_settings(site, "forgotten", "reactions")


@router.post("/manage/taste", dependencies=FROM_OWN_PAGES)
def switch_taste(site: SiteDependency, subscriber: SignedIn, form: SubmittedForm) -> Response:
    """Decide whether the feedback orders the papers of the subscriber's digests."""
    is_on = form.one("taste") == "on"
    set_taste(site.engine, subscriber.id, is_on)
    return to_settings(site, "taste-on" if is_on else "taste-off", "reactions")


def _votes(stored: StoredReactions) -> Iterator[OwnReaction]:
    for paper_id, day in stored.votes.items():
        yield _shown(stored, paper_id, day)


def _feedback(stored: StoredReactions) -> Iterator[OwnReaction]:
    for each in stored.feedback:
        yield _shown(stored, each.paper_id, each.given_at.date(), each.liked)


def _shown(stored: StoredReactions, paper_id: int, day: date, liked: bool | None = None) -> OwnReaction:
    paper, is_hidden = stored.papers[paper_id], paper_id in stored.hidden
    return OwnReaction(paper_id, paper.key, paper_path(paper), inert(paper.title), day, is_hidden, liked)
