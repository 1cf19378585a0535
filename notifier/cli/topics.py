"""Define the command topics, and its subcommands add, edit, remove and restore."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated

import typer

from notifier.cli.options import CommandRun, ConfigOption, JsonOption, NowOption, reading_run
from notifier.cli.simulated_clocks import writing_run

if TYPE_CHECKING:
    from notifier.operations.topics import Edit
    from notifier.topics import StoredTopic

SlugArgument = Annotated[str, typer.Argument(help="Lower-case words joined by hyphens.", metavar="SLUG")]
NEXT = "the next run tags the stored papers again, and announces none of them because of that"


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    group = typer.Typer(rich_markup_mode=None)
    group.callback(invoke_without_command=True, epilog="Example: notifier topics --json")(topics)
    example = "Example: notifier topics add sparse-attention --title 'Sparse Attention' --query '\"sparse attention\"'"
    group.command("add", epilog=example)(add)
    group.command("edit", epilog="Example: notifier topics edit quantization --query 'title:quantiz*'")(edit)
    group.command("remove", epilog="Example: notifier topics remove speech")(remove)
    group.command("restore", epilog="Example: notifier topics restore speech")(restore)
    app.add_typer(group, name="topics")


def topics(context: typer.Context, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the topics, and how many papers each has."""
    if context.invoked_subcommand:
        context.obj = config or context.obj
        return
    from notifier.cli.output import print_json, print_table
    from notifier.store import reading, tags
    from notifier.store import topics as stored_topics

    run = reading_run(context, config)
    with reading(run.engine) as connection:
        catalogue = stored_topics.catalogue(connection, run.config)
        papers = tags.count_by_topic(connection, catalogue.fingerprint)
        has_untagged = tags.are_untagged(connection, catalogue.fingerprint)
    if has_untagged:
        from notifier.pipeline import count_by_topic

        papers = count_by_topic(run.engine, catalogue)
    if as_json:
        print_json([{**asdict(topic), "papers": papers.get(slug, 0)} for slug, topic in catalogue.topics.items()])
        return
    rows = [(slug, papers.get(slug, 0), topic.origin, topic.description) for slug, topic in catalogue.topics.items()]
    nothing = "no topics; set built_in_topics = true in the config, or add a topic with `notifier topics add`"
    print_table(("topic", "papers", "from", "what belongs to it"), rows, nothing=nothing)


def add(
    context: typer.Context,
    slug: SlugArgument,
    title: Annotated[str, typer.Option(help="Its title.", metavar="TEXT")],
    query: Annotated[str, typer.Option(help="The query that finds its papers.", metavar="QUERY")],
    description: Annotated[str, typer.Option(help="A sentence about what belongs to it.", metavar="TEXT")] = "",
    terms: Annotated[str, typer.Option(help="The words that digests mark, separated by commas.", metavar="TEXT")] = "",
    config: ConfigOption = None,
    now: NowOption = None,
) -> None:
    """Add a topic to the database."""
    from notifier.operations.topics import add_topic
    from notifier.topics import TopicDraft

    draft = TopicDraft(slug, title, description, query, terms)
    _run(context, config, now, lambda run, edit: add_topic(run.engine, run.config, draft.topic, edit))


def edit(
    context: typer.Context,
    slug: SlugArgument,
    title: Annotated[str | None, typer.Option(help="A new title.", metavar="TEXT")] = None,
    query: Annotated[str | None, typer.Option(help="A new query.", metavar="QUERY")] = None,
    description: Annotated[str | None, typer.Option(help="A new description.", metavar="TEXT")] = None,
    terms: Annotated[str | None, typer.Option(help="Other words that digests mark.", metavar="TEXT")] = None,
    config: ConfigOption = None,
    now: NowOption = None,
) -> None:
    """Change a topic; what is not given stays."""
    from notifier.operations.topics import edit_topic, find_topic
    from notifier.topics import draft_of

    options = {"title": title, "query": query, "description": description, "terms": terms}
    given = {name: value for name, value in options.items() if value is not None}

    def change(run: CommandRun, edit: Edit) -> StoredTopic:
        known = find_topic(run.engine, run.config, slug)
        draft = replace(draft_of(known.topic), **given)
        return edit_topic(run.engine, run.config, draft.topic, edit._replace(seen=known.revision))

    _run(context, config, now, change)


def remove(context: typer.Context, slug: SlugArgument, config: ConfigOption = None, now: NowOption = None) -> None:
    """Remove a topic; its subscriptions stay."""
    from notifier.operations.topics import remove_topic

    _run(context, config, now, lambda run, edit: remove_topic(run.engine, run.config, slug, edit))


def restore(context: typer.Context, slug: SlugArgument, config: ConfigOption = None, now: NowOption = None) -> None:
    """Bring back a removed topic, or a built-in one as it was."""
    from notifier.operations.topics import restore_topic

    _run(context, config, now, lambda run, edit: restore_topic(run.engine, run.config, slug, edit))


def _run(
    context: typer.Context, config: ConfigOption, now: NowOption, change: Callable[[CommandRun, Edit], StoredTopic]
) -> None:
    """Change a topic, and say what comes next."""
    from notifier.operations.topics import COMMAND, Edit

    run = writing_run(context, config, now)
    changed = change(run, Edit(COMMAND, run.clock()))
    words = {"IN_USE": "is in use", "REMOVED": "is removed", "TAKEN_BACK": "is as built in"}[changed.state]
    typer.echo(f"the topic {changed.slug} {words}; {NEXT}")
