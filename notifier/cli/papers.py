"""Define the commands that ask about papers: trending, preview."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from notifier.cli.options import ConfigOption, JsonOption, NowOption, day_from, reading_run
from notifier.cli.terminal import stream_behind
from notifier.text.counting import counted

DAYS_A_WEEK = 7
SHOWN_MATCHES = 20  # of a preview

if TYPE_CHECKING:
    from rich.text import Text

    from notifier.search import Preview, PreviewMatch, RankedPaper
    from notifier.text.excerpts import Run


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command("trending", epilog="Example: notifier trending --date 2026-07-06 --limit 10")(trending)
    # A query may begin with a minus sign, which must not be taken for an option.
    lenient = {"ignore_unknown_options": True}
    example = "Example: notifier preview 'quantization OR \"mixture of experts\"'"
    app.command("preview", context_settings=lenient, epilog=example)(preview)


def trending(
    context: typer.Context,
    day: Annotated[str | None, typer.Option("--date", help="As of this day.", metavar="YYYY-MM-DD")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="How many papers.", metavar="NUMBER")] = 10,
    config: ConfigOption = None,
    now: NowOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the papers that are trending, best first."""
    from notifier.cli.output import print_json, print_table
    from notifier.search import trending_papers

    run = reading_run(context, config, now)
    ranked = trending_papers(run.engine, day_from(day, "--date") or run.clock().date(), limit)
    if as_json:
        print_json([_ranked_document(each) for each in ranked])
    else:
        nothing = "no papers yet; `notifier ingest PATH` stores some, and `--date` looks at another day"
        print_table(
            ("score", "votes", "upvotes", "key", "title"), [_ranked_row(each) for each in ranked], nothing=nothing
        )


def _ranked_row(ranked: RankedPaper) -> tuple[str, ...]:
    paper = ranked.paper
    upvotes = "" if paper.upvotes is None else str(paper.upvotes)
    return f"{ranked.score.value:.3f}", str(paper.votes or ""), upvotes, paper.key, paper.title


def _ranked_document(ranked: RankedPaper) -> dict[str, Any]:
    paper, score = ranked.paper, ranked.score
    return {
        "key": paper.key,
        "title": paper.title,
        "votes": paper.votes,
        "upvotes": paper.upvotes,
        "score": score.value,
        "parts": {"votes": score.votes, **asdict(score)},
    }


def preview(
    context: typer.Context,
    query: Annotated[str, typer.Argument(help="A query, as a subscriber would type it.")],
    days: Annotated[
        int | None,
        typer.Option(min=1, max=36_500, help="Only papers first listed in the last DAYS days.", metavar="DAYS"),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(min=1, help="How many papers to show; by default 20, or all with --json.", metavar="NUMBER"),
    ] = None,
    config: ConfigOption = None,
    now: NowOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show which stored papers a query matches, before anyone subscribes to it."""
    from notifier import queries, search
    from notifier.cli.output import print_json
    from notifier.store.topics import catalogue_in_use
    from notifier.topics import check_topics

    run = reading_run(context, config, now)
    check_topics(queries.parse(query), catalogue_in_use(run.engine, run.config))
    shown = limit or (None if as_json else SHOWN_MATCHES)
    found = search.preview(run.engine, query, days, run.clock(), shown)
    if as_json:
        print_json(_preview_document(found))
        return
    width = max((len(match.key) for match in found.matches), default=0)
    for match in found.matches:
        _show_match(match, f"{match.listed_on}  {match.key:{width}}  ")
    for warning in found.warnings:
        typer.echo(f"note: {warning}", err=True)
    newest = f" (the newest {len(found.matches)} are shown)" if len(found.matches) < found.papers else ""
    typer.echo(f"{counted(found.papers, 'paper')}{newest}, {_frequency(found)}")


def _frequency(found: Preview) -> str:
    """Return how many papers a week match, or why this cannot be estimated."""
    if 0 < found.listing_days < DAYS_A_WEEK:
        came = "on one day" if found.listing_days == 1 else f"within {found.listing_days} days"
        return f"but all papers searched were first listed {came}, so a week of papers may bring more"
    return f"about {found.per_week:g} a week"


def _preview_document(found: Preview) -> dict[str, Any]:
    matches = [{**asdict(match), "spans": match.spans._asdict()} for match in found.matches]
    return {**asdict(found), "matches": matches}


def _show_match(match: PreviewMatch, start: str) -> None:
    """Print `start` and the title, and below it the passage that matches, if the title does not."""
    from rich.console import Console
    from rich.text import Text

    from notifier.text.excerpts import marked_sentence, runs

    console = Console(file=stream_behind(sys.stdout), highlight=False, soft_wrap=True)
    console.print(Text(start), _marked(runs(match.title, match.spans.title)), sep="")
    if match.spans.abstract and not match.spans.title:
        passage = _marked(marked_sentence(match.abstract, match.spans.abstract))
        console.print(Text(" " * len(start)), passage, sep="")


def _marked(pieces: Iterable[Run]) -> Text:
    from rich.text import Text

    from notifier.text.harmless import inert

    return Text.assemble(*((inert(piece.text), "bold yellow" if piece.marked else "") for piece in pieces))
