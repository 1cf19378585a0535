"""A command imports only the heavy packages that it needs, so that it starts quickly."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.service import clean_environment
from support.stores import new_store

HEAVY = {
    "Stemmer",
    "aiosmtplib",
    "alembic",
    "apprise",
    "apscheduler",
    "cryptography",
    "css_inline",
    "dns",
    "email_validator",
    "fastapi",
    "feedgen",
    "feedparser",
    "httpx2",
    "jinja2",
    "lxml",
    "numpy",
    "pydantic_settings",
    "rapidfuzz",
    "requests",
    "rich",
    "sqlalchemy.dialects.postgresql",
    "uvicorn",
}

SEARCH = "Stemmer numpy rapidfuzz"
STEPS = f"{SEARCH} aiosmtplib css_inline feedgen feedparser jinja2 lxml"

# The heavy packages that each verb may import when the database is ready and empty.
ALLOWED = {
    "--help": "",
    "--version": "",
    "subscribe --help": "",
    "init": "",
    "ingest dump.txt": STEPS,
    "topics": "Stemmer",
    "topics --json": "Stemmer",
    "topics add bees --title Bees --query bees": "Stemmer",
    "topics edit quantization --title Bits": "Stemmer",
    "topics remove quantization": "Stemmer",
    "trending": SEARCH,
    "preview bees": SEARCH,
    "subscribe ann@example.org --query bees": "Stemmer email_validator",
    "unsubscribe ann@example.org": "Stemmer email_validator",
    "pause ann@example.org": "Stemmer email_validator",
    "resume ann@example.org": "Stemmer email_validator",
    "erase ann@example.org": "Stemmer email_validator",
    "digest ann@example.org": f"{STEPS} email_validator",
    "plan": STEPS,
    "publish": STEPS,
    "deliver": STEPS,
    "once": STEPS,
    "admin-log": "",
    "status": "",
    "status --json": "",
    "subscribers": "",
    "subscribers --json": "",
    "subscribers import subscribers.csv": "Stemmer email_validator",
    "subscribers export subscribers.csv": "Stemmer",
    "deliveries": "",
    "deliveries --json": "",
    "deliveries show 1": "Stemmer aiosmtplib css_inline jinja2",
    "deliveries retry 1": "",
    "deliveries hold 1": "",
    "doctor --help": "",
    "doctor": "Stemmer aiosmtplib css_inline dns httpx2 jinja2",
    "db backup backup.db": "",
    "db upgrade": "",
    "token create --scope read:papers": "",
    "token list": "",
    "token revoke 1": "",
    "webhooks": "",
    "webhooks --json": "",
    "webhooks enable 1": "",
    "webhooks remove 1": "",
    "channel": "Stemmer",
    "channel --json": "Stemmer",
    "channel enable lab": "Stemmer",
    "channel remove lab": "Stemmer",
}

DUMP = "Bees in the City\nWe study bees in depth. Our experiments show that the method works well.\n"


pytestmark = pytest.mark.sqlite  # PostgreSQL needs its driver and dialect


@pytest.fixture(scope="module")
def ready_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with an empty database at its usual place, a dump and a list of subscribers."""
    folder = tmp_path_factory.mktemp("ready")
    new_store(folder / "var/notifier.db").dispose()
    (folder / "dump.txt").write_text(DUMP, encoding="utf-8")
    (folder / "subscribers.csv").write_text("email,query\nann@example.org,bees\n", encoding="utf-8")
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("command", ALLOWED)
def test_a_verb_imports_only_the_heavy_packages_that_it_needs(command: str, ready_folder: Path, tmp_path: Path) -> None:
    shutil.copytree(ready_folder, tmp_path, dirs_exist_ok=True)
    assert heavy_imports(command, tmp_path) <= set(ALLOWED[command].split())


def test_a_verb_that_creates_the_database_imports_alembic(tmp_path: Path) -> None:
    assert "alembic" in heavy_imports("init", tmp_path)


def test_environment_variables_that_override_no_key_cause_no_heavy_import(ready_folder: Path) -> None:
    assert not heavy_imports("status", ready_folder, NOTIFIER_DEBUG="1", NOTIFIER_CONFIG="")
    assert heavy_imports("status", ready_folder, NOTIFIER_LOG__FORMAT="json") == {"pydantic_settings"}


def heavy_imports(command: str, folder: Path, **environment: str) -> set[str]:
    """Run a verb, and return the heavy packages that it imported."""
    run = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "notifier", *command.split()],
        cwd=folder,
        env=clean_environment() | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    imported = {line.rpartition("|")[2].strip() for line in run.stderr.splitlines() if line.startswith("import time:")}
    assert "notifier.cli" in imported, run.stderr
    return imported & HEAVY
