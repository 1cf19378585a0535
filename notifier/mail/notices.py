"""Notices: short mails with one sentence and one link, to confirm a sign-up or an address, or to sign in."""

from __future__ import annotations

from jinja2 import Environment
from markupsafe import Markup

from notifier.digests.notices import notice_values
from notifier.errors import ComposeError
from notifier.mail.headers import MailSettings, notice_header_lines
from notifier.mail.mime import alternative
from notifier.mail.quoted_printable import block
from notifier.mail.stylesheet import Stylesheet
from notifier.models import DeliveryKind, Envelope, Mail, Notice
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
    if settings.pages is None:
        raise ComposeError("a mail with a link to a page needs the address of the pages; set base_url in [web]")
    values = notice_values(notice, settings, settings.pages)
    name = _TEMPLATES[notice.kind]
    text = render(templates, f"email/{name}.txt.j2", **values)
    html = render(templates, f"email/{name}.html.j2", **values, stylesheet=Markup(stylesheet.kept))
    header = notice_header_lines(notice, settings)
    envelope = Envelope(return_path or ascii_address(settings.envelope_sender), ascii_address(notice.recipient))
    content = alternative(header, [block(text)], [block(stylesheet.inline(html))], notice.message_id)
    return Mail(envelope, notice.message_id, content, is_wire_form=True)
