"""What the command line says before there is anything to show, and to somebody who asks for little."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from support.service import MONDAY, ingest_page, run_notifier
from support.stores import new_store
from typer.testing import CliRunner

from notifier.cli import app

AT = ("--now", f"{MONDAY:%Y-%m-%dT%H:%MZ}")


def said(*arguments: str) -> tuple[int, str, str]:
    """Run a verb in this process, in the current folder; return its exit code, stdout and stderr."""
    done = CliRunner().invoke(app, arguments)
    return done.exit_code, done.stdout, done.stderr or str(done.exception or "")


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("verb", "expected"),
    [
        (["status"], "database     none yet; `notifier init` makes it"),
        (["subscribers"], "no subscribers yet; `notifier subscribe EMAIL --query QUERY` adds one"),
        (["deliveries"], "no deliveries yet; `notifier plan`"),
        (["trending"], "no papers yet; `notifier ingest PATH`"),
        (["plan", "--dry-run"], "no digests to plan; `notifier status`"),
        (["quarantine"], "no dump is quarantined"),
        (["topics"], "quantum-computing"),
        (["preview", "moe"], "0 papers"),
        (["digest", "ann@example.org"], ""),
        (["subscribers", "export", "out.csv"], "0 subscribers"),
    ],
)
def test_a_verb_that_reads_says_that_there_is_nothing_and_makes_no_database(verb: Sequence[str], expected: str) -> None:
    _, stdout, _ = said(*verb)
    assert expected in stdout
    assert not Path("var").exists()


@pytest.mark.parametrize(
    "verb",
    [
        [],
        ["subscribe"],
        ["subscribers", "import"],
        ["deliveries", "show"],
        ["quarantine", "retry"],
        ["preview"],
        ["ingest"],
        ["trending"],
    ],
)
def test_help_has_a_short_option_and_no_names_of_types(verb: Sequence[str]) -> None:
    code, short, _ = said(*verb, "-h")
    assert (code, short) == (0, said(*verb, "--help")[1])
    assert not any(name in short.lower() for name in ("<str", "<int", "<path", "<list", "list[", " range>"))


def test_who_asks_for_nothing_gets_what_is_trending_until_they_choose() -> None:
    _, stdout, stderr = said("subscribe", "ann@example.org")
    assert "Trending papers" in stdout
    assert "note: without --query or --topic they get what is trending, until something is chosen" in stderr
    _, stdout, stderr = said("subscribe", "ann@example.org", "--query", "pruning")
    assert "ann@example.org is PENDING: pruning\n" in stdout and not stderr
    assert "PENDING: pruning, All papers\n" in said("subscribe", "ann@example.org", "--topic", "all")[1]


def test_trending_stays_if_it_was_chosen() -> None:
    said("subscribe", "ann@example.org")
    assert "PENDING: Trending\n" in said("subscribe", "ann@example.org", "--topic", "trending")[1]
    assert "PENDING: Trending, pruning\n" in said("subscribe", "ann@example.org", "--query", "pruning")[1]


def test_a_weekday_without_weekly_digests_is_refused() -> None:
    code, _, stderr = said("subscribe", "ann@example.org", "--weekday", "mon")
    assert code and "a weekday is for weekly digests, but ann@example.org gets daily ones" in stderr
    assert said("subscribe", "ann@example.org", "--cadence", "weekly", "--weekday", "mon")[0] == 0
    assert said("subscribe", "ann@example.org", "--weekday", "fri")[0] == 0
    code, _, stderr = said("subscribe", "ann@example.org", "--cadence", "monthly", "--weekday", "fri")
    assert code and "gets monthly ones" in stderr


def test_a_query_gets_hints_when_it_is_stored() -> None:
    _, _, stderr = said("subscribe", "ann@example.org", "--query", "moe or pruning")
    assert stderr.startswith("note: “or” is a word like any other")


@pytest.mark.parametrize("verb", [["subscribe", "ann@example.org", "--query"], ["preview"]])
def test_an_unknown_topic_in_a_query_is_refused(verb: Sequence[str]) -> None:
    code, _, stderr = said(*verb, "moe OR topic:quantisation")
    assert code and "there is no topic 'quantisation'; did you mean quantization?" in stderr
    code, _, stderr = said(*verb, "topic:trending")
    assert code and "`--topic trending`" in stderr


def test_a_preview_shows_the_passage_where_the_title_has_no_mark_and_says_that_all_came_on_one_day(
    tmp_path: Path,
) -> None:
    engine = new_store(tmp_path / "var/notifier.db")
    abstracts = ["This is the first sentence. It is about the finetuning of small models. A last sentence ends it."]
    ingest_page(engine, tmp_path, ["A Study of Small Models"], abstracts=abstracts)
    engine.dispose()
    _, stdout, _ = said("preview", "fine-tuning", *AT)
    day, key = stdout.split()[:2]
    assert stdout.splitlines() == [
        f"{day}  {key}  A Study of Small Models",
        f"{' ' * len(f'{day}  {key}  ')}… It is about the finetuning of small models.",
        "1 paper, but all papers searched were first listed on one day, so a week of papers may bring more",
    ]
    assert "… It is" not in said("preview", "study", *AT)[1]
    assert said("similar", key)[0] == 0


def test_a_wrong_hour_in_the_config_is_explained_in_words(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[digest]\nhour = "8am"\n')
    done = run_notifier("status", cwd=tmp_path)
    assert done.returncode == 2
    assert "digest.hour: this is not a time of day; write it as HH:MM, from 00:00 to 23:59" in done.stderr


def test_init_makes_the_config_that_the_environment_names(tmp_path: Path) -> None:
    run = run_notifier("init", cwd=tmp_path, environment={"NOTIFIER_CONFIG": "etc/papers.toml"})
    assert run.returncode == 0, run.stderr
    assert sorted(path.name for path in (tmp_path / "etc").iterdir()) == ["papers.toml", "var"]
    assert not (tmp_path / "config.toml").exists()
