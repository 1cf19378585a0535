"""The comma list of a sign-up form: `diffusion models, "mixture of experts", LLM -survey`."""

from __future__ import annotations

from notifier.queries.lexer import with_plain_signs
from notifier.queries.parser import parse
from notifier.queries.tree import Query


def parse_comma_list(text: str, *, topics_allowed: bool = True) -> Query:
    """The tree of a list of queries, joined by OR; blank items are passed over, and `topics_allowed` is as for parse.

    Raises QueryError, with the column in the whole list.
    """
    joined = ""
    for item in _items(with_plain_signs(text)):
        joined += ("|" if joined.strip() and item.strip() else " ") + item
    return parse(joined[1:], topics_allowed=topics_allowed)


def _items(text: str) -> list[str]:
    """What stands between the commas that are outside of quotes and parentheses."""
    items = [""]
    quoted = False
    depth = 0
    for char in text:
        if char == '"':
            quoted = not quoted
        elif not quoted:
            depth += (char == "(") - (char == ")")
        if char == "," and not quoted and depth <= 0:
            items.append("")
        else:
            items[-1] += char
    return items
