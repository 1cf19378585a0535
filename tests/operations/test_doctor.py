"""The doctor finds what is broken in a set-up, names the cure, and finds no fault in a sound one."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

import pytest
from dns.resolver import Resolver
from sqlalchemy import Engine
from support.disks import mounted
from support.name_server import SOUND, Records, name_server
from support.scripted_relay import ScriptedRelay
from support.service import add_subscriber, clean_environment, free_ports, ingest_page, run_notifier
from support.source_histories import ARXIV_WEEK, failing, instant, weekly
from support.stored_sources import store_history
from support.stores import new_store
from support.web_site import serve_pages

from notifier.config import load
from notifier.operations.doctor import Finding, Report, State, examine
from notifier.store.schema import HEAD
from notifier.subscribers.subscribing import SignUp

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
EXTENSIONS = ("SIZE 50000000", "PIPELINING", "8BITMIME", "AUTH PLAIN LOGIN")
pytestmark = pytest.mark.sqlite  # its set-up has private files, of which the database is one

CONFIG = """\
[mail]
sender = "Daily Papers <papers@example.org>"
envelope = "bounces@example.org"
transport = "smtp"
{mail}
[smtp]
host = "127.0.0.1"
port = {port}
tls = "none"
hello = "mail.example.org"
username = "papers"
password = "open sesame"
[alerts]
mail = ["admin@example.org"]
[web]
port = {web_port}
{more}
"""


@contextmanager
def sound(
    folder: Path, relay: ScriptedRelay | None = None, mail: str = "", more: str = "", now: datetime = NOW
) -> Iterator[Path]:
    """Make a set-up in which nothing is wrong, with a relay that runs, and yield its config file."""
    folder.mkdir(exist_ok=True)
    engine = new_store(folder / "var/notifier.db")
    ingest_page(engine, folder, ["A Paper of Today"], now=now - timedelta(hours=3))
    add_subscriber(engine, SignUp("ann@example.net", topics=("all",), confirmed=True), now=now - timedelta(hours=2))
    engine.dispose()
    for private in (folder / "var/notifier.db", folder / "var/secret.key"):
        private.touch()
        private.chmod(0o600)
    (folder / "var/secret.key").write_text("5" * 64)
    with relay or ScriptedRelay(extensions=EXTENSIONS) as running:
        text = CONFIG.format(port=running.port, web_port=free_ports(1)[0], mail=mail, more=more)
        (folder / "config.toml").write_text(text)
        (folder / "config.toml").chmod(0o600)
        yield folder / "config.toml"


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("NOTIFIER_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Path]:
    with sound(tmp_path / "sound") as found:
        yield found


@pytest.fixture(scope="module")
def names() -> Iterator[Resolver]:
    with name_server(SOUND) as resolver:
        yield resolver


def faults(report: Report) -> list[Finding]:
    return [each for each in report.findings if each.state is State.FAULT]


def the_fault(file: Path | None, resolver: Resolver, now: datetime = NOW) -> tuple[str, str, str]:
    """Return the only fault of a set-up: its area, what it is about with what was seen, and the cure."""
    (found,) = faults(examine(file, now, resolver=resolver))
    assert found.cure
    return found.area, f"{found.about}: {found.what}", found.cure


def execute(file: Path, statement: str) -> None:
    connection = sqlite3.connect(file.parent / "var/notifier.db")
    with connection:
        connection.execute(statement)
    connection.close()


def test_a_sound_set_up_has_no_fault_and_stays_as_it_is(file: Path, names: Resolver) -> None:
    before = {path: (path.stat().st_mtime_ns, path.stat().st_mode) for path in file.parent.rglob("*") if path.is_file()}
    report = examine(file, NOW, resolver=names)
    assert not faults(report)
    assert report.is_complete
    unsound = [each.about for each in report.findings if each.state is State.WARNING and each.area != "disk"]
    assert unsound == ["[web] base_url", "papers@example.org"]
    assert {path: (path.stat().st_mtime_ns, path.stat().st_mode) for path in before} == before
    assert {each.area for each in report.findings} == set(type(report.findings[0].area))


def test_a_config_that_does_not_load_is_a_fault_and_the_rest_is_skipped(file: Path, names: Resolver) -> None:
    for broken, said in (("[mail", "not valid TOML"), ('[digest]\ntimezone = "Mars/Base"', "IANA name")):
        file.write_text(broken)
        area, what, cure = the_fault(file, names)
        assert area == "config"
        assert said in f"{what} {cure}"


def test_a_wrong_value_of_the_config_has_a_cure_and_names_the_file_once(file: Path, names: Resolver) -> None:
    file.write_text('[digest]\ntimezone = "Mars/Base"')
    (found,) = faults(examine(file, NOW, resolver=names))
    assert (found.about, found.cure) == (str(file), "correct this in the config")
    assert found.what == "digest.timezone: use an IANA name such as Europe/Berlin"


def test_a_folder_in_place_of_the_database_is_called_a_folder(file: Path, names: Resolver) -> None:
    for each in (file.parent / "var").glob("notifier.db*"):
        each.unlink() if each.is_file() else None
    (file.parent / "var/notifier.db").mkdir()
    area, what, cure = the_fault(file, names)
    assert (area, what) == ("database", "var/notifier.db: it is a folder, and no database")
    assert cure.startswith("move it away")


def test_certificates_for_fetching_that_cannot_be_read_are_a_fault(tmp_path: Path, names: Resolver) -> None:
    with sound(tmp_path, more='[fetching]\nca_file = "missing.pem"') as file:
        area, what, cure = the_fault(file, names)
    assert (area, "missing.pem has no certificates" in what, "PEM" in cure) == ("config", True, True)


def test_variables_that_name_no_key_are_named(file: Path, names: Resolver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFIER_SMPT__HOST", "x")
    found = [each for each in examine(file, NOW, resolver=names).findings if each.about == "environment"]
    assert [each.cure for each in found] == ["did you mean NOTIFIER_SMTP__HOST?"]


@pytest.mark.parametrize("private", ["var/notifier.db", "var/secret.key", "config.toml"])
def test_a_private_file_that_others_may_read_is_a_fault(file: Path, names: Resolver, private: str) -> None:
    (file.parent / private).chmod(0o644)
    area, what, cure = the_fault(file, names)
    assert area == "files"
    assert what.endswith("other users of this machine may read it (mode 0644)")
    assert cure == f"run chmod 600 {file.parent / private}"
    assert (file.parent / private).stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("copy", ["export.csv", "var/backup.db"])
def test_a_copy_with_addresses_that_others_may_read_is_a_fault(file: Path, names: Resolver, copy: str) -> None:
    place = file.parent / copy
    place.write_bytes(
        (file.parent / "var/notifier.db").read_bytes() if copy.endswith("db") else b"email\na@b.example\n"
    )
    place.chmod(0o644)
    assert the_fault(file, names)[2] == f"run chmod 600 {place}, or remove it"


def test_a_config_that_anybody_may_change_is_a_fault(file: Path, names: Resolver) -> None:
    file.chmod(0o602)
    assert {each.cure for each in faults(examine(file, NOW, resolver=names))} == {
        f"run chmod 600 {file.absolute()}",
        f"run chmod o-w {file}",
    }


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_what_the_service_cannot_write_is_a_fault(names: Resolver) -> None:
    with TemporaryDirectory() as folder, sound(Path(folder)) as file:
        for path in [file.parent, *file.parent.rglob("*")]:
            os.chown(path, 12345, 12345)
        os.chown(file.parent / "var", 0, 0)
        (file.parent / "var").chmod(0o755)
        found = faults(examine(file, NOW, resolver=names))
    assert {each.cure for each in found} == {f"run chown 12345 {file.parent / 'var'}"}
    assert all("12345, whom the database belongs to, may not write" in each.what for each in found)


def test_an_older_and_a_newer_schema_are_faults_and_nothing_is_upgraded(file: Path, names: Resolver) -> None:
    for version, said in (("0020", "start it again"), ("0999", "install the version")):
        execute(file, f"UPDATE alembic_version SET version_num = '{version}'")
        area, what, cure = the_fault(file, names)
        assert area == "database"
        assert f"schema {version}" in what
        assert HEAD in what
        assert said in cure
    assert the_fault(file, names)[1].count("0999") == 1


def test_a_database_that_is_damaged_replaced_or_missing_is_a_fault(file: Path, names: Resolver) -> None:
    database = file.parent / "var/notifier.db"
    content = database.read_bytes()
    database.write_bytes(content[: len(content) // 2])
    assert the_fault(file, names)[0] == "database"
    database.write_bytes(b"no database" * 1000)
    assert "not a SQLite database" in the_fault(file, names)[2]
    database.unlink()
    assert "notifier init" in the_fault(file, names)[2]


@pytest.mark.parametrize("years", [10, -10])
def test_a_clock_that_is_ten_years_off_is_a_fault(file: Path, names: Resolver, years: int) -> None:
    found = faults(examine(file, NOW.replace(year=2026 + years), resolver=names))
    assert {each.about for each in found if each.area == "clock"} == {"clock"}
    assert any("timedatectl" in each.cure for each in found)


def test_a_relay_that_tells_another_time_is_a_fault(tmp_path: Path, names: Resolver) -> None:
    greeting = "220 mail.example.org ESMTP Exim 4.96 Fri, 30 Nov 2036 12:00:01 +0000"
    with sound(tmp_path, ScriptedRelay({"GREETING": greeting}, extensions=EXTENSIONS)) as file:
        assert "2036-11-30 12:00" in the_fault(file, names)[1]


def test_a_time_zone_without_rules_is_a_fault_that_names_nobody(file: Path, names: Resolver) -> None:
    execute(file, "UPDATE subscriber SET timezone = 'Mars/Base'")
    area, what, _ = the_fault(file, names)
    assert (area, "1 subscriber" in what, "ann@" in what) == ("clock", True, False)
    assert "'Mars/Base'" in what


def test_a_full_disk_is_a_fault(tmp_path: Path, names: Resolver) -> None:
    with mounted(tmp_path / "small") as small, sound(small) as file:
        area, what, cure = the_fault(file, names)
    assert (area, "it is full" in what, "make room" in cure or "remove" in cure) == ("disk", True, True)


def test_a_relay_that_is_down_is_a_fault(file: Path, names: Resolver) -> None:
    file.write_text(file.read_text().replace("\nport = ", f"\nport = {free_ports(1)[0]} # ", 1))
    area, what, cure = the_fault(file, names)
    assert (area, "refused" in what.lower() or "Connect" in what, "[smtp] host and port" in cure) == (
        "relay",
        True,
        True,
    )


def test_a_refused_login_is_a_fault_without_the_password(tmp_path: Path, names: Resolver) -> None:
    relay = ScriptedRelay({"AUTH": "535 5.7.8 no: open sesame"}, extensions=EXTENSIONS)
    with sound(tmp_path, relay) as file:
        report = examine(file, NOW, resolver=names)
    (found,) = faults(report)
    assert found.what == "the login is refused: 535 5.7.8 no: ***"
    assert found.cure == "check [smtp] username and password"
    assert "sesame" not in str(report)


@pytest.mark.parametrize(
    ("changes", "about", "cure"),
    [
        ({"example.org": {"MX": ("10 mail.example.org.",)}}, "SPF of example.org", "TXT record to example.org"),
        ({"_dmarc.example.org": {}}, "DMARC of example.org", "_dmarc.example.org"),
        ({"example.org": {"TXT": ('"v=spf1 -all"',)}}, "MX of example.org", "add an MX record"),
    ],
)
def test_a_missing_record_of_the_domain_is_a_fault(file: Path, changes: Records, about: str, cure: str) -> None:
    with name_server({**SOUND, **changes}) as resolver:
        (found,) = faults(examine(file, NOW, resolver=resolver))
    assert found.about == about
    assert cure in found.cure


@pytest.mark.parametrize("source", ["{% if %}", "{{ nothing.at_all }}"])
def test_a_broken_template_is_a_fault(tmp_path: Path, names: Resolver, source: str) -> None:
    folder = tmp_path / "own/email"
    folder.mkdir(parents=True)
    (folder / "card.html.j2").write_text(source)
    (folder / "crad.html.j2").write_text("")
    with sound(tmp_path, mail='templates = "own"') as file:
        area, what, cure = the_fault(file, names)
        assert (area, "card.html.j2, line 1," in what, cure) == ("templates", True, "correct that line")
        (folder / "card.html.j2").unlink()
        report = examine(file, NOW, resolver=names)
    assert not faults(report)
    assert any(each.what.startswith("email/crad.html.j2 replaces no") for each in report.findings)


def test_a_broken_source_is_a_fault(tmp_path: Path, names: Resolver) -> None:
    source = '[sources.arxiv]\npreset = "arxiv"\ncategories = ["cs.LG"]'
    with sound(tmp_path, more=source) as file:
        engine = open_existing(file)
        store_history(engine, failing(weekly(ARXIV_WEEK, 28), NOW, instant(22), 9, "HTTP 403"))
        engine.dispose()
        area, what, cure = the_fault(file, names)
    assert (area, "HTTP 403" in what, "`notifier fetch arxiv`" in cure) == ("sources", True, True)


def open_existing(file: Path) -> Engine:
    from notifier.store import open_store  # noqa: PLC0415

    return open_store(load(file).store_url)


def test_digests_that_nothing_plans_are_a_fault(file: Path, names: Resolver) -> None:
    area, what, cure = the_fault(file, names, NOW + timedelta(days=4))
    assert (area, "a digest has been due since 2026-12-01 08:00" in what) == ("running", True)
    assert "systemctl" in cure


def test_pages_that_answer_are_well_and_others_are_faults(tmp_path: Path, names: Resolver) -> None:
    port, now = free_ports(1)[0], datetime.now(UTC)  # the server tells the real time
    base = f"http://127.0.0.1:{port}"
    with sound(tmp_path, more=f'base_url = "{base}"', now=now) as file:
        engine = open_existing(file)
        with serve_pages(engine, load(file), port=port):
            report = examine(file, now, resolver=names)
        engine.dispose()
        assert not faults(report)
        found = [each for each in report.findings if each.area == "pages"]
        assert [each.state for each in found] == ["warning", "ok"], "the first says that it leads to this machine"
        report = examine(file, now, resolver=names)
    assert any("it could not be reached from this machine" in each.what for each in report.findings)


@pytest.mark.slow
def test_name_servers_that_do_not_answer_are_no_fault_of_the_domain(file: Path) -> None:
    with name_server(SOUND, hangs=True) as resolver:
        begun = monotonic()
        report = examine(file, NOW, resolver=resolver)
    assert monotonic() - begun < 12
    assert not faults(report)
    found = [each for each in report.findings if each.area == "domain"]
    assert {each.state for each in found} == {State.SKIPPED}
    assert all("does not answer" in each.what for each in found)


def test_the_command_prints_the_findings_by_area_and_exits_with_1_on_a_fault(tmp_path: Path) -> None:
    with sound(tmp_path, now=datetime.now(UTC)) as file:
        file.write_text(file.read_text().replace("example.org", "localhost"))  # so that no name server is asked
        run = run_notifier("doctor", cwd=tmp_path)
        lines = run.stdout.splitlines()
        assert (run.returncode, run.stderr, lines[0]) == (0, "", "config")
        assert max(map(len, lines)) <= 80
        assert "\x1b" not in run.stdout
        assert lines[-1].startswith("no fault, ")
        (tmp_path / "var/notifier.db").chmod(0o644)
        run = run_notifier("doctor", cwd=tmp_path)
        found = json.loads(run_notifier("doctor", "--json", cwd=tmp_path).stdout)
    lines = run.stdout.splitlines()
    assert (run.returncode, lines[-1].partition(",")[0]) == (1, "1 fault")
    fault = lines.index("  fault    var/notifier.db: other users of this machine may read it (mode 0644)")
    assert lines[fault + 1].startswith("           cure: run chmod 600")
    assert lines[fault:].count("") == 1, "areas with faults come last"
    assert found["counts"]["fault"] == 1
    assert set(found["findings"][0]) == {"area", "state", "about", "what", "cure"}
    assert "sesame" not in run.stdout + json.dumps(found)


def test_a_mail_is_sent_only_on_request(tmp_path: Path, names: Resolver) -> None:
    relay = ScriptedRelay(extensions=EXTENSIONS)
    with sound(tmp_path, relay) as file:
        examine(file, NOW, resolver=names)
        assert not relay.kept
        report = examine(file, NOW, send_to="admin@example.org", resolver=names)
    assert [kept.recipient for kept in relay.kept] == ["admin@example.org"]
    assert any(each.about == "mail to admin@example.org" and each.state is State.OK for each in report.findings)
    assert b"Auto-Submitted: auto-generated" in relay.kept[0].content


def test_an_empty_folder_has_faults_and_stays_empty(tmp_path: Path) -> None:
    run = run_notifier("doctor", cwd=tmp_path)
    assert (run.returncode, list(tmp_path.iterdir())) == (1, [])
    assert "`notifier init`" in run.stdout


def test_a_wrong_address_is_an_error_of_usage(tmp_path: Path) -> None:
    run = run_notifier("doctor", "--send-to", "nobody", cwd=tmp_path)
    assert (run.returncode, "is not an email address" in run.stderr) == (2, True)


@pytest.mark.slow
def test_a_closed_stdout_is_no_failure(tmp_path: Path) -> None:
    command = f"exec {sys.executable} -m notifier doctor >&-"
    run = subprocess.run(
        ["sh", "-c", command], cwd=tmp_path, env=clean_environment(), capture_output=True, text=True, check=False
    )
    assert (run.returncode, run.stderr) == (1, "")
