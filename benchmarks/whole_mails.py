"""Render each mail as a whole, from the same templates that `Composer` renders part by part.

The parts of a mail are nested strings that contain the subscriber's real values. Two contenders of `delivery` make
their mails in this way, and the tests compare the mails of `Composer` with these.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from jinja2 import Environment, Template
from markupsafe import Markup

from notifier.digests.cache import Cache
from notifier.digests.cards import PaperLine
from notifier.digests.content import ContentMaker, DigestContent, SectionCard, SectionContent, matched_labels
from notifier.digests.labels import MAX_LABELS, quoted
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
        maker = ContentMaker(self._settings, Cache(0), has_pages=self._settings.link_signer is not None)
        content = maker.content(digest, papers)
        values = self.values(digest)
        return (
            _WholeMail(self._text, str, content, values).rendered(""),
            _WholeMail(self._html, Markup, content, values).rendered(self._css),
        )


class _WholeMail:
    """One body of one mail: its templates, what the mail says, and the subscriber's own values."""

    def __init__(
        self, templates: Mapping[str, Template], kind: type[str], content: DigestContent, values: Mapping[str, str]
    ) -> None:
        self._templates = templates
        self._kind = kind
        self._content = content
        self._values = values

    def rendered(self, css: str) -> str:
        """Return the body, with `css` as its stylesheet."""
        content = self._content
        shown = [(each, anchor(number)) for number, each in enumerate(content.sections) if each.cards or each.lines]
        return self._part(
            "digest",
            subject=content.subject,
            brand=content.brand,
            opening=content.opening,
            stylesheet=self._kind(css),
            preheader="".join(content.preheader),
            contents=self._contents(shown) if len(shown) > 1 else "",
            sections=self._joined(self._section(*each) for each in shown),
            more=self._more() if content.more or content.unlisted or content.waiting else "",
            footer=self._footer(),
        )

    def _part(self, name: str, **variables: Any) -> str:
        return self._kind(self._templates[name].render(variables))

    def _joined(self, pieces: Iterable[str]) -> str:
        return self._kind("").join(pieces)

    def _contents(self, shown: Sequence[tuple[SectionContent, str]]) -> str:
        linked = shown[:MAX_LABELS]
        entries = self._joined(
            self._part("entry", label=section.label, last=place == len(linked), anchor=name, total=section.total)
            for place, (section, name) in enumerate(linked, start=1)
        )
        return self._part("contents", entries=entries, others=len(shown) - len(linked))

    def _section(self, section: SectionContent, name: str) -> str:
        cards, lines = self._joined(map(self._card, section.cards)), self._lines(section.lines)
        return self._part(
            "section",
            label=section.label,
            note=section.note,
            total=section.total,
            anchor=name,
            cards=cards,
            lines=lines,
        )

    def _card(self, shown: SectionCard) -> str:
        also = self._part("also", labels=quoted(shown.also)) if shown.also else ""
        because = self._part("because", title=shown.because) if shown.because else ""
        link = self._values["vote_page"]
        vote = self._part("vote", vote_page=f"{link}/{shown.card.paper_id}") if link else ""
        return self._part("card", card=shown.card, also=also, because=because, vote=vote)

    def _lines(self, papers: Iterable[PaperLine]) -> str:
        return self._joined(self._part("line", paper=each) for each in papers)

    def _more(self) -> str:
        content = self._content
        return self._part(
            "more",
            total=len(content.more) + content.unlisted,
            unlisted=content.unlisted,
            waiting=content.waiting,
            lines=self._lines(content.more),
            digest_page=self._values["digest_page"],
        )

    def _footer(self) -> str:
        return self._part(
            "footer",
            brand=self._content.brand,
            postal_address=self._content.postal_address,
            recipient=self._values["recipient"],
            labels=self._joined(self._label(*each) for each in matched_labels(self._content)),
            **{link: self._values[link] for link in LINKS_OF_FOOTER},
        )

    def _label(self, text: str, number: int | None) -> str:
        page = "" if number is None else self._values[section_page(number)]
        return self._part("label", label=text, unsubscribe_page=page)
