"""A month with every kind of trouble at a source: each paper comes once, and status and alerts say what is wrong.

`notifier once` runs every morning at five past eight, as a cron job would, with `--now`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path

from support.fetched_sources import write_config
from support.https_service import Answer, https_service
from support.month_of_papers import BUSY, ERROR_PAGE, FORBIDDEN, PapersService, made_entries, titles_of
from support.planned_papers import digests_of
from support.service import open_store_in, run_notifier

MONDAY = date(2026, 3, 2)
WEEK = (334, 40, 36, 34, 30, 0, 0)  # the usual number of papers on each weekday, from Monday on
# Numbers of days from MONDAY on.
HOLIDAY = 3
HALF_DAY, ERROR_DAY = 8, 10
FORBIDDEN_DAYS, BUSY_DAY = (14, 15, 16), 18
FEW_DAY, COMPLETED = 21, 23
FROZEN, THAWED = 24, 30  # on these days, every request is answered with the papers of the first of them
LAST_WITH_PAPERS, LAST = 31, 34  # the last papers do not fit into one digest
ANN, OPERATOR = "ann@example.org", "ops@example.org"
CONFIG = f"""\
[alerts]
mail = ["{OPERATOR}"]
[digest]
papers = 200
"""

API = "https://localhost/api/daily_papers"
ERROR = "localhost sent a web page in place of papers"
OTHER_DAY = "localhost sent papers of 2026-03-26 in place of those of"
STATUS = {
    0: "334 papers today so far",
    3: "no papers today; 36 papers on Wednesday, 2026-03-04",
    4: "30 papers today so far",
    5: "quiet: usually no papers on a Saturday; 30 papers on Friday, 2026-03-06",
    8: "20 papers today so far (usually 40 on a Tuesday)",
    9: "36 papers today so far (usually 36 on a Wednesday)",
    10: f"broken since Thursday, 2026-03-12: {ERROR}",
    11: "30 papers today so far (usually 30 on a Friday)",
    14: f"broken since Monday, 2026-03-16: HTTP 403 from {API}",
    15: f"broken since Monday, 2026-03-16: HTTP 403 from {API}",
    16: f"broken since Monday, 2026-03-16: HTTP 403 from {API}",
    17: "34 papers today so far (usually 34 on a Thursday)",
    18: f"34 papers on Thursday, 2026-03-19; trying again at 09:05 UTC after a failure: HTTP 429 from {API}",
    21: "12 papers today so far (usually 334 on a Monday)",
    22: "stale: 12 of the usual 334 papers on Monday, 2026-03-23",
    23: "36 papers today so far (usually 36 on a Wednesday)",
    25: f"broken since Thursday, 2026-03-26: {OTHER_DAY} 2026-03-24",
    29: f"broken since Thursday, 2026-03-26: {OTHER_DAY} 2026-03-25",
    30: "36 papers today so far (usually 36 on a Wednesday)",
}
ALERTS = {
    10: f"it is broken since Thursday, 2026-03-12: {ERROR}",
    11: "it is well again after a day; 64 papers came",
    14: f"it is broken since Monday, 2026-03-16: HTTP 403 from {API}",
    17: "it is well again after 3 days; 444 papers came",
    22: "it is stale: 12 of the usual 334 papers on Monday, 2026-03-23",
    23: "it is well again after 2 days; 410 papers came",
    24: f"it is broken since Thursday, 2026-03-26: {OTHER_DAY} 2026-03-23",
    30: "it is well again after 6 days; 474 papers came",
}
SUBJECTS = ["broken", "well again", "broken", "well again", "stale", "well again", "broken", "well again"]


def day(number: int) -> date:
    return MONDAY + timedelta(days=number)


def at(number: int) -> str:
    """Return the instant of a day at which the service runs, as --now takes it."""
    return datetime.combine(day(number), time(8, 5), UTC).isoformat()


def trouble(today: date) -> Answer | None:
    answers = {ERROR_DAY: ERROR_PAGE, BUSY_DAY: BUSY, **dict.fromkeys(FORBIDDEN_DAYS, FORBIDDEN)}
    return answers.get((today - MONDAY).days)


def set_morning(papers: PapersService, number: int) -> None:
    """Let the service be as it is on the morning of a day."""
    papers.today = day(number)
    papers.shown = {day(HALF_DAY): 20} if number == HALF_DAY else {}
    papers.shown |= {day(FEW_DAY): 12} if number < COMPLETED else {}
    papers.frozen = day(FROZEN) if FROZEN <= number < THAWED else None


def plain(text: str) -> str:
    """Return a text without the parts that differ from run to run: the server's port and the time of the next try."""
    return re.sub(r"at 08:[0-9]{2} UTC", "soon", re.sub(r"localhost:[0-9]+", "localhost", text))


def status(folder: Path, number: int) -> str:
    """Return what the status says about the source on the morning of a day."""
    done = run_notifier("status", "--now", at(number), cwd=folder)
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("sources ")]
    return plain(line.removeprefix("sources      daily  "))


def alert(stderr: str) -> str | None:
    """Return what a run has told the operator, without the cure."""
    lines = [line for line in stderr.splitlines() if line.startswith("notifier: source daily: ")]
    assert len(lines) <= 1
    return plain(lines[0].removeprefix("notifier: source daily: ")).partition(". ")[0] if lines else None


def subjects_to(folder: Path, recipient: str) -> list[str]:
    """Return the subjects of all mails to somebody, in the order of their dates."""
    files = (folder / "var" / "mail" / "new").iterdir()
    mails = [message_from_bytes(file.read_bytes(), policy=default) for file in files]
    mine = [mail for mail in mails if mail["To"] == recipient]
    return [str(mail["Subject"]) for mail in sorted(mine, key=lambda mail: mail["Date"].datetime)]


def test_each_paper_comes_once_and_status_and_alerts_say_what_is_wrong(tmp_path: Path) -> None:
    entries = {day(number): made_entries(day(number), WEEK[number % 7]) for number in range(-6, LAST_WITH_PAPERS + 1)}
    entries[day(HOLIDAY)] = []
    papers = PapersService(entries, MONDAY, trouble)
    said: dict[int, str] = {}
    alerts: dict[int, str] = {}
    with https_service({"/api/daily_papers": papers}) as service:
        (tmp_path / "config.toml").write_text(CONFIG, encoding="utf-8")
        write_config(tmp_path, service, daily={"preset": "huggingface", "url": "/", "pause_seconds": 0})
        subscribe = ("subscribe", ANN, "--topic", "all", "--confirmed", "--at", "08:00", "--now", at(-1))
        assert run_notifier(*subscribe, cwd=tmp_path).returncode == 0
        for number in range(LAST + 1):
            set_morning(papers, number)
            done = run_notifier("once", "--now", at(number), cwd=tmp_path)
            if told := alert(done.stderr):
                alerts[number] = told
            if number in STATUS:
                said[number] = status(tmp_path, number)
    assert said == STATUS
    assert alerts == ALERTS
    assert subjects_to(tmp_path, OPERATOR) == [f"Daily Papers: the source daily is {state}" for state in SUBJECTS]
    assert_each_paper_came_once(
        tmp_path, [title for each in entries for title in titles_of(entries[each]) if each > MONDAY]
    )


def assert_each_paper_came_once(folder: Path, titles: Sequence[str]) -> None:
    """Check that the digests hold the papers with these titles, and no others."""
    engine = open_store_in(folder)
    got = Counter(title for _, shown in digests_of(engine, ANN) for title in shown)
    engine.dispose()
    assert got == Counter(titles)
