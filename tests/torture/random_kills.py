"""What a sender that is killed again and again loses and repeats: `make torture`.

    python -m torture.random_kills [--mails 20000] [--kills 1000] [--seed 1]
    python -m torture.random_kills --memory [--mails 100000]

A relay of its own, paced to 100 mails a second, takes what `notifier deliver` sends with the shipped settings. Each
life of the sender is ended by kill -9 at a moment drawn between its first MAIL and the last 250 that it would see, or
up to half a second later, when a mail is in flight; the last one may finish. Then the relay's log is held against the
outbox. With --memory nobody is killed: one sender's memory is measured, on a relay as fast as it can be.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import select
from support.service import MONDAY, add_page, add_readers, clean_environment, configure

from notifier import cli
from notifier.config import load
from notifier.models import DeliveryState
from notifier.pipeline.planning import plan
from notifier.store.engine import reading
from notifier.store.schema import open_store
from notifier.store.tables import delivery
from notifier.subscribers.subscribing import SignUp

RATE = 100  # mails a second
LANES = 4  # connections, as shipped
GROUP = 64  # results that may be uncommitted
MOST_REPEATS = 5  # a kill, on average
ENOUGH = 100  # kills, for an average to say something
LAST = 250  # mails that are left to the last life
PATIENCE = 120  # seconds for the first MAIL of a life


@dataclass
class Toll:
    """What the kills did: `repeats` has a number for each, `in_flight` counts those that met a mail on the wire."""

    mails: int
    kills: int = 0
    in_flight: int = 0
    lost: int = 0
    planned_twice: int = 0
    altered: int = 0
    repeats: list[int] = field(default_factory=list)

    @property
    def worst(self) -> int:
        """The most mails that one kill repeated."""
        return max(self.repeats, default=0)

    @property
    def average(self) -> float:
        """Mails that a kill repeated, on average."""
        return sum(self.repeats) / max(1, self.kills)

    @property
    def is_borne(self) -> bool:
        """Whether all is as promised."""
        nothing_wrong = not (self.lost or self.planned_twice or self.altered)
        few = self.kills < ENOUGH or self.average < MOST_REPEATS
        return nothing_wrong and self.worst <= LANES + GROUP and few

    def __str__(self) -> str:
        return (
            f"mails {self.mails}, kills {self.kills} ({self.in_flight} with mail in flight), lost {self.lost}, "
            f"planned twice {self.planned_twice}, repeated {sum(self.repeats)} (with other bytes {self.altered}), "
            f"repeats per kill {self.average:.2f}, at most {self.worst}"
        )


def torture(folder: Path, mails: int, kills: int, seed: int = 1) -> Toll:
    """Send `mails` in `folder` with `kills` kills on the way."""
    moments, log = random.Random(seed), folder / "relay.log"
    with paced_relay(log, RATE) as port:
        prepare(folder, mails, port)
        toll, marks = Toll(mails), [0]
        for kill in range(kills):
            left = mails - min(LAST, mails // 4) - len(set(kept(log)))
            longest = 2 * max(0, left) / (kills - kill + 1) / RATE
            toll.in_flight += _life(folder, log, moments.uniform(0, longest))
            toll.kills += 1
            marks.append(len(kept(log)))
        assert os.waitpid(start_sender(folder), 0)[1] == 0, "the last life did not end well"
        _judge(toll, folder, kept(log), marks)
    return toll


def prepare(folder: Path, mails: int, port: int) -> None:
    """A store in `folder` with so many digests that wait."""
    configure(folder, port)
    config = load(folder / "config.toml")
    engine = open_store(config.store_url)
    sign_ups = [SignUp(f"reader{n}@example{n % 50}.org", topics=("all",), confirmed=True) for n in range(mails)]
    add_readers(engine, config, sign_ups)
    add_page(engine, folder, ["The Title of a Paper", "Another Paper of Ours"])
    plan(engine, config, MONDAY.replace(hour=8))
    engine.dispose()


def start_sender(folder: Path, first: Callable[[], None] = lambda: None) -> int:
    """Start `notifier deliver` in `folder`, which does `first` before anything else; returns its process id.

    It is forked from this process, which has loaded the same modules: a thousand lives would else be spent on imports.
    """
    process = os.fork()
    if process == 0:
        os.chdir(folder)
        with open(os.devnull, "w") as nowhere:  # noqa: PTH123
            os.dup2(nowhere.fileno(), sys.stdout.fileno())
        sys.argv = ["notifier", "deliver"]
        first()
        status = 1
        try:
            cli.main()
        except SystemExit as ended:
            status = int(ended.code or 0)
        finally:
            os._exit(status)
    return process


@contextmanager
def paced_relay(log: Path, rate: float) -> Iterator[int]:
    """A relay in a process of its own; gives its port."""
    log.touch()
    with subprocess.Popen(
        [sys.executable, "-m", "support.paced_relay", str(log), str(rate)],
        env=clean_environment(),
        stdout=subprocess.PIPE,
        text=True,
    ) as relay:
        try:
            assert relay.stdout is not None
            yield int(relay.stdout.readline())
        finally:
            relay.kill()


def kept(log: Path) -> list[tuple[str, str]]:
    """The Message-ID and the digest of all that the relay has kept, in order."""
    lines = [line.split() for line in log.read_text(encoding="ascii").splitlines()]
    return [(line[1], line[2]) for line in lines if line[0] == "KEPT"]


def _life(folder: Path, log: Path, seconds: float) -> bool:
    """Start a sender and kill it so long after its first MAIL; says whether a mail was in flight."""
    start = log.stat().st_size
    process = start_sender(folder)
    deadline = time.monotonic() + PATIENCE
    while log.stat().st_size == start:
        assert time.monotonic() < deadline, "no mail within two minutes"
        time.sleep(0.002)
    time.sleep(seconds)
    deadline = time.monotonic() + 0.5
    while not _in_flight(log, start) and time.monotonic() < deadline:
        pass  # on a machine that is busy, the sender may have none ready just now
    os.kill(process, signal.SIGKILL)
    assert os.WTERMSIG(os.waitpid(process, 0)[1]) == signal.SIGKILL, "it ended before it could be killed"
    time.sleep(0.1)  # until the relay has seen all of its connections end
    return "CUT" in _since(log, start)


def _in_flight(log: Path, start: int) -> bool:
    lines = _since(log, start)
    return lines.count("MAIL") > lines.count("TOLD")


def _since(log: Path, start: int) -> list[str]:
    """The first words of the log's lines from an offset on."""
    with log.open(encoding="ascii") as lines:
        lines.seek(start)
        return [line.split()[0] for line in lines if line.endswith("\n")]


def _judge(toll: Toll, folder: Path, seen: list[tuple[str, str]], marks: list[int]) -> None:
    engine = open_store(load(folder / "config.toml").store_url)
    with reading(engine) as connection:
        rows = connection.execute(select(delivery.c.message_id, delivery.c.state)).all()
    engine.dispose()
    arrived = Counter(message_id for message_id, _ in seen)
    toll.lost = sum(message_id not in arrived for message_id, _ in rows)
    toll.lost += sum(state != DeliveryState.ACCEPTED for _, state in rows)
    toll.planned_twice = len(rows) - toll.mails
    toll.altered = len(set(seen)) - len(arrived)
    for start, end in zip(marks[1:], [*marks[2:], len(seen)], strict=True):
        before = {message_id for message_id, _ in seen[:start]}
        toll.repeats.append(sum(message_id in before for message_id, _ in seen[start:end]))


def memory(folder: Path, mails: int) -> Iterator[tuple[int, int]]:
    """How many mails one sender has sent, and its resident memory in MB, again and again."""
    log = folder / "relay.log"
    with paced_relay(log, 0) as port:
        prepare(folder, mails, port)
        process = start_sender(folder)
        while os.waitpid(process, os.WNOHANG) == (0, 0):
            resident = Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1]
            yield len(kept(log)), int(resident) // 256
            time.sleep(5)


def main() -> None:
    """Run as the options say, print what came of it, and exit with 1 where a promise was broken."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--mails", type=int)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--memory", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        if options.memory:
            for sent, megabytes in memory(Path(name), options.mails or 100_000):
                print(f"{sent} mails: {megabytes} MB", flush=True)
            return
        toll = torture(Path(name), options.mails or 20_000, options.kills, options.seed)
    print(toll)
    sys.exit(not toll.is_borne)


if __name__ == "__main__":
    main()
