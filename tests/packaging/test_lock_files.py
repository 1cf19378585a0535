"""The lock files: they pin each package that `make` installs by version and hash, and name no package index."""

from __future__ import annotations

import re
import tomllib

import pytest
from support.paths import CHECKOUT

LOCKS = ("requirements.lock", "requirements-dev.lock")
PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))


def entries(lock: str) -> dict[str, str]:
    """Return the hashes of each locked package, by its line, such as `numpy==2.4.6 ; marker`."""
    text = (CHECKOUT / lock).read_text(encoding="utf-8")
    pairs = re.findall(r"^(\S.*?) \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", text, re.MULTILINE)
    return dict(pairs)


def names(requirements: list[str]) -> set[str]:
    """Return the names of packages without versions, extras and markers."""
    return {re.split(r"[^A-Za-z0-9-]", requirement)[0].lower() for requirement in requirements}


def locked_names(lock: str) -> set[str]:
    """Return the names of all packages in a lock file."""
    return names(list(entries(lock)))


@pytest.mark.parametrize("lock", LOCKS)
def test_every_line_of_a_lock_is_a_comment_or_a_pinned_package_with_its_hashes(lock: str) -> None:
    lines = (CHECKOUT / lock).read_text(encoding="utf-8").splitlines()
    pinned = [line for line in lines if not line.startswith((" ", "#"))]
    assert [line.removesuffix(" \\") for line in pinned] == list(entries(lock))
    assert all(re.match(r"[a-z0-9-]+==[0-9][0-9.a-z]*( ; |$)", entry) for entry in entries(lock))


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_package_index(lock: str) -> None:
    assert not re.search(r"://|^-|find-links", (CHECKOUT / lock).read_text(encoding="utf-8"), re.MULTILINE)


def test_the_lock_contains_the_dependencies_and_the_build_tools() -> None:
    needed = names(PROJECT["project"]["dependencies"] + PROJECT["dependency-groups"]["build"])
    assert needed <= locked_names("requirements.lock")


def test_the_lock_contains_no_development_package() -> None:
    assert not locked_names("requirements.lock") & {"pytest", "hypothesis", "mypy", "ruff", "import-linter", "reader"}


def test_the_development_lock_contains_the_lock_and_every_extra() -> None:
    extras = [requirement for extra in PROJECT["project"]["optional-dependencies"].values() for requirement in extra]
    assert names(extras) - {"notifier"} <= locked_names("requirements-dev.lock")
    assert {entry.split(" ")[0] for entry in entries("requirements.lock")} <= {
        entry.split(" ")[0] for entry in entries("requirements-dev.lock")
    }
