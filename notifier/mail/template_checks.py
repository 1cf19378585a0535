"""Check the templates of mails by composing the sample digests, notices and alerts."""

from __future__ import annotations

from dataclasses import replace

from jinja2 import Environment

from notifier.digests.labels import MAX_LABELS
from notifier.digests.samples import ALERTS, BARE, FULL, NOTICES, PAPERS, TOO_LARGE
from notifier.errors import ConfigError, TemplateError
from notifier.mail.composer import Composer
from notifier.mail.headers import MailSettings
from notifier.signing import LinkSigner


def check_templates(settings: MailSettings, templates: Environment) -> list[str]:
    """Render each part of a mail, and return warnings about the stylesheet.

    Raises ConfigError, which names the file and line, if a template is missing or broken, or fails on a sample.
    """
    signer = LinkSigner("https://example.org", bytes(32))
    full = replace(
        settings, link_signer=signer, cards=MAX_LABELS + 2, topics={"topic": "A Topic"}, postal_address="An address"
    )
    composer = Composer(full, templates)
    try:
        composer.compose(FULL, PAPERS)
        Composer(replace(full, postal_address=""), templates).compose(BARE, PAPERS)
        composer.compose(TOO_LARGE, PAPERS)
        for notice in NOTICES:
            composer.compose_notice(notice)
        for alert in ALERTS:
            composer.compose_alert(alert)
    except TemplateError as error:
        raise ConfigError(str(error)) from None
    return composer.stylesheet.warnings
