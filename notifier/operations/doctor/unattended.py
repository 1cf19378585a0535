"""Check that a service or a timer runs: that it answers, that something happened lately, and that nothing waits."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from notifier.errors import FetchError
from notifier.operations.doctor.findings import Area, Finding, State, fault, ok, skipped, warning
from notifier.operations.doctor.pages import ask, local_url, status_of
from notifier.operations.doctor.setup import Setup
from notifier.operations.doctor.side_by_side import within
from notifier.store import inspection, reading, relays, simulated_clock, subscribers

_LOCAL_SECONDS = 3.0  # for the answer of a service on this machine
LATE = timedelta(hours=26)  # longer than the day between two runs of a cron job
_START = "start it: `systemctl enable --now notifier`, or a line for cron (packaging/notifier.crontab)"


def check_running(setup: Setup) -> Iterator[Finding]:
    """Look for a service that answers on this machine, for the newest trace of work, and for work that waits."""
    answer = _service(setup)
    if answer:
        yield answer
    with reading(setup.store()) as connection:
        if simulated_clock.is_marked(connection):
            yield skipped(Area.RUNNING, "work", "the database was made for a simulated clock (--now)")
            return
        traces = inspection.newest_instants(connection)
        due, waiting = subscribers.next_due(connection), inspection.waiting_since(connection)
        is_paused = relays.read(connection, setup.config.relay_name).paused_until is not None
    yield _trace(setup.now, traces, is_answering=answer is not None and answer.state is State.OK)
    if due and setup.now - due > LATE:
        what = f"a digest has been due since {_instant_in_words(due)}, and nothing has planned it"
        yield fault(Area.RUNNING, "digests", what, _START)
    if waiting and setup.now - waiting > LATE and not is_paused:
        what = f"a mail has been waiting since {_instant_in_words(waiting)}, and nothing has sent it"
        yield fault(Area.RUNNING, "mail", what, f"{_START}; `notifier deliver` sends it now")


def _service(setup: Setup) -> Finding | None:
    """Return what the service on this machine says about itself; None if none answers."""
    url = local_url(setup.config)
    about = f"service on port {setup.config.web.port}"
    try:
        status = status_of(within(_LOCAL_SECONDS, lambda: ask(setup.config, url, _LOCAL_SECONDS)))
    except TimeoutError:  # also if another check asks the same host, which gets one request at a time
        return None
    except FetchError as error:
        if error.status == 503:
            what = "it answers that it is stuck, or that the database fails"
            return fault(Area.RUNNING, about, what, f"see its log, and `curl {url}`; then restart it")
        return _other_program(about) if error.status else None
    return ok(Area.RUNNING, about, f"notifier answers ({status})") if status else _other_program(about)


def _other_program(about: str) -> Finding:
    what = "another program answers there, so `notifier serve` cannot listen"
    return warning(Area.RUNNING, about, what, "set [web] port to a free one, and name it in the web server too")


def _trace(now: datetime, traces: dict[str, datetime], *, is_answering: bool) -> Finding:
    if not traces:
        return skipped(Area.RUNNING, "work", "nothing has been done yet", "start the service, or run `notifier once`")
    what, last = max(traces.items(), key=lambda each: each[1])
    said = f"the newest trace of work is of {_instant_in_words(last)}: {what}"
    if now - last > LATE and not is_answering:
        return warning(Area.RUNNING, "work", f"{said}, and no service answers here", _START)
    return ok(Area.RUNNING, "work", said)


def _instant_in_words(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC"
