"""Text as it is stored: one line of plain Unicode, whatever markup it came in."""

from __future__ import annotations

import html
import re
import unicodedata

from notifier.sources.latex import plain

_MOST_PASSES = 8  # markup in markup in markup; what is nested deeper is an attack

_INLINE = (
    "a abbr b big cite code del dfn em font i ins kbd mark q s samp small span strike strong style sub sup tt u var"
)
_BLOCKS = (
    "article blockquote body br center dd div dl dt figcaption figure footer h1 h2 h3 h4 h5 h6 head header hr html img "
    "li link main meta nav ol p pre script section table tbody td tfoot th thead title tr ul"
)
_ATTRIBUTES = r"""(?:\s+[\w:-]+\s*=\s*(?:"[^"<>]*"|'[^'<>]*'|[^\s"'<>=]++))*+\s*/?"""


def _tags(names: str) -> re.Pattern[str]:
    return re.compile(rf"</?(?:{names}){_ATTRIBUTES}>", re.IGNORECASE)


_INLINE_TAG = _tags(_INLINE.replace(" ", "|"))
_BLOCK_TAG = _tags(_BLOCKS.replace(" ", "|") + r"|(?:jats|mml):\w+")
_COMMENT = re.compile(r"<!--[^<>]*-->")
_ENTITY = re.compile(r"&(?:(?:amp|#38|#x26);)*(#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")

_CONTROL = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e0fff]"
)
_MARK = re.compile(r"[&<>\\${}]")
_NOT_LATIN = re.compile("[^\x00-\u02ff]{31,}")
_MOST_ACCENTS = 30  # on one letter: Unicode's Stream-Safe Text Format (UAX 15, 13)


def clean(text: str) -> str:
    """The text without markup, control characters or line breaks, in NFC; cleaning it again changes nothing.

    `x < y` and `<eos>` are no markup: only HTML's own tags go.
    """
    if _is_plain(text):
        return text
    line = " ".join(text.split())
    if _is_plain(line):
        return line
    for _ in range(_MOST_PASSES):
        before, text = text, _one_pass(text)
        if text == before or _is_plain(text):
            return text
    return _one_pass(_MARK.sub("", text))


def _is_plain(text: str) -> bool:
    """Whether nothing is to be done: most titles, names and abstracts."""
    if _may_hold_markup(text) or not _is_one_line(text):
        return False
    return text.isascii() or (not _NOT_LATIN.search(text) and unicodedata.is_normalized("NFC", text))


def _is_one_line(text: str) -> bool:
    """Whether single spaces are the only white space, and no control character is there."""
    return "  " not in text and text.strip() == text and text.isprintable()


def _may_hold_markup(text: str) -> bool:
    """Whether a character is there that markup begins with; looked for one by one, which is quicker than a pattern."""
    return "\\" in text or "$" in text or "&" in text or "<" in text or "{" in text or "~" in text


def _one_pass(text: str) -> str:
    if _may_hold_markup(text):
        text = plain(_without_html(text))
    if text.isascii() and _is_one_line(text):
        return text
    text = " ".join(text.split())
    if not text.isprintable():
        text = _CONTROL.sub("", text)
    if not text.isascii():
        text = unicodedata.normalize("NFC", _NOT_LATIN.sub(_with_few_accents, text))
    return " ".join(text.split())


def _without_html(text: str) -> str:
    if "&" in text:
        text = _ENTITY.sub(lambda found: html.unescape(f"&{found[1]};"), text)
    if "<" in text:
        text = _BLOCK_TAG.sub(" ", _INLINE_TAG.sub("", _COMMENT.sub(" ", text)))
    return text


def _with_few_accents(run: re.Match[str]) -> str:
    """A run of characters with at most as many accents on each as text in good faith has.

    Normalising takes time by the square of their number.
    """
    kept, accents = [], 0
    for character in run[0]:
        accents = accents + 1 if unicodedata.combining(character) else 0
        if accents <= _MOST_ACCENTS:
            kept.append(character)
    return "".join(kept)
