"""Compose sample mails with the templates in use: whether they work, and how long a mail takes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from jinja2 import Environment

from notifier.config import Config
from notifier.digests.samples import FULL, PAPERS, TOO_LARGE
from notifier.errors import NotifierError
from notifier.mail import Composer, MailSettings, check_templates
from notifier.operations.doctor.findings import Area, Finding, fault, ok, split, warning
from notifier.operations.doctor.setup import Setup
from notifier.sending import mail_settings
from notifier.signing import LinkSigner
from notifier.templates import check, environment

_SLOW = 0.1  # seconds for one mail; with the built-in templates, it takes a few milliseconds
_BUILT_IN = "built-in templates"


def check_mail_templates(setup: Setup) -> Iterator[Finding]:
    """Render all templates on samples, and measure one mail."""
    folder = setup.config.mail.templates and setup.config.path(setup.config.mail.templates)
    about = setup.path_in_config(folder) if folder else _BUILT_IN
    try:
        templates = environment(folder)
        settings = _settings(setup.config)
        check(templates)
        warnings = check_templates(settings, templates)
        seconds = _seconds(settings, templates)
    except NotifierError as error:
        yield fault(Area.TEMPLATES, about, *split(str(error)))
        return
    for said in warnings:
        yield warning(Area.TEMPLATES, about, *split(said))
    if folder:
        yield from _without_effect(about, folder)
    if seconds > _SLOW:
        what = f"a mail takes {seconds * 1000:.0f} ms, so an hour is enough for {3600 / seconds:,.0f} mails only"
        yield warning(Area.TEMPLATES, about, what, "simplify the loops and includes of the templates")
    else:
        yield ok(Area.TEMPLATES, about, f"the sample mails can be made; one takes {max(seconds * 1000, 1):.0f} ms")


def _settings(config: Config) -> MailSettings:
    """Return the settings of mails, with a made-up key and base URL for links, because the real ones may be missing."""
    without_pages = config.model_copy(update={"web": config.web.model_copy(update={"base_url": ""})}).located_in(
        config.base
    )
    return replace(mail_settings(without_pages, {}), link_signer=LinkSigner("https://example.org", bytes(32)))


def _seconds(settings: MailSettings, templates: Environment) -> float:
    composer = Composer(settings, templates)
    composer.compose(TOO_LARGE, PAPERS)  # reads the stylesheet
    begun = time.thread_time()  # the other checks use the processor meanwhile
    composer.compose(FULL, PAPERS)
    return time.thread_time() - begun


def _without_effect(about: str, folder: Path) -> Iterator[Finding]:
    """Find files of the operator that replace no built-in template, such as one with a mistyped name."""
    used = set(environment().list_templates())
    for file in sorted(folder.rglob("*")):
        name = file.relative_to(folder).as_posix()
        if file.is_file() and name not in used and not name.startswith("."):
            what = f"{name} replaces no built-in template of that name"
            yield warning(Area.TEMPLATES, about, what, "correct its name, unless another template includes it")
