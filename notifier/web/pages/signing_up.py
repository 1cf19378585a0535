"""Sign up: the form, its preview, and a form for a frame in another site."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Depends, HTTPException
from fastapi.responses import HTMLResponse

from notifier.models import Cadence
from notifier.subscribers import Action, SignUp, check_request, request_sign_up, within_limits
from notifier.topics import TRENDING
from notifier.web.background import in_background
from notifier.web.choices import interest_choices, schedule_choices
from notifier.web.clients import ClientAddress
from notifier.web.fields import Errors, Interests, ScheduleFields, read_address, read_interests, read_schedule
from notifier.web.forms import Form, SubmittedForm, UrlForm
from notifier.web.guards import FROM_OWN_PAGES, framed, scripted
from notifier.web.previews import preview_of
from notifier.web.sessions import Visitor
from notifier.web.site import Site, SiteDependency, page, signed_in

FORM_PATH = "/subscribe"
FRAME_PATH = "/subscribe/embed"
PREVIEW = "preview"  # the value of the button that asks for a preview

router = APIRouter()


def _require_open(site: SiteDependency) -> None:
    """Raise a 404 if nobody can sign up."""
    if not site.is_open:
        raise HTTPException(HTTPStatus.NOT_FOUND)


def _require_embed(site: SiteDependency) -> None:
    if not site.config.web.embed:
        raise HTTPException(HTTPStatus.NOT_FOUND)


IF_OPEN = [Depends(_require_open)]
FROM_OPEN_PAGES = [*IF_OPEN, *FROM_OWN_PAGES]


@router.api_route(FORM_PATH, methods=["GET", "HEAD"], dependencies=IF_OPEN)
def show_form(site: SiteDependency, form: UrlForm, visitor: Visitor, client: ClientAddress) -> HTMLResponse:
    """Show the form. Its fields are filled in from the query string of the URL, such as `?topic=quantization`."""
    if form.one("words") and not within_limits(site.engine, Action.PREVIEW, "", client, site.clock()):
        return page(site, "too_many", HTTPStatus.TOO_MANY_REQUESTS)
    interests = read_interests(form, site.catalogue, site.engine)
    if not (interests.topics or interests.words):
        interests = Interests(topics=(TRENDING,))
    schedule = read_schedule(form, site.config.digest)
    return _form_page(site, form, interests, schedule, {}, **signed_in(site, visitor))


@router.post(f"{FORM_PATH}/preview", dependencies=FROM_OPEN_PAGES)
def show_preview(site: SiteDependency, form: SubmittedForm, client: ClientAddress) -> HTMLResponse:
    """Return the preview alone, for the script that shows it while somebody fills in a form."""
    interests = read_interests(form, site.catalogue, site.engine)
    if not within_limits(site.engine, Action.PREVIEW, "", client, site.clock()):
        return page(site, "preview_refused", HTTPStatus.TOO_MANY_REQUESTS)
    return page(site, "preview", preview=preview_of(site, interests), interests=interests)


@router.post(FORM_PATH, dependencies=FROM_OPEN_PAGES)
def sign_up(site: SiteDependency, form: SubmittedForm, client: ClientAddress) -> HTMLResponse:
    """Ask by mail for the confirmation of a sign-up, or show the form again with a preview or with the errors."""
    interests, schedule = read_interests(form, site.catalogue, site.engine), read_schedule(form, site.config.digest)
    email, wrong = read_address(form)
    if form.one("do") == PREVIEW and within_limits(site.engine, Action.PREVIEW, "", client, site.clock()):
        return _form_page(site, form, interests, schedule, {})
    if form.one("do") == PREVIEW:
        return page(site, "too_many", HTTPStatus.TOO_MANY_REQUESTS)
    errors = {**interests.errors, **schedule.errors, **wrong}
    if errors:
        return _form_page(site, form, interests, schedule, errors)
    return _ask_to_confirm(site, _sign_up(email, interests, schedule), client, "asked_to_confirm")


@router.api_route(FRAME_PATH, methods=["GET", "HEAD"], dependencies=[*IF_OPEN, Depends(_require_embed)])
def show_framed_form(site: SiteDependency) -> HTMLResponse:
    """Show the form with a field for the address only, for a frame in a page of another site."""
    return _in_frame(site, page(site, "embed", errors={}, email="", trending=TRENDING))


@router.post(FRAME_PATH, dependencies=[*FROM_OWN_PAGES, Depends(_require_embed)])
def sign_up_in_frame(site: SiteDependency, form: SubmittedForm, client: ClientAddress) -> HTMLResponse:
    """Ask by mail for the confirmation of a sign-up in a frame, and return a page that is made for the frame."""
    email, errors = read_address(form)
    if errors:
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        return _in_frame(site, page(site, "embed", status, errors=errors, email=email, trending=TRENDING))
    interests = Interests(topics=(TRENDING,))
    new_sign_up = _sign_up(email, interests, read_schedule(form, site.config.digest))
    return _in_frame(site, _ask_to_confirm(site, new_sign_up, client, "embed_sent"))


def _sign_up(email: str, interests: Interests, schedule: ScheduleFields) -> SignUp:
    """Return the sign-up of a valid form. The name is kept only if the sign-up has exactly one query or topic."""
    queries = (interests.query,) if interests.query else ()
    has_one = len(queries) + len(interests.topics) == 1
    return SignUp(
        email,
        queries,
        interests.topics,
        cadence=Cadence(schedule.cadence),
        hour=schedule.hour,
        timezone=schedule.timezone,
        weekday=schedule.weekday,
        name=interests.name if interests.name and has_one else None,
    )


def _ask_to_confirm(site: Site, new_sign_up: SignUp, client: str | None, template: str) -> HTMLResponse:
    """Return the same page for every address, and queue the mail after the response."""
    check_request(site.catalogue, new_sign_up)
    now = site.clock()
    if not within_limits(site.engine, Action.SIGN_UP, new_sign_up.email, client, now):
        return page(site, "too_many", HTTPStatus.TOO_MANY_REQUESTS)
    shown = page(site, template, email=new_sign_up.email)
    return in_background(shown, request_sign_up, site.engine, site.config, new_sign_up, now)


def _form_page(
    site: Site,
    form: Form,
    interests: Interests,
    schedule: ScheduleFields,
    errors: Errors,
    **values: Any,
) -> HTMLResponse:
    """Render the form with what was typed, its preview, and the errors, each at its field."""
    status = HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK
    shown: Mapping[str, object] = {
        "email": form.one("email"),
        "errors": errors or interests.errors,
        "preview": preview_of(site, interests),
        **interest_choices(site, interests),
        **schedule_choices(schedule),
        "embed_url": f"{site.config.web.base_url}{FRAME_PATH}" if site.config.web.embed else "",
        **values,
    }
    return scripted(page(site, "subscribe", status, **shown))


def _in_frame(site: Site, response: HTMLResponse) -> HTMLResponse:
    return framed(scripted(response), site.config.web.embed)
