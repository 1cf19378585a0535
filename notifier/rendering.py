"""How text is shown: the one Jinja environment, and what makes text from outside harmless in a mail or a page."""

from __future__ import annotations

import re
import traceback
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from pathlib import Path
from urllib.parse import quote

from css_inline import CSSInliner, InlineError
from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateNotFound, TemplateSyntaxError

from notifier.errors import ComposeError, ConfigError, NotifierError, TemplateError
from notifier.models import Paper
from notifier.resources import resource

LINE_WIDTH = 76  # columns: what RFC 2045 section 6.7 allows an encoded line, and comfortable to read

_SPACES = {*range(0x09, 0x0E), 0x85, 0x2028, 0x2029}
_CONTROLS = {*range(0x20), *range(0x7F, 0xA0)}
_BIDI_MARKS = {0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)}
_TAGS = set(range(0xE0000, 0xE0080))  # invisible twins of ASCII
_SURROGATES = set(range(0xD800, 0xE000))
_INERT = dict.fromkeys(_CONTROLS | _BIDI_MARKS | _TAGS | _SURROGATES, "\ufffd") | dict.fromkeys(_SPACES, " ")

_URL_PUNCTUATION = "!#$%&'()*+,/:;=?@[]~"
_SAFE_URL = re.compile(r"https?://[^/?#]+|mailto:[^@?]+@", re.IGNORECASE)
_ARXIV_ID = re.compile(r"\d{4}\.\d{4,5}|[a-z-]+(\.[A-Z]{2})?/\d{7}", re.ASCII)

# Most letters of the West, typographic marks, and signs of mathematics.
_ONE_COLUMN_EACH = re.compile("[\0-\u02ff\u0391-\u03a1\u03a3-\u03c9\u2010-\u205e\u2200-\u22ff▲]*")
_MARKS = {"Mn", "Mc", "Me"}
_JOINER = "\u200d"
_SKIN_TONES = range(0x1F3FB, 0x1F400)

# Selectors that cannot be inlined (`:hover`, `@media`) stay in the style element.
_INLINER = CSSInliner(
    keep_style_tags=True,
    remove_inlined_selectors=True,
    keep_at_rules=True,
    minify_css=True,
    load_remote_stylesheets=False,
)


_REPARSER = CSSInliner(inline_style_tags=False, keep_style_tags=True, load_remote_stylesheets=False)


@dataclass(frozen=True, slots=True)
class Link:
    """Where a paper can be read; `url` is http, https or mailto, in ASCII."""

    label: str
    url: str


def environment(overrides: Path | None = None) -> Environment:
    """The templates: those of the operator's folder `overrides`, file by file, before those that ship with notifier.

    Everything but `.txt.j2` is escaped. Raises ConfigError where the folder does not exist.
    """
    if overrides is not None and not overrides.is_dir():
        raise ConfigError(f"the templates folder {overrides} does not exist; make it, or remove mail.templates")
    templates = Environment(
        loader=FileSystemLoader([folder for folder in (overrides, resource("templates")) if folder]),
        autoescape=lambda name: name is None or not name.endswith(".txt.j2"),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    templates.filters.update(safe_url=safe_url, wrapped=wrapped)
    return templates


def check(templates: Environment) -> None:
    """Read every template there is. Raises ConfigError for one that is broken."""
    for name in templates.list_templates(filter_func=lambda name: name.endswith(".j2")):
        with explained(name):
            templates.get_template(name)


def render(templates: Environment, name: str, **values: object) -> str:
    """The template `name` filled with `values`.

    Raises ConfigError where the template is missing or is none, TemplateError where it fails on these values.
    """
    with explained(name):
        return templates.get_template(name).render(values)


@contextmanager
def explained(name: str) -> Iterator[None]:
    """Say what is wrong with a template in one sentence: the template itself, or what it makes of these values."""
    try:
        yield
    except NotifierError:
        raise
    except TemplateSyntaxError as error:
        place = f"{error.filename or name}, line {error.lineno},"
        raise ConfigError(f"the template {place} is broken: {error.message}; mend that line") from None
    except TemplateNotFound as error:
        raise ConfigError(f"there is no template {error.name}; reinstall notifier, or put the file back") from None
    except Exception as error:  # a template may hold any expression, so anything may come out of it
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise TemplateError(f"the template {_place(error, name)} failed with {reason}; mend that line") from error


def _place(error: Exception, name: str) -> str:
    """The innermost template line that an error went through."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.endswith(".j2")]
    return f"{frames[-1].filename}, line {frames[-1].lineno}," if frames else name


def inline_css(html: str) -> str:
    """A page with its style rules written into the elements, as mail programs want it; nothing is fetched."""
    try:
        return _INLINER.inline(html)
    except InlineError as error:
        raise ComposeError(f"the styles of a mail cannot be inlined: {error}; mend its style element") from None


def reparsed(html: str) -> str:
    """A page as a program understands it that reads HTML, written down again in one way of several."""
    return _REPARSER.inline(html)


def inert(text: str) -> str:
    """`text` with the characters that act instead of showing replaced, one for one, so that spans stay true.

    Line ends and tabs become spaces; other controls, surrogates, bidirectional marks and tags become U+FFFD.
    """
    return text if text.isprintable() else text.translate(_INERT)


def safe_url(url: str | None) -> str:
    """`url` where it is http, https or mailto, percent-encoded to ASCII; else an empty string."""
    encoded = quote((url or "").strip(), safe=_URL_PUNCTUATION, errors="replace")
    return encoded if _SAFE_URL.match(encoded) else ""


def links(paper: Paper) -> tuple[Link, ...]:
    """What is known of where to read a paper, the best first: its arXiv pages, else its own URL."""
    found = paper.arxiv_id or ""
    if _ARXIV_ID.fullmatch(found):
        return _arxiv_links(found)
    url = safe_url(paper.url)
    return (Link("Read", url),) if url else ()


@lru_cache(1 << 12)
def _arxiv_links(arxiv_id: str) -> tuple[Link, ...]:
    found = Link("arXiv", f"https://arxiv.org/abs/{arxiv_id}"), Link("PDF", f"https://arxiv.org/pdf/{arxiv_id}")
    if "/" in arxiv_id:  # of before 2007
        return found
    return (*found, Link("Hugging Face", f"https://huggingface.co/papers/{arxiv_id}"))


def grapheme_end(text: str, at: int) -> int:
    """The first place from `at` on where `text` can be cut without parting a letter from its marks (after UAX 29)."""
    while 0 < at < len(text) and _continues(text, at):
        at += 1
    return at


def _continues(text: str, at: int) -> bool:
    character = text[at]
    if character.isascii():
        return text[at - 1] == _JOINER
    return (
        unicodedata.category(character) in _MARKS
        or character == _JOINER
        or text[at - 1] == _JOINER
        or ord(character) in _SKIN_TONES
    )


def columns(text: str) -> int:
    """How many columns a terminal gives `text`: two for a wide character (UAX 11), none for a mark."""
    if text.isascii():
        return len(text)
    return sum(_character_columns(character) for character in text)


def _character_columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def wrapped(text: str, indent: str = "", first: str | None = None) -> str:
    """`text` in lines of at most LINE_WIDTH columns, each after `indent`, the first one after `first` where given."""
    room = LINE_WIDTH - columns(indent)
    start = indent if first is None else first
    lines = _lines(" ".join(text.split()), room)
    return start + f"\n{indent}".join(lines) if lines else start.rstrip()


def _lines(text: str, room: int) -> list[str]:
    """A text whose words stand one space apart, in lines as full as they can be."""
    if room > 1 and _ONE_COLUMN_EACH.fullmatch(text):
        lines: list[str] = _full_lines(room).findall(text)
        if sum(map(len, lines)) + len(lines) >= len(text):  # else a word is longer than a line
            return lines
    return _lines_by_columns(text, room)


@lru_cache(16)
def _full_lines(room: int) -> re.Pattern[str]:
    return re.compile(rf"(?<!\S)\S(?:.{{0,{room - 2}}}\S)?(?!\S)")


def _lines_by_columns(text: str, room: int) -> list[str]:
    lines: list[str] = []
    used = room + 1  # so that the first word opens a line
    for word in _words(text, room):
        width = len(word) if word.isascii() else columns(word)
        if used + 1 + width <= room:
            lines[-1] += f" {word}"
            used += 1 + width
        else:
            lines.append(word)
            used = width
    return lines


def _words(text: str, room: int) -> Iterable[str]:
    """The words of a text, each of which fits into a line."""
    words = text.split()
    if 2 * max(map(len, words), default=0) <= room:  # no letter takes more than two columns
        return words
    return chain.from_iterable(_pieces(word, room) for word in words)


def _pieces(word: str, room: int) -> list[str]:
    """A word, cut where it is wider than a line, as a sentence of Chinese or Japanese is."""
    if columns(word) <= room:
        return [word]
    pieces, start = [""], 0
    while start < len(word):
        end = grapheme_end(word, start + 1)
        if columns(pieces[-1] + word[start:end]) > room:
            pieces.append("")
        pieces[-1] += word[start:end]
        start = end
    return pieces
