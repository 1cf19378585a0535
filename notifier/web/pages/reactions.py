"""Vote for papers and give feedback on them: the buttons on pages, and the page that the link in a mail leads to."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from notifier.models import Paper, Subscriber
from notifier.signing import VOTE_PATH, Grant, LinkPurpose
from notifier.store import paper_pages, reading
from notifier.subscribers import MailedPaper, Reaction, ReactionRefusal, mailed_paper, may_react, own_reactions, react
from notifier.text.harmless import inert
from notifier.text.paper_links import paper_path, paper_url, upvotes_from
from notifier.web.clients import ClientAddress
from notifier.web.forms import Form, SubmittedForm, is_id
from notifier.web.grants import require_grant
from notifier.web.guards import FROM_OWN_PAGES
from notifier.web.reaction_rows import ShownPaper, counted, is_own_path, reaction_rows
from notifier.web.sessions import SignedIn
from notifier.web.site import Site, SiteDependency, page
from notifier.web.wording import mask_address

MAIL_PATH = VOTE_PATH + "{signed_id}/{paper_id}"
STATUS = {
    ReactionRefusal.NOT_ACTIVE: HTTPStatus.FORBIDDEN,
    ReactionRefusal.TOO_MANY: HTTPStatus.TOO_MANY_REQUESTS,
    ReactionRefusal.NO_PAPER: HTTPStatus.NOT_FOUND,
    ReactionRefusal.HIDDEN: HTTPStatus.GONE,
}
# What the page of a mail says after a button was pressed.
DONE = {
    Reaction.VOTE: "Your vote counts.",
    Reaction.UNVOTE: "Your vote was taken back.",
    Reaction.LIKE: "In your next digests, papers like this one move up.",
    Reaction.DISLIKE: "In your next digests, papers like this one move down.",
    Reaction.FORGET: "Your feedback on this paper is forgotten.",
}

router = APIRouter()

# What it says instead after feedback, if the subscriber does not let feedback order their digests.
STORED_ONLY = {
    Reaction.LIKE: "It is stored that you want more papers like this one.",
    Reaction.DISLIKE: "It is stored that this paper is not for you.",
}

VoteGrant = Annotated[Grant, Depends(require_grant([LinkPurpose.VOTE]))]


@router.post("/reactions", dependencies=FROM_OWN_PAGES)
def react_on_page(
    site: SiteDependency, request: Request, subscriber: SignedIn, form: SubmittedForm, client: ClientAddress
) -> Response:
    """Do what a button of a page says, and lead back to the paper on that page; htmx gets the new row and counts."""
    reaction = _reaction(form)
    paper = _paper_by_key(site, form.one("paper"))
    refusal = react(site.engine, subscriber, paper.id, reaction, client, site.clock())
    is_part = "hx-request" in request.headers
    if refusal:
        return _refused(site, refusal, subscriber, is_part=is_part)
    back = form.one("back") if is_own_path(form.one("back")) else paper_path(paper)
    if not is_part:
        return RedirectResponse(f"{site.root}{back}#paper-{paper.id}", HTTPStatus.SEE_OTHER)
    shown = ShownPaper(paper.id, paper.key, inert(paper.title), counted(form))
    rows = reaction_rows(site, subscriber, [shown], back)
    votes = _paper_by_key(site, paper.key).votes
    return page(site, "reacted", row=rows.get(paper.id), votes=votes, upvotes_from=upvotes_from(paper))


@router.api_route(MAIL_PATH, methods=["GET", "HEAD"])
def ask_by_mail(site: SiteDependency, grant: VoteGrant, paper_id: str) -> HTMLResponse:
    """Show the paper and the buttons. Nothing changes yet, because link scanners follow links too."""
    mailed = _mailed(site, grant, paper_id)
    if mailed is None:
        return _ended(site)
    return _mail_page(site, mailed)


@router.post(MAIL_PATH, dependencies=FROM_OWN_PAGES)
def react_by_mail(
    site: SiteDependency, grant: VoteGrant, paper_id: str, form: SubmittedForm, client: ClientAddress
) -> HTMLResponse:
    """Do what a button says, for the subscriber who got the mail."""
    reaction = _reaction(form)
    mailed = _mailed(site, grant, paper_id)
    if mailed is None:
        return _ended(site)
    refusal = react(site.engine, mailed.subscriber, mailed.paper.id, reaction, client, site.clock())
    if refusal:
        return _refused(site, refusal, mailed.subscriber)
    done = DONE if mailed.subscriber.taste else DONE | STORED_ONLY
    return _mail_page(site, mailed, done[reaction])


def _reaction(form: Form) -> Reaction:
    try:
        return Reaction(form.one("do"))
    except ValueError:
        raise HTTPException(HTTPStatus.BAD_REQUEST) from None


def _paper_by_key(site: Site, key: str) -> Paper:
    """Return the paper with this key, or the one that it was merged into. Refuses a key that no paper has."""
    with reading(site.engine) as connection:
        if found := paper_pages.paper_by_key(connection, key):
            return found
    raise HTTPException(HTTPStatus.NOT_FOUND)


def _mailed(site: Site, grant: Grant, paper_id: str) -> MailedPaper | None:
    if not is_id(paper_id):
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return mailed_paper(site.engine, grant.row_id, int(paper_id))


def _mail_page(site: Site, mailed: MailedPaper, done: str = "") -> HTMLResponse:
    paper, subscriber = mailed.paper, mailed.subscriber
    if not may_react(subscriber) and not done:
        return _refused(site, ReactionRefusal.NOT_ACTIVE, subscriber, HTTPStatus.OK)
    if mailed.is_hidden:
        return page(site, "hidden_paper", HTTPStatus.OK if done else HTTPStatus.GONE, done=done)
    own = own_reactions(site.engine, subscriber.id, [paper.id])
    return page(
        site,
        "vote",
        title=inert(paper.title),
        path=paper_path(paper),
        url=paper_url(paper),
        abstract=inert(paper.abstract),
        address=mask_address(subscriber.email),
        is_voted=paper.id in own.voted,
        liked=own.opinion(paper.id),
        orders=subscriber.taste,
        done=done,
    )


def _ended(site: Site) -> HTMLResponse:
    return page(site, "vote_ended", HTTPStatus.GONE, days=site.config.keep.deliveries)


def _refused(
    site: Site, refusal: ReactionRefusal, subscriber: Subscriber, status: int = 0, *, is_part: bool = False
) -> HTMLResponse:
    """Say why nothing was stored; htmx gets the sentence alone, with the status of a success, so that it shows it."""
    name = "reaction_refused_part" if is_part else "reaction_refused"
    shown = HTTPStatus.OK if is_part else status or STATUS[refusal]
    return page(site, name, shown, refusal=refusal, state=subscriber.state)
