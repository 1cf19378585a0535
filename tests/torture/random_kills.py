"""Count the mails that are lost or repeated when a sender is killed again and again: `make torture`.

    python -m torture.random_kills [--mails 20000] [--kills 1000] [--seed 1]
    python -m torture.random_kills --memory [--mails 100000]

`notifier deliver` with the shipped settings sends to a relay that accepts 100 mails per second. Each sender is killed
with SIGKILL at a random moment. If no mail is in flight then, the kill waits for one, but at most half a second. The
moments are chosen so that mails are left for the last sender, which is not killed. Then the relay's log is compared
with the outbox. With --memory no sender is killed. Instead the memory of one sender is measured, with a relay that is
as fast as possible.
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
from support.service import (
    MONDAY,
    add_subscribers,
    clean_environment,
    ingest_page,
    open_simulated_store,
    write_smtp_config,
)

from notifier import cli
from notifier.config import load
from notifier.models import DeliveryState
from notifier.pipeline.planning import plan
from notifier.store.engine import reading
from notifier.store.schema import open_store
from notifier.store.tables import delivery
from notifier.subscribers.subscribing import SignUp

RATE = 100  # mails per second
CONNECTIONS = 4  # as shipped
GROUP_SIZE = 64  # results that may be uncommitted
MAX_REPEATS = 5  # per kill, on average
ENOUGH_KILLS = 100  # the average is not checked if there are fewer, because it would vary too much
LAST_MAILS = 250  # mails that are left for the last sender
START_TIMEOUT = 120  # seconds until the first MAIL of a sender


@dataclass
class KillReport:
    """What the kills caused.

    `repeats` has the number of repeated mails for each kill. `in_flight` is the number of kills that happened while a
    mail was in flight. `altered` is the number of mails that were repeated with other bytes.
    """

    mails: int
    kills: int = 0
    in_flight: int = 0
    lost: int = 0
    planned_twice: int = 0
    altered: int = 0
    repeats: list[int] = field(default_factory=list)

    @property
    def worst(self) -> int:
        """The most mails that were repeated after one kill."""
        return max(self.repeats, default=0)

    @property
    def average(self) -> float:
        """The average number of mails that were repeated after a kill."""
        return sum(self.repeats) / max(1, self.kills)

    @property
    def keeps_promises(self) -> bool:
        """Whether nothing was lost, planned twice or altered, and few mails were repeated."""
        nothing_wrong = not (self.lost or self.planned_twice or self.altered)
        is_average_low = self.kills < ENOUGH_KILLS or self.average < MAX_REPEATS
        return nothing_wrong and self.worst <= CONNECTIONS + GROUP_SIZE and is_average_low

    def __str__(self) -> str:
        return (
            f"mails {self.mails}, kills {self.kills} ({self.in_flight} with mail in flight), lost {self.lost}, "
            f"planned twice {self.planned_twice}, repeated {sum(self.repeats)} (with other bytes {self.altered}), "
            f"repeats per kill {self.average:.2f}, at most {self.worst}"
        )


def send_with_kills(folder: Path, mails: int, kills: int, seed: int = 1) -> KillReport:
    """Send `mails` mails while senders are killed `kills` times, and report what that caused."""
    moments, log = random.Random(seed), folder / "relay.log"
    with paced_relay(log, RATE) as port:
        prepare(folder, mails, port)
        report, kept_at_kills = KillReport(mails), [0]
        for kill in range(kills):
            left = mails - min(LAST_MAILS, mails // 4) - len(set(kept_mails(log)))
            longest = 2 * max(0, left) / (kills - kill + 1) / RATE
            report.in_flight += _kill_one_sender(folder, log, moments.uniform(0, longest))
            report.kills += 1
            kept_at_kills.append(len(kept_mails(log)))
        assert os.waitpid(start_sender(folder), 0)[1] == 0, "the last sender failed"
        _compare_with_outbox(report, folder, kept_mails(log), kept_at_kills)
    return report


def prepare(folder: Path, mails: int, port: int) -> None:
    """Make a store in `folder` with `mails` planned digests."""
    write_smtp_config(folder, port)
    config = load(folder / "config.toml")
    engine = open_simulated_store(config.store_url)
    sign_ups = [SignUp(f"subscriber{n}@example{n % 50}.org", topics=("all",), confirmed=True) for n in range(mails)]
    add_subscribers(engine, config, sign_ups)
    ingest_page(engine, folder, ["The Title of a Paper", "Another Paper of Ours"])
    plan(engine, config, MONDAY.replace(hour=8))
    engine.dispose()


def start_sender(folder: Path, first: Callable[[], None] = lambda: None) -> int:
    """Start a process that calls `first` and then runs `notifier deliver` in `folder`; return its process id.

    The process is a fork of this one, which has imported the modules already. Importing them a thousand times would
    take most of the time.
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
    """Run a relay in a process of its own, and yield its port."""
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


def kept_mails(log: Path) -> list[tuple[str, str]]:
    """Return the Message-ID and the hash of all mails that the relay has kept, in order."""
    lines = [line.split() for line in log.read_text(encoding="ascii").splitlines()]
    return [(line[1], line[2]) for line in lines if line[0] == "KEPT"]


def _kill_one_sender(folder: Path, log: Path, seconds: float) -> bool:
    """Start a sender, kill it `seconds` after its first MAIL, and return whether a mail was in flight."""
    start = log.stat().st_size
    process = start_sender(folder)
    deadline = time.monotonic() + START_TIMEOUT
    while log.stat().st_size == start:
        assert time.monotonic() < deadline, "no mail within two minutes"
        time.sleep(0.002)
    time.sleep(seconds)
    deadline = time.monotonic() + 0.5
    while not _is_mail_in_flight(log, start) and time.monotonic() < deadline:
        pass  # on a busy machine, the sender may have no mail in flight at this moment
    os.kill(process, signal.SIGKILL)
    assert os.WTERMSIG(os.waitpid(process, 0)[1]) == signal.SIGKILL, "the sender ended before it could be killed"
    time.sleep(0.1)  # so that the relay notices the end of all connections
    return "CUT" in _events_since(log, start)


def _is_mail_in_flight(log: Path, start: int) -> bool:
    events = _events_since(log, start)
    return events.count("MAIL") > events.count("REPLIED")


def _events_since(log: Path, start: int) -> list[str]:
    """Return the first words of the log's lines from an offset on."""
    with log.open(encoding="ascii") as lines:
        lines.seek(start)
        return [line.split()[0] for line in lines if line.endswith("\n")]


def _compare_with_outbox(
    report: KillReport, folder: Path, seen: list[tuple[str, str]], kept_at_kills: list[int]
) -> None:
    """Fill in the report; `kept_at_kills` are the numbers of mails kept at the start and after each kill."""
    engine = open_store(load(folder / "config.toml").store_url)
    with reading(engine) as connection:
        rows = connection.execute(select(delivery.c.message_id, delivery.c.state)).all()
    engine.dispose()
    arrived = Counter(message_id for message_id, _ in seen)
    report.lost = sum(message_id not in arrived for message_id, _ in rows)
    report.lost += sum(state != DeliveryState.ACCEPTED for _, state in rows)
    report.planned_twice = len(rows) - report.mails
    report.altered = len(set(seen)) - len(arrived)
    for start, end in zip(kept_at_kills[1:], [*kept_at_kills[2:], len(seen)], strict=True):
        before = {message_id for message_id, _ in seen[:start]}
        report.repeats.append(sum(message_id in before for message_id, _ in seen[start:end]))


def memory_use(folder: Path, mails: int) -> Iterator[tuple[int, int]]:
    """Yield every 5 seconds how many mails one sender has sent, and its resident memory in MB."""
    log = folder / "relay.log"
    with paced_relay(log, 0) as port:
        prepare(folder, mails, port)
        process = start_sender(folder)
        while os.waitpid(process, os.WNOHANG) == (0, 0):
            resident = Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1]
            yield len(kept_mails(log)), int(resident) // 256
            time.sleep(5)


def main() -> None:
    """Run as the options say, print the report, and exit with 1 unless its `keeps_promises` is true."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--mails", type=int)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--memory", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        if options.memory:
            for sent, megabytes in memory_use(Path(name), options.mails or 100_000):
                print(f"{sent} mails: {megabytes} MB", flush=True)
            return
        report = send_with_kills(Path(name), options.mails or 20_000, options.kills, options.seed)
    print(report)
    sys.exit(not report.keeps_promises)


if __name__ == "__main__":
    main()
