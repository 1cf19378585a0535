"""Text as it is stored: one line of plain Unicode, whatever markup it came in."""

from __future__ import annotations

import html
import re
import unicodedata

_TAGS = (
    "a abbr article b big blockquote body br center cite code dd del div dl dt em figcaption figure font footer h1 h2 "
    "h3 h4 h5 h6 head header hr html i img ins kbd li link main mark meta nav ol p pre q s samp script section small "
    "span strike strong style sub sup table tbody td tfoot th thead title tr tt u ul var"
)
_ATTRIBUTES = r"""(?:\s+[\w:-]+\s*=\s*(?:"[^"<>]*"|'[^'<>]*'|[^\s"'<>=]+))*+"""
_TAG = re.compile(rf"</?(?:{_TAGS.replace(' ', '|')}|(?:jats|mml):\w+){_ATTRIBUTES}\s*/?>", re.IGNORECASE)
_COMMENT = re.compile(r"<!--[^<>]*-->")
_SPACE = re.compile(r"\s+")
_INVISIBLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e0fff]"
)


def clean(text: str) -> str:
    """The text without markup, control characters or line breaks, in NFC; cleaning it again changes nothing."""
    text = _COMMENT.sub(" ", _TAG.sub("", html.unescape(text)))
    text = _INVISIBLE.sub("", _SPACE.sub(" ", text))
    return unicodedata.normalize("NFC", _SPACE.sub(" ", text)).strip()
