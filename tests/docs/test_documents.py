"""README and the pages in docs/ are true: their commands run as printed, and what they name exists."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from support.command_server import write_program
from support.paths import CHECKOUT, TESTS
from support.service import clean_environment

from notifier import queries, sources
from notifier.cli import app
from notifier.config import load
from notifier.topics import catalogue_of

README = CHECKOUT / "README.md"
DOCUMENTS = [README, *sorted((CHECKOUT / "docs").glob("*.md"))]
PICTURES = sorted((CHECKOUT / "docs" / "pictures").glob("*.png"))
MAX_LINES = 120  # README has at most this many lines
LARGEST_PICTURE = 200_000  # bytes

# Commands that take too long or need a desktop, and the test that runs or checks the same thing.
RUN_ELSEWHERE = {
    "make demo ARGS=--serve": "test_demo_serving.py",
    "notifier db copy postgresql+psycopg://notifier@db.example.org/notifier": "test_copying.py",  # it needs a server
    "notifier db backup before-the-move.db": "test_backups.py",  # it needs a database that is in use
    "notifier fetch": "test_source_commands.py",  # it asks a service in the internet
    "notifier fetch daily": "test_source_commands.py",
    "notifier ingest https://export.example.org/papers.jsonl --date 2026-07-06": "test_source_commands.py",
    "xdg-open digest.html": "test_digest.py",  # the test asserts that `notifier digest` prints this command
}

each_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)


def fences(document: Path, language: str) -> list[str]:
    """Return the fenced blocks of a document in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text_of(document), re.MULTILINE | re.DOTALL)


def text_of(document: Path) -> str:
    return document.read_text(encoding="utf-8")


def prose_of(document: Path) -> str:
    """Return the text of a document without its fenced blocks."""
    return re.sub(r"^```.*?^```", "", text_of(document), flags=re.MULTILINE | re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make a folder with the sample pages, as a new user has it, and the command `notifier` in bin/."""
    shutil.copytree(CHECKOUT / "seeds", tmp_path / "seeds")
    command = tmp_path / "bin" / "notifier"
    command.parent.mkdir()
    write_program(command)
    return tmp_path


def test_the_readable_forms_of_queries_are_shown_as_they_are() -> None:
    language = text_of(CHECKOUT / "docs" / "query-language.md")
    section = language.partition("## How a query is shown")[2].partition("\n## ")[0]
    shown = dict(re.findall(r"^\| `(.+)` \| (.+) \|$", section, re.MULTILINE))
    assert len(shown) >= 5
    assert shown == {typed: queries.readable(typed) for typed in shown}


@pytest.mark.slow
@each_document
def test_every_command_runs_in_order_from_a_fresh_folder(document: Path, folder: Path) -> None:
    environment = clean_environment()
    environment["PATH"] = f"{folder / 'bin'}:{environment['PATH']}"
    for block in fences(document, "sh"):
        here = "\n".join(line for line in block.splitlines() if line not in RUN_ELSEWHERE)
        run = subprocess.run(
            ["sh", "-eu", "-c", here], cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        assert run.returncode == 0, block + run.stderr


def test_commands_that_are_not_run_here_have_a_test_elsewhere() -> None:
    tests = {path.name for path in TESTS.rglob("test_*.py")}
    assert set(RUN_ELSEWHERE.values()) <= tests


@each_document
def test_every_make_command_is_known_to_the_makefile(document: Path) -> None:
    for target, variables in re.findall(
        r"(?:^ {4}|^|`)make ([a-z]+)((?: [A-Z]+=[\w-]+)*)", text_of(document), re.MULTILINE
    ):
        command = ["make", "--dry-run", target, *variables.split()]
        run = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stderr


@each_document
def test_every_part_of_the_benchmarks_that_a_document_names_exists(document: Path) -> None:
    known = re.findall(r'^    "(\w+)": \[', text_of(CHECKOUT / "benchmarks" / "__main__.py"), re.MULTILINE)
    assert known
    assert set(re.findall(r"make bench PART=(\w+)", text_of(document))) <= set(known)


@each_document
def test_every_verb_that_a_document_names_exists(document: Path) -> None:
    verbs = {each.name for each in app.registered_commands} | {each.name for each in app.registered_groups}
    assert set(re.findall(r"`notifier\s([a-z-]+)", prose_of(document))) <= verbs


@each_document
def test_every_piece_of_config_is_valid(document: Path, tmp_path: Path) -> None:
    for number, block in enumerate(fences(document, "toml")):
        file = tmp_path / f"{number}.toml"
        file.write_text(block, encoding="utf-8")
        catalogue_of(load(file))


@each_document
def test_every_relative_link_resolves(document: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", prose_of(document))
    relative = [link for link in links if not re.match(r"[a-z]+:", link)]
    for link in relative:
        path, _, anchor = link.partition("#")
        target = document.parent / path if path else document
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def anchors(document: Path) -> set[str]:
    """Return the anchors that a link to a document may name: its headings, as GitHub spells them."""
    headings = re.findall(r"^#+ (.+)$", prose_of(document), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@each_document
def test_every_file_of_the_project_that_a_document_names_exists(document: Path) -> None:
    folders = "benchmarks|docs|notifier|packaging|scripts|seeds|templates|tests"
    named = re.findall(rf"`((?:{folders})/[\w./-]*)`", prose_of(document))
    assert [path for path in named if not (CHECKOUT / path).exists()] == []


def test_the_readme_is_short_and_links_to_every_page() -> None:
    assert len(text_of(README).splitlines()) <= MAX_LINES
    for page in DOCUMENTS[1:]:
        assert f"(docs/{page.name})" in text_of(README)


def test_every_picture_is_shown_and_small() -> None:
    assert PICTURES
    for picture in PICTURES:
        assert any(f"pictures/{picture.name})" in text_of(document) for document in DOCUMENTS)
        assert picture.stat().st_size <= LARGEST_PICTURE


def test_the_sample_dump_format_in_the_documents_parses_a_dump(monkeypatch: pytest.MonkeyPatch) -> None:
    (code,) = fences(CHECKOUT / "docs" / "sources.md", "python")
    module: dict[str, Any] = {}
    exec(code, module)
    monkeypatch.setattr(sources, "FORMATS", (module["FORMAT"], *sources.FORMATS))
    dump = sources.parse_dump(b"A Paper on Bees\tHow they fly.\n\tNo title.\nAnother One\tAnd its text.\n")
    assert dump.format == "tabbed lines"
    assert [(each.title, each.abstract) for each in dump.listings] == [
        ("A Paper on Bees", "How they fly."),
        ("Another One", "And its text."),
    ]
    assert [(each.where, each.reason) for each in dump.skipped] == [("line 2", "it has no title")]
