"""Write the stylesheet of the mails into their elements, since some mail programs ignore style elements.

The style of an element follows from its start tag: its name, class, id and style. So the style is computed once for
each different start tag. Rules that depend on more than the element itself stay in the style element.
"""

from __future__ import annotations

import re
from html import escape, unescape

from jinja2 import Environment

from notifier.digests.cache import Cache
from notifier.templates import explaining_errors_of, inline_css, split_stylesheet

FILES = ("style/base.css", "email/style.css")  # the first one is shared with the pages
TAG_BYTES = 500  # the memory that a cached start tag takes

_START_TAG = re.compile(
    r"""<!--.*?(?:-->|\Z)|<style.*?(?:</style>|\Z)
      |<(?P<name>[a-z][a-z0-9]*+)(?P<attributes>(?:"[^"]*+"|'[^']*+'|[^<>"'])*+)>""",
    re.DOTALL | re.IGNORECASE | re.VERBOSE,
)
_STYLED_BY = re.compile(r"""(?<!\s)\s++(?:class|id|style)\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'>]+)""", re.IGNORECASE)
_STYLE = re.compile(r"""(?<!\s)\s++style\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'>]+)""", re.IGNORECASE)
_IN_TABLES = {"caption", "colgroup", "col", "tbody", "thead", "tfoot", "tr", "td", "th"}


def css_of(templates: Environment) -> str:
    """Return the rules of a mail. Raises ConfigError if a file is missing."""
    assert templates.loader is not None
    sources = []
    for file in FILES:
        with explaining_errors_of(file):
            sources.append(templates.loader.get_source(templates, file)[0])
    return "".join(sources)


class Stylesheet:
    """The stylesheet of the mails. `kept` holds the rules that stay in the style element.

    Raises ConfigError if the file of the stylesheet is missing.
    """

    def __init__(self, templates: Environment, cache: Cache) -> None:
        self._rules = split_stylesheet(css_of(templates))
        self.kept = self._rules.kept
        self._cache = cache
        self._styled_tags: dict[str, str] = cache.table()
        self._styles: dict[tuple[str, str], str] = cache.table()

    @property
    def warnings(self) -> list[str]:
        """Return a sentence for each rule that some mail programs will ignore."""
        return [
            f"the rule for {selector} in {' or '.join(FILES)} depends on more than the element itself, so it stays in "
            "the style element, which some mail programs ignore; give the element a class, and write the rule for that"
            for selector in self._rules.left_out
        ]

    def inline(self, html: str) -> str:
        """Return HTML with the style of each element in its start tag."""
        return _START_TAG.sub(self._styled_tag, html)

    def _styled_tag(self, found: re.Match[str]) -> str:
        if (tag := self._styled_tags.get(found[0])) is None:
            tag, name, attributes = found[0], found["name"], found["attributes"]
            if name and (style := self._style_of(name, "".join(_STYLED_BY.findall(attributes)))):
                tag = f'<{name} style="{_quoted(style)}"{_STYLE.sub("", attributes)}>'
            self._cache.make_room(TAG_BYTES)
            self._styled_tags[found[0]] = tag
        return tag

    def _style_of(self, name: str, attributes: str) -> str:
        """Return the style of elements with this name, class, id and style; empty if they have none."""
        key = name, attributes
        if (style := self._styles.get(key)) is None:
            element = f"<{name}{attributes} data-here></{name}>"
            page = f"<table>{element}</table>" if name.lower() in _IN_TABLES else element
            inlined = inline_css(f"<style>{self._rules.inlined}</style>{page}")
            tag = re.search(r"<[^>]*data-here[^>]*>", inlined)
            found = re.search(r'\sstyle="([^"]*)"', tag[0]) if tag else None
            style = unescape(found[1]) if found else ""
            self._cache.make_room(TAG_BYTES)
            self._styles[key] = style
        return style


def _quoted(style: str) -> str:
    """Return a style as the value of an attribute between double quotes."""
    return escape(style, quote=False).replace('"', "&quot;")
