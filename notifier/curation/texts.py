"""Clean and check what curators type: notes, names, titles, links and topics."""

from __future__ import annotations

from difflib import get_close_matches

from notifier.errors import UsageError, shortened
from notifier.sources import clean
from notifier.text.harmless import safe_url
from notifier.topics import Catalogue

LONGEST_NOTE = 280  # characters
LONGEST_NAME = 80
LONGEST_TITLE = 500  # the same as for titles in dumps
LONGEST_URL = 2_000
# A text may be typed with so much markup that it is this many times too long. A longer one is not cleaned, because that
# takes long.
_MOST_TYPED = 20


def clean_note(text: str) -> str:
    """Return a note as it is stored. Raises UsageError if it is empty or too long."""
    return _cleaned(text, "note", LONGEST_NOTE)


def clean_name(text: str) -> str:
    """Return the name that signs a note. Raises UsageError if it is empty or too long."""
    return _cleaned(text, "name", LONGEST_NAME)


def clean_title(text: str) -> str:
    """Return a title as it is stored. Raises UsageError if it is empty or too long."""
    return _cleaned(text, "title", LONGEST_TITLE)


def clean_url(text: str) -> str:
    """Return a link as it is stored. Raises UsageError if it is no http or https URL, or too long."""
    url = safe_url(text) if len(text) <= LONGEST_URL else ""
    if not url.lower().startswith(("https://", "http://")) or len(url) > LONGEST_URL:
        raise UsageError(
            f"the link {shortened(repr(text), 60)} is not the URL of a page; write it like https://example.org/paper"
        )
    return url


def known_slugs(slugs: tuple[str, ...], catalogue: Catalogue) -> tuple[str, ...]:
    """Return the slugs of topics. Raises UsageError for a slug that is no topic, with a similar one if there is any."""
    for slug in slugs:
        if slug not in catalogue.topics:
            near = get_close_matches(slug, catalogue.topics, 1)
            cure = f"did you mean {near[0]}?" if near else "`notifier topics` lists them"
            raise UsageError(f"there is no topic {shortened(repr(slug), 60)}; {cure}")
    return slugs


def _cleaned(text: str, what: str, longest: int) -> str:
    cleaned = clean(text) if len(text) <= _MOST_TYPED * longest else text
    if len(cleaned) > longest:
        raise UsageError(f"the {what} has {len(cleaned):,} characters; write at most {longest}")
    if not cleaned:
        raise UsageError(f"the {what} is empty; write some words")
    return cleaned
