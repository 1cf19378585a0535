"""Examine a set-up: find what does not work, or will not work for long, and name the cure.

`examine` runs the checks of all areas side by side, each in a module of its own, and changes nothing. Each check is a
function that yields findings; if it cannot be made, it raises CannotTellError with the reason.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from notifier.config import chosen_file, load
from notifier.errors import ConfigError
from notifier.operations.doctor.findings import Area, Finding, Report, State, fault, skipped, split
from notifier.operations.doctor.side_by_side import Check, run_all

if TYPE_CHECKING:
    from dns.resolver import Resolver

    from notifier.operations.doctor.setup import Setup

__all__ = ["Area", "Finding", "Report", "State", "examine"]

FILES_SECONDS, ALL_SECONDS = 3.0, 12.0  # after this time, what is found so far is reported


def examine(file: Path | None, now: datetime, *, send_to: str = "", resolver: Resolver | None = None) -> Report:
    """Return what is found in the set-up of a config file, or of the config in the current folder.

    With `send_to`, a mail is sent to this address over the relay. `resolver` asks the name servers; None means the
    system's.
    """
    try:
        config = load(file)
    except ConfigError as error:
        return Report(list(_findings_without_config(chosen_file(file), error)))
    from notifier.operations.doctor.setup import Setup  # noqa: PLC0415 - imports the database

    setup = Setup(config, chosen_file(file), now, resolver)
    findings, ended = run_all(_checks_of_files(setup), FILES_SECONDS)
    more, ended_too = run_all([*_checks(setup, send_to), *_checks_of_domain(setup)], ALL_SECONDS)
    findings, is_complete = [*findings, *more], ended and ended_too
    if is_complete:
        setup.close()
    areas = list(Area)
    return Report(sorted(findings, key=lambda each: areas.index(each.area)), is_complete)


def _findings_without_config(file: Path | None, error: ConfigError) -> Iterator[Finding]:
    """Return the findings if the config cannot be loaded."""
    what, cure = split(str(error).removeprefix(f"{file}: "), "correct this in the config")
    if file and file.exists() and not os.access(file, os.R_OK):
        cure = "run this command as root, or as the user who the service runs as"
    yield fault(Area.CONFIG, str(file or "config.toml"), what, cure)
    yield skipped(Area.CONFIG, "everything else", "it can be checked only when the config loads")


def _checks_of_files(setup: Setup) -> list[Check]:
    """Return the checks that come first, because opening the database makes files beside it."""
    from notifier.operations.doctor import disks, modes  # noqa: PLC0415

    return [
        _check(Area.FILES, "modes and owners", modes.check_modes, setup),
        _check(Area.DISK, "disks", disks.check_disks, setup),
    ]


def _checks(setup: Setup, send_to: str) -> list[Check]:
    from notifier.operations.doctor import (  # noqa: PLC0415 - most commands need none of them
        clock,
        database,
        endpoints,
        inbox,
        mail_templates,
        pages,
        papers,
        relay,
        replies,
        settings,
        unattended,
    )

    checks = [
        _check(Area.CONFIG, "config", settings.check_config, setup),
        _check(Area.DATABASE, "database", database.check_database, setup),
        _check(Area.CLOCK, "clock", clock.check_clock, setup),
        _check(Area.CLOCK, "time zones", clock.check_zones, setup),
        _check(Area.RELAY, "relay", relay.check_relay, setup),
        _check(Area.RELAY, "pause", relay.check_pause, setup),
        _check(Area.RELAY, "rates", database.check_load, setup),
        _check(Area.REPLIES, "replies", replies.check_replies, setup),
        _check(Area.REPLIES, "[mail] inbox", inbox.check_inbox, setup),
        _check(Area.PAGES, "base URL", pages.check_pages, setup),
        _check(Area.SOURCES, "sources", papers.check_sources, setup),
        _check(Area.ENDPOINTS, "webhooks and channels", endpoints.check_endpoints, setup),
        Check(
            Area.TEMPLATES,
            "templates",
            lambda: mail_templates.check_mail_templates(setup),
            State.FAULT,
            "look for a loop without end in the folder of [mail] templates",
        ),
        _check(Area.RUNNING, "work", unattended.check_running, setup),
    ]
    if send_to:
        checks.append(Check(Area.RELAY, f"mail to {send_to}", lambda: relay.send_probe(setup, send_to)))
    return checks


def _check(area: Area, about: str, run: Callable[[Setup], Iterable[Finding]], setup: Setup) -> Check:
    return Check(area, about, lambda: run(setup))


def _checks_of_domain(setup: Setup) -> list[Check]:
    from notifier.operations.doctor import domain  # noqa: PLC0415
    from notifier.operations.doctor.names import Names  # noqa: PLC0415

    if (instead := domain.why_no_questions(setup)) is not None:
        return [Check(Area.DOMAIN, instead.about, lambda: [instead])]
    names = Names(setup.resolver)
    questions = {"MX": domain.check_mx, "SPF": domain.check_spf, "DKIM": domain.check_dkim, "DMARC": domain.check_dmarc}
    return [
        Check(Area.DOMAIN, kind, lambda ask=ask: ask(setup, names))  # type: ignore[misc]
        for kind, ask in questions.items()
    ]
