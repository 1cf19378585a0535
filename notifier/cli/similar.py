"""Define the command that shows the papers similar to one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from notifier.cli.options import ConfigOption, JsonOption, KeyArgument, reading_run

if TYPE_CHECKING:
    from notifier.search import SimilarPaper

MOST = 1_000


def register(app: typer.Typer) -> None:
    """Add this file's command."""
    app.command("similar", epilog="Example: notifier similar 2601.12345 --limit 10")(similar)


def similar(
    context: typer.Context,
    key: KeyArgument,
    limit: Annotated[int, typer.Option(min=1, max=MOST, help="How many papers.", metavar="NUMBER")] = 5,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the stored papers that are most similar to a paper, and what they share."""
    from notifier import search
    from notifier.cli.output import print_json, print_table
    from notifier.store import paper_pages, reading

    run = reading_run(context, config)
    with reading(run.engine) as connection:
        paper = paper_pages.paper_as_typed(connection, key)
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
