"""Render each mail as a whole, from the same templates that `Composer` renders part by part.

The parts of a mail are nested strings that contain the subscriber's real values. Two contenders of `delivery` make
their mails in this way, and the tests compare the mails of `Composer` with these.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from jinja2 import Environment, Template
from markupsafe import Markup

from notifier.digests.cache import Cache
from notifier.errors import ComposeError
from notifier.mail import MailSettings
from notifier.mail.content import ContentMaker, MailContent, named
from notifier.mail.parts import part_templates
from notifier.mail.slot_values import SlotValues, slot_values
from notifier.mail.stylesheet import FILE
from notifier.models import Digest, Paper


class WholeMails:
    """Renders the bodies of mails. The CSS is in the style element of the HTML."""

    def __init__(self, settings: MailSettings, templates: Environment) -> None:
        assert templates.loader is not None
        self._settings = settings
        self._text = part_templates(templates, "txt")
        self._html = part_templates(templates, "html")
        self._css = templates.loader.get_source(templates, FILE)[0]
        self._contents = ContentMaker(settings, Cache(0))

    def values(self, digest: Digest) -> SlotValues:
        """Return the subscriber's address and unsubscribe links for the mail of a digest."""
        (values,) = slot_values([digest], self._settings)
        if isinstance(values, ComposeError):
            raise values
        return values

    def bodies(self, digest: Digest, papers: Mapping[int, Paper]) -> tuple[str, str]:
        """Return the plain text and the HTML."""
        content, values = self._contents.content(digest, papers), self.values(digest)
        return (
            _rendered(self._text, str, content, values, ""),
            _rendered(self._html, Markup, content, values, self._css),
        )


def _rendered(
    templates: Mapping[str, Template], kind: type[str], content: MailContent, values: SlotValues, css: str
) -> str:
    def part(name: str, **variables: Any) -> str:
        return kind(templates[name].render(variables))

    def joined(pieces: Iterable[str]) -> str:
        return kind("").join(pieces)

    def cards(papers: Iterable[Any]) -> str:
        return joined(
            part("card", card=each.card, also=part("also", labels=named(each.also)) if each.also else "")
            for each in papers
        )

    shown = named(content.labels)
    return part(
        "digest",
        subject=content.subject,
        brand=content.brand,
        opening=content.opening,
        stylesheet=kind(css),
        preheader=content.preheader,
        sections=joined(
            part("section", label=section.label, cards=cards(section.papers), unsubscribe_page=page)
            for section, page in zip(content.sections, values.section_pages, strict=True)
            if section.papers
        ),
        more=part("more", papers=content.more, unlisted=content.unlisted) if content.more else "",
        footer=part(
            "footer",
            recipient=values.recipient,
            labels=joined(part("label", label=label, last=label == shown[-1]) for label in shown),
            unsubscribe_page=values.unsubscribe_page,
            unsubscribe_url=values.unsubscribe_url,
        ),
    )
