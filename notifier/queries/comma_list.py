"""Parse a comma-separated list of queries, such as a person may type into a sign-up form.

For example, `diffusion models, "mixture of experts", LLM -survey` is three queries. They are joined by OR.
"""

from __future__ import annotations

from notifier.queries.lexer import MAX_QUERY_LENGTH, with_ascii_signs
from notifier.queries.parser import parse
from notifier.queries.tree import Query


def parse_comma_list(text: str, *, topics_allowed: bool = True) -> Query:
    """Parse a comma-separated list of queries into one query that joins them by OR.

    Empty items are ignored. `topics_allowed` says whether `topic:` may be used, as in `parse`. Raises QueryError if the
    query language refuses the joined query. The column of the error is counted in the whole list.
    """
    return parse(_joined(text), topics_allowed=topics_allowed)


def query_of_list(text: str) -> str:
    """Return the text of the query that a comma-separated list means: `a, b` is `a OR b`.

    The list must be one that `parse_comma_list` accepts. A single query is returned as it is typed.
    """
    items = [item.strip() for item in _split_at_commas(with_ascii_signs(text)) if item.strip()]
    if len(items) < 2:
        return text.strip(", ")
    query = " OR ".join(items)
    return query if len(query) <= MAX_QUERY_LENGTH else _joined(text)


def _joined(text: str) -> str:
    """Return the list as a query in which one character replaces each comma, so that columns stay the same."""
    joined = ""
    for item in _split_at_commas(with_ascii_signs(text)):
        joined += ("|" if joined.strip() and item.strip() else " ") + item
    return joined[1:]


def _split_at_commas(text: str) -> list[str]:
    """Split the text at each comma that is outside of quotation marks and parentheses."""
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
