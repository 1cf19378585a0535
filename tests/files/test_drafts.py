"""A draft belongs to the process that holds it; only the drafts of dead processes are removed."""

from __future__ import annotations

from pathlib import Path

from support.killed_process import die_in

from notifier.drafts import new_draft, remove_abandoned_drafts
from notifier.files import owner_lock, remove_abandoned_locks


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_draft_gets_its_name_or_is_removed(tmp_path: Path) -> None:
    with new_draft(tmp_path) as (draft, file):
        file.write(b"all of it")
        file.flush()
        draft.replace(tmp_path / "page.txt")
    with new_draft(tmp_path):
        assert len(names(tmp_path)) == 2
    assert names(tmp_path) == ["page.txt"]


def test_the_draft_of_a_dead_process_is_removed_and_that_of_a_living_one_stays(tmp_path: Path) -> None:
    die_in(tmp_path)
    with new_draft(tmp_path) as (living, _):
        assert len(names(tmp_path)) == 3
        remove_abandoned_drafts(tmp_path)
        assert names(tmp_path) == sorted([living.name, "owners"])


def test_files_of_others_stay(tmp_path: Path) -> None:
    others = [
        ".htaccess",
        ".page.txt.swp",
        f".{'a' * 32}",
        f"{'b' * 32}.notifier",
        ".notifier",
        f".{'c' * 31}.notifier",
    ]
    for name in others:
        (tmp_path / name).write_text("")
    (tmp_path / f".{'d' * 32}.notifier").symlink_to(tmp_path / ".htaccess")
    remove_abandoned_drafts(tmp_path)
    remove_abandoned_drafts(tmp_path / "missing")
    assert names(tmp_path) == sorted([*others, f".{'d' * 32}.notifier"])


def test_the_lock_of_a_dead_process_is_removed_unless_a_row_names_it(tmp_path: Path) -> None:
    folder = tmp_path / "owners"
    die_in(tmp_path)
    die_in(tmp_path)
    named, _ = names(folder)
    with owner_lock(folder) as living:
        remove_abandoned_locks(folder, lambda: {f"machine/{named}"})
        assert names(folder) == sorted([named, living.rpartition("/")[2]])
    (folder / "notes.txt").write_text("")
    remove_abandoned_locks(folder, set)
    assert names(folder) == ["notes.txt"]
