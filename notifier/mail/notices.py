"""Compose notices and alerts.

A notice is a short mail with one link, which confirms something or signs somebody in. An alert tells an operator what
is wrong with a source.
"""

from __future__ import annotations

from typing import NamedTuple

from jinja2 import Environment
from markupsafe import Markup

from notifier.digests.notices import alert_values, notice_values
from notifier.errors import ComposeError
from notifier.mail.headers import MailSettings, notice_header_lines
from notifier.mail.mime import alternative
from notifier.mail.quoted_printable import block
from notifier.mail.stylesheet import Stylesheet
from notifier.models import Alert, DeliveryKind, Envelope, Mail, Notice
from notifier.templates import render
from notifier.text.addresses import ascii_address

_TEMPLATES = {
    DeliveryKind.CONFIRMATION: "confirmation",
    DeliveryKind.SIGN_IN: "sign-in",
    DeliveryKind.ADDRESS_CHANGE: "address-change",
}


def compose_notice(
    notice: Notice, settings: MailSettings, templates: Environment, stylesheet: Stylesheet, return_path: str = ""
) -> Mail:
    """Return the mail of a notice, whose bounces go to `return_path` if that is given.

    Raises ComposeError if the mail cannot be made, for example because there are no pages that its link could lead to,
    and ConfigError if a template is missing or broken.
    """
    if settings.link_signer is None:
        raise ComposeError("a mail with a link to a page needs the URL of the pages; set base_url in [web]")
    values = notice_values(notice, settings, settings.link_signer)
    name = _TEMPLATES[notice.kind]
    return _mail(notice, settings, _bodies(name, values, templates, stylesheet), return_path)


def compose_alert(
    alert: Alert, settings: MailSettings, templates: Environment, stylesheet: Stylesheet, return_path: str = ""
) -> Mail:
    """Return the mail of an alert, as `compose_notice` does; it needs no pages, because it has no link."""
    values = alert_values(alert, settings)
    return _mail(alert, settings, _bodies("alert", values, templates, stylesheet), return_path)


class _Bodies(NamedTuple):
    """The plain text and the HTML of a mail, as they are sent."""

    text: str
    html: str


def _bodies(name: str, values: dict[str, object], templates: Environment, stylesheet: Stylesheet) -> _Bodies:
    text = render(templates, f"email/{name}.txt.j2", **values)
    html = render(templates, f"email/{name}.html.j2", **values, stylesheet=Markup(stylesheet.kept))
    return _Bodies(text, stylesheet.inline(html))


def _mail(message: Notice | Alert, settings: MailSettings, bodies: _Bodies, return_path: str) -> Mail:
    header = notice_header_lines(message, settings)
    envelope = Envelope(return_path or ascii_address(settings.envelope_sender), ascii_address(message.recipient))
    content = alternative(header, [block(bodies.text)], [block(bodies.html)], message.message_id)
    return Mail(envelope, message.message_id, content, is_wire_form=True)
