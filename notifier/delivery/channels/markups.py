"""Write text, links and bold text in the markup of each service, so that no text of a paper becomes markup itself.

Chats also turn plain text into links, mentions and emoji: `@everyone`, `https://...`, `:smile:`. A zero-width space in
the middle prevents that, and is not seen.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from html import escape

_BREAK = "\u200b"
_LIVELY = re.compile(r"@|://|\bwww\.|:(?=[A-Za-z0-9_+\-]+:)|(?<![^\s(\[])#(?=\w)", re.IGNORECASE)
_UNSAFE_IN_URL = re.compile(r"[\s<>|()\[\]\\\"`{}^@]")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>()#~|$])")
_SLACK_STYLES = re.compile(r"([*_~`])")


@dataclass(frozen=True, slots=True)
class Markup:
    """The markup of a service: functions that write plain text, a link with a text, and bold text; and a line end.

    `link` and `bold` are given text that `text` has returned. Without `link`, URLs stand on lines of their own.
    """

    text: Callable[[str], str]
    link: Callable[[str, str], str] | None
    bold: Callable[[str], str]
    line_end: str = "\n"
    bullet: str = "• "


def still(text: str) -> str:
    """Return a text that no chat turns into links, mentions, emoji or tags."""
    return _LIVELY.sub(lambda found: found[0][0] + _BREAK + found[0][1:], text)


def safe_in_markup(url: str) -> str:
    """Return a URL in which every character that could end a link, or begin a mention, is percent-encoded."""
    return _UNSAFE_IN_URL.sub(lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), url)


def _slack_text(text: str) -> str:
    return _SLACK_STYLES.sub(rf"\1{_BREAK}", escape(still(text), quote=False))


def _slack_link(url: str, text: str) -> str:
    return f"<{escape(safe_in_markup(url), quote=False)}|{text}>"


def _markdown_text(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", still(text))


def _markdown_link(url: str, text: str) -> str:
    return f"[{text}]({safe_in_markup(url)})"


def _discord_link(url: str, text: str) -> str:
    return f"[{text}](<{safe_in_markup(url)}>)"  # the brackets prevent a preview of the page


def _html_text(text: str) -> str:
    return escape(still(text), quote=False)


def _html_link(url: str, text: str) -> str:
    return f'<a href="{escape(safe_in_markup(url))}">{text}</a>'


PLAIN = Markup(str, None, str)
PLAIN_CHAT = Markup(still, None, str)  # for apps that turn URLs in a text into links
SLACK = Markup(_slack_text, _slack_link, lambda text: f"*{text}*")
DISCORD = Markup(_markdown_text, _discord_link, lambda text: f"**{text}**")
MARKDOWN = Markup(_markdown_text, _markdown_link, lambda text: f"**{text}**", bullet="- ")
TEAMS = Markup(_markdown_text, _markdown_link, lambda text: f"**{text}**", line_end="\n\n", bullet="- ")
TELEGRAM = Markup(_html_text, _html_link, lambda text: f"<b>{text}</b>")
HTML = Markup(_html_text, _html_link, lambda text: f"<b>{text}</b>", line_end="<br/>\n")
