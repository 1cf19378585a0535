"""Clean the text of papers before it is stored: remove markup, and make it one line of plain Unicode."""

from __future__ import annotations

import html
import re
import unicodedata

from notifier.sources.latex import latex_to_unicode
from notifier.sources.lost_backslashes import has_lost_backslashes, repaired
from notifier.sources.markup import without_markup

_MAX_PASSES = 8  # each pass removes one level of nested markup; only an attack nests it deeper

_ENTITY = re.compile(r"&(?:(?:amp|#38|#x26);)*(#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")

_CONTROL = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e0fff]"
)
_MARKUP_CHARACTER = re.compile(r"[&<>\\${}]")
_MAX_ACCENTS = 30  # on one letter: the limit of Unicode's Stream-Safe Text Format (UAX 15, section 13)
_LONG_NOT_LATIN = re.compile("[^\x00-\u02ff]{31,}")  # long enough for more than _MAX_ACCENTS accents


def clean(text: str) -> str:
    """Return the text in Unicode normal form NFC, without markup, control characters and line breaks.

    Only tags that are markup are removed, so `x < y` and `<eos>` stay. Cleaning a clean text changes nothing.
    """
    if _is_clean(text):
        return text
    line = " ".join(text.split())
    if _is_clean(line):
        return line
    for _ in range(_MAX_PASSES):
        before, text = text, _clean_once(text)
        if text == before or _is_clean(text):
            return text
    # Without these characters, no markup is left that a later cleaning would remove.
    return _clean_once(_MARKUP_CHARACTER.sub("", text))


def _is_clean(text: str) -> bool:
    """Return whether a text is clean already, as most titles, names and abstracts are."""
    if _may_contain_markup(text) or not _is_one_line(text) or has_lost_backslashes(text):
        return False
    return text.isascii() or (not _LONG_NOT_LATIN.search(text) and unicodedata.is_normalized("NFC", text))


def _is_one_line(text: str) -> bool:
    """Return whether a text has no control characters, and no white space except single spaces between words."""
    return "  " not in text and text.strip() == text and text.isprintable()


def _may_contain_markup(text: str) -> bool:
    """Return whether a text contains a character with which markup begins."""
    # This is faster than a regular expression.
    return "\\" in text or "$" in text or "&" in text or "<" in text or "{" in text or "~" in text


def _clean_once(text: str) -> str:
    if _may_contain_markup(text):
        text = latex_to_unicode(_without_html(text))
    text = repaired(text)
    if text.isascii() and _is_one_line(text):
        return text
    text = " ".join(text.split())
    if not text.isprintable():
        text = _CONTROL.sub("", text)
    if not text.isascii():
        text = unicodedata.normalize("NFC", _LONG_NOT_LATIN.sub(_with_few_accents, text))
    return " ".join(text.split())


def _without_html(text: str) -> str:
    if "&" in text:
        text = _ENTITY.sub(lambda found: html.unescape(f"&{found[1]};"), text)
    if "<" in text:
        text = without_markup(text)
    return text


def _with_few_accents(run: re.Match[str]) -> str:
    """Return a run of characters with at most _MAX_ACCENTS accents on each letter.

    Normalisation takes time that grows with the square of the number of accents.
    """
    kept, accents = [], 0
    for character in run[0]:
        accents = accents + 1 if unicodedata.combining(character) else 0
        if accents <= _MAX_ACCENTS:
            kept.append(character)
    return "".join(kept)
