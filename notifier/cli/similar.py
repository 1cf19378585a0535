"""Define the command that shows the papers similar to one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from notifier.cli.options import ConfigOption, JsonOption, reading_run
from notifier.errors import UsageError, shortened

if TYPE_CHECKING:
    from notifier.search import SimilarPaper

MOST = 1_000
# What people copy together with an arXiv id.
_BEFORE_KEYS = ("arxiv:", "https://arxiv.org/abs/", "http://arxiv.org/abs/", "https://huggingface.co/papers/")


def register(app: typer.Typer) -> None:
    """Add this file's command."""
    app.command("similar", epilog="Example: notifier similar 2601.12345 --limit 10")(similar)


def similar(
    context: typer.Context,
    key: Annotated[str, typer.Argument(help="The key of a paper: its arXiv id, or the end of its page's address.")],
    limit: Annotated[int, typer.Option(min=1, max=MOST, help="How many papers.", metavar="NUMBER")] = 5,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the stored papers that are most similar to a paper, and what they share."""
    from notifier import queries, search
    from notifier.cli.output import print_json, print_table
    from notifier.store import paper_pages, reading

    run = reading_run(context, config)
    with reading(run.engine) as connection:
        typed = key.rstrip("/").lower()
        typed = next((typed.removeprefix(start) for start in _BEFORE_KEYS if typed.startswith(start)), typed)
        paper = paper_pages.paper_by_key(connection, queries.paper_key(typed) or "")
        if paper is None:
            cure = "give its arXiv id, or the end of its page's address"
            raise UsageError(f"there is no paper {shortened(key, 64)}; {cure}")
        found = search.similar_papers(connection, paper, limit)
    if as_json:
        print_json([_document(each) for each in found])
        return
    rows = [(f"{each.score:.2f}", each.paper.key, each.paper.title, _shared(each)) for each in found]
    nothing = "no similar papers; a stored paper can be compared after the next `notifier ingest` or `notifier plan`"
    print_table(("similarity", "key", "title", "both have"), rows, nothing=nothing)


def _shared(found: SimilarPaper) -> str:
    return "; ".join(filter(None, (", ".join(found.topics), ", ".join(found.words))))


def _document(found: SimilarPaper) -> dict[str, Any]:
    return {
        "key": found.paper.key,
        "title": found.paper.title,
        "score": found.score,
        "parts": found.parts._asdict(),
        "topics": found.topics,
        "words": found.words,
    }
