"""Count the mails that are lost or repeated when a sender is killed at one of its commits.

    python -m torture.kills_at_commits FOLDER MAILS

One run of a sender has several write transactions. For each of them there are two tries with the same fresh outbox: in
one, the sender is killed just before the commit, and in the other just after the commit. In each try, a second sender
then sends the rest, and a line about the result is printed. The exit status is 1 if a mail was lost, if a mail was
repeated with other bytes, or if a second sender failed.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.engine.default import DefaultDialect
from torture.random_kills import kept_mails, paced_relay, prepare, start_sender

from notifier.store.engine import IMMEDIATE


def kill_at(number: int, moment: str) -> None:
    """Make this process kill itself just before or just after a commit; commits are numbered from 1."""
    commits, original = [0], DefaultDialect.do_commit

    def count(connection: Any) -> None:
        commits[0] += bool(connection.get_execution_options().get(IMMEDIATE))

    def do_commit(dialect: DefaultDialect, connection: Any) -> None:
        before = commits[0]
        if before == number and moment == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        original(dialect, connection)  # type: ignore[no-untyped-call]
        if before == number and moment == "after":
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "commit", count)
    DefaultDialect.do_commit = do_commit  # type: ignore[method-assign]


def main(folder: Path, mails: int) -> int:
    """Try every commit, and return how many of the kills did harm."""
    harm, number, was_killed = 0, 0, True
    with paced_relay(folder / "relay.log", 0) as port:
        prepare(folder, mails, port)
        shutil.copytree(folder / "var", folder / "fresh")
        while was_killed:
            number += 1
            for moment in ("before", "after"):
                was_killed, sentence, is_harmful = _kill_and_finish(folder, number, moment, mails)
                harm += is_harmful
                print(sentence)
    return harm


def _kill_and_finish(folder: Path, number: int, moment: str, mails: int) -> tuple[bool, str, bool]:
    """Return whether the sender was killed, a sentence about the result, and whether the kill did harm."""
    shutil.rmtree(folder / "var")
    shutil.copytree(folder / "fresh", folder / "var")
    start = len(kept_mails(folder / "relay.log"))
    process = start_sender(folder, lambda: kill_at(number, moment))
    was_killed = os.WIFSIGNALED(os.waitpid(process, 0)[1])
    ended = os.waitpid(start_sender(folder), 0)[1]
    seen = kept_mails(folder / "relay.log")[start:]
    different, message_ids = len(set(seen)), len({message_id for message_id, _ in seen})
    sentence = f"killed {moment} commit {number}: {message_ids} of {mails} arrived, {len(seen) - message_ids} twice"
    return was_killed, sentence if was_killed else "not killed", not message_ids == different == mails or ended != 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2])) > 0)
