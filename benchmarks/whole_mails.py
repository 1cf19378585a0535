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
from notifier.digests.cards import PaperLine
from notifier.digests.content import ContentMaker, DigestContent, SectionCard, matched_labels
from notifier.digests.labels import LABELS, quoted
from notifier.errors import ComposeError
from notifier.mail import MailSettings
from notifier.mail.body import anchor
from notifier.mail.parts import LINKS_OF_FOOTER, part_templates
from notifier.mail.slot_values import section_page, slot_values
from notifier.mail.stylesheet import css_of
from notifier.models import Digest, Paper


class WholeMails:
    """Renders the bodies of mails. The CSS is in the style element of the HTML."""

    def __init__(self, settings: MailSettings, templates: Environment) -> None:
        self._settings = settings
        self._text = part_templates(templates, "txt")
        self._html = part_templates(templates, "html")
        self._css = css_of(templates)

    def values(self, digest: Digest) -> dict[str, str]:
        """Return the subscriber's address and links for the mail of a digest."""
        (values,) = slot_values([digest], self._settings)
        if isinstance(values, ComposeError):
            raise values
        return values

    def bodies(self, digest: Digest, papers: Mapping[int, Paper]) -> tuple[str, str]:
        """Return the plain text and the HTML."""
        maker = ContentMaker(self._settings, Cache(0), has_pages=self._settings.pages is not None)
        content = maker.content(digest, papers)
        values = self.values(digest)
        return (
            _rendered(self._text, str, content, values, ""),
            _rendered(self._html, Markup, content, values, self._css),
        )


def _rendered(
    templates: Mapping[str, Template], kind: type[str], content: DigestContent, values: Mapping[str, str], css: str
) -> str:
    def part(name: str, **variables: Any) -> str:
        return kind(templates[name].render(variables))

    def joined(pieces: Iterable[str]) -> str:
        return kind("").join(pieces)

    def cards(shown: Iterable[SectionCard]) -> str:
        return joined(
            part("card", card=each.card, also=part("also", labels=quoted(each.also)) if each.also else "")
            for each in shown
        )

    def lines(papers: Iterable[PaperLine]) -> str:
        return joined(part("line", paper=each) for each in papers)

    def label(text: str, number: int | None) -> str:
        page = "" if number is None else values[section_page(number)]
        return part("label", label=text, unsubscribe_page=page)

    sections = [
        (section, anchor(number)) for number, section in enumerate(content.sections) if section.cards or section.lines
    ]
    linked = sections[:LABELS]
    entries = joined(
        part("entry", label=section.label, last=place == len(linked), anchor=anchor, total=section.total)
        for place, (section, anchor) in enumerate(linked, start=1)
    )
    beyond = len(content.more) + content.unlisted
    return part(
        "digest",
        subject=content.subject,
        brand=content.brand,
        opening=content.opening,
        stylesheet=kind(css),
        preheader="".join(content.preheader),
        contents=part("contents", entries=entries, others=len(sections) - len(linked)) if len(sections) > 1 else "",
        sections=joined(
            part(
                "section",
                label=section.label,
                total=section.total,
                anchor=anchor,
                cards=cards(section.cards),
                lines=lines(section.lines),
            )
            for section, anchor in sections
        ),
        more=part(
            "more",
            total=beyond,
            unlisted=content.unlisted,
            lines=lines(content.more),
            digest_page=values["digest_page"],
        )
        if beyond
        else "",
        footer=part(
            "footer",
            brand=content.brand,
            postal_address=content.postal_address,
            recipient=values["recipient"],
            labels=joined(label(*each) for each in matched_labels(content)),
            **{link: values[link] for link in LINKS_OF_FOOTER},
        ),
    )
