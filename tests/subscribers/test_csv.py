"""CSV files of subscribers: export and import, the dialects of spreadsheets, and imports of known subscribers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine
from support.planned_papers import stored_subscriber
from support.service import MONDAY, add_subscriber, ingest_page
from support.stores import new_store

from notifier.config import Config
from notifier.errors import UsageError
from notifier.models import Cadence, Subscriber, SubscriberState
from notifier.pipeline.planning import PlanReport, plan
from notifier.store import subscribers
from notifier.store.engine import reading, writing
from notifier.subscribers import ImportReport, export_subscribers, import_subscribers
from notifier.subscribers.leaving import deactivate, erase, unsubscribe
from notifier.subscribers.pausing import pause
from notifier.subscribers.spreadsheet import CsvRow
from notifier.subscribers.subscribing import SignUp

CONFIG = Config()
AT_EIGHT = MONDAY.replace(hour=8)
HEADER = "email,state,query,topic,cadence,hour,timezone,name\n"
ANN, BOB = "ann@example.org", "bob@example.org"


def import_text(engine: Engine, folder: Path, text: str | bytes) -> ImportReport:
    """Import a file with this content, and return the report."""
    file = folder / "subscribers.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return import_subscribers(engine, CONFIG, file, MONDAY)


def everyone(engine: Engine) -> list[Subscriber]:
    with reading(engine) as connection:
        return subscribers.everyone(connection)


def without_store_values(subscriber: Subscriber) -> Subscriber:
    """Return the subscriber without the values that differ between stores."""
    subscriptions = tuple(replace(each, id=0, query_id=None) for each in subscriber.subscriptions)
    kept = replace(subscriber, subscriptions=subscriptions)
    return replace(kept, id=0, cursor=0, last_dump=0, confirmed_at=None, active_since=None)


def test_export_and_import_into_an_empty_store_give_the_same_subscribers(engine: Engine, tmp_path: Path) -> None:
    sign_ups = [
        SignUp(ANN, ('"mixture of experts" routing', "-survey quantization"), ("trending", "all"), confirmed=True),
        SignUp("Bob.B@example.org", hour="23:30", timezone="Asia/Tokyo"),
        SignUp("carol@example.org", ("é OR ü",), cadence=Cadence.WEEKLY, weekday="fri", confirmed=True),
        SignUp("dave@example.org", cadence=Cadence.INSTANT, timezone="America/New_York", confirmed=True),
        SignUp("eve@example.org", cadence=Cadence.MONTHLY, confirmed=True),
        SignUp("frank@example.org", ('=HYPERLINK("http://example.org" "click")',), confirmed=True),
        SignUp("grace@example.org", confirmed=True),
    ]
    for each in sign_ups:
        add_subscriber(engine, each)
    add_subscriber(engine, SignUp(ANN, topics=("trending",), name="=Votes"))
    pause(engine, "dave@example.org", date(2026, 7, 20), MONDAY)
    pause(engine, "eve@example.org", None, MONDAY)
    unsubscribe(engine, "frank@example.org", MONDAY)
    with writing(engine) as connection:
        deactivate(connection, stored_subscriber(engine, "grace@example.org"), SubscriberState.SUPPRESSED, MONDAY)
    file, again = tmp_path / "subscribers.csv", tmp_path / "again.csv"
    assert export_subscribers(engine, file) == len(sign_ups)
    other = new_store(tmp_path / "other.db")
    assert import_subscribers(other, CONFIG, file, MONDAY) == ImportReport(10, 7, 10)
    assert [without_store_values(each) for each in everyone(other)] == [
        without_store_values(each) for each in everyone(engine)
    ]
    export_subscribers(other, again)
    assert again.read_bytes() == file.read_bytes()
    other.dispose()


def test_an_import_of_an_export_into_the_same_store_changes_nothing(engine: Engine, tmp_path: Path) -> None:
    add_subscriber(engine, SignUp(ANN, ("quantization",), ("all",), confirmed=True))
    add_subscriber(engine, SignUp(BOB, confirmed=True))
    unsubscribe(engine, BOB, MONDAY)
    before = everyone(engine)
    export_subscribers(engine, tmp_path / "subscribers.csv")
    assert import_subscribers(engine, CONFIG, tmp_path / "subscribers.csv", AT_EIGHT) == ImportReport(rows=3)
    assert everyone(engine) == before


def test_an_export_has_the_documented_columns_and_one_row_for_each_subscription(engine: Engine, tmp_path: Path) -> None:
    add_subscriber(engine, SignUp(ANN, ("a, b",), ("all",), confirmed=True))
    add_subscriber(engine, SignUp(ANN, topics=("trending",), name="Votes, mostly"))
    export_subscribers(engine, tmp_path / "subscribers.csv")
    assert (tmp_path / "subscribers.csv").read_text(encoding="utf-8").splitlines() == [
        "email,state,query,topic,cadence,hour,timezone,name",
        'ann@example.org,ACTIVE,"a, b",,daily,08:00,UTC,',
        "ann@example.org,ACTIVE,,all,daily,08:00,UTC,",
        'ann@example.org,ACTIVE,,trending,daily,08:00,UTC,"Votes, mostly"',
    ]


def test_a_query_that_looks_like_a_formula_is_escaped_in_the_export_and_imported_as_typed(
    engine: Engine, tmp_path: Path
) -> None:
    formula = "@SUM(1 +1)|cmd"
    add_subscriber(engine, SignUp(ANN, (formula, "-survey quantization"), confirmed=True))
    export_subscribers(engine, tmp_path / "subscribers.csv")
    text = (tmp_path / "subscribers.csv").read_text(encoding="utf-8")
    assert ",'@SUM" in text
    assert ",'-survey" in text
    other = new_store(tmp_path / "other.db")
    import_subscribers(other, CONFIG, tmp_path / "subscribers.csv", MONDAY)
    assert [each.query for each in stored_subscriber(other, ANN).subscriptions] == [formula, "-survey quantization"]
    other.dispose()


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_files_of_all_spreadsheet_dialects_are_read(
    engine: Engine, tmp_path: Path, mark: bytes, line_end: str, delimiter: str
) -> None:
    rows = [["Email", "State", "Query", "Hour"], [ANN, "active", "éclair", "7:05"], ["", "", "", ""], [BOB, "", "", ""]]
    text = "".join(delimiter.join(row) + line_end for row in rows)
    assert import_text(engine, tmp_path, mark + text.encode()) == ImportReport(2, 2, 2)
    ann, bob = everyone(engine)
    assert (ann.state, ann.hour, ann.subscriptions[0].label) == (SubscriberState.ACTIVE, "07:05", "éclair")
    assert (bob.state, bob.subscriptions[0].topic) == (SubscriberState.PENDING, "trending")


def test_wrong_rows_are_reported_by_line_and_the_others_imported(engine: Engine, tmp_path: Path) -> None:
    text = (
        HEADER
        + "ann@example.org,ACTIVE,quantization,,,,\n"
        + "nobody,ACTIVE,quantization,,,,\n"
        + "carol@example.org,ACTIVE,quantization OR (,,,,\n"
        + 'dave@example.org,ACTIVE,"two\nlines, quoted",,,,\n'
        + "erin@example.org,ACTIVE,,quantum-cooking,,,\n"
        + "frank@example.org,AWAKE,,,,,\n"
        + "grace@example.org,ACTIVE,,,hourly,,\n"
        + "heidi@example.org,ACTIVE,,,daily,25:00,\n"
        + "ivan@example.org,ACTIVE,,,daily,08:00,Mars/Olympus\n"
        + "judy@example.org,ACTIVE,one, two, three,,daily,08:00,UTC\n"
        + ",ACTIVE,quantization,,,,\n"
        + "bob@example.org,ACTIVE,,all,,,\n"
    )
    imported = import_text(engine, tmp_path, text)
    assert (imported.rows, imported.new_subscribers, imported.new_subscriptions) == (2, 2, 2)
    assert [each.email for each in everyone(engine)] == [ANN, BOB]
    reasons = {each.line: each.reason for each in imported.refused}
    expected = {
        3: "'nobody' is not an email address",
        4: "column 17",
        5: "control",
        7: "there is no topic 'quantum-cooking'",
        8: "the state 'AWAKE' is unknown",
        9: "the cadence 'hourly' is unknown",
        10: "25:00",
        11: "Mars/Olympus",
        12: "9 cells",
        13: "'' is not an email address",
    }
    assert reasons.keys() == expected.keys()
    assert all(part in reasons[line] for line, part in expected.items())


def test_a_wrong_row_does_not_affect_other_rows_of_the_same_subscriber(engine: Engine, tmp_path: Path) -> None:
    imported = import_text(engine, tmp_path, HEADER + f"{ANN},ACTIVE,-a,,,,\n{ANN},ACTIVE,quantization,,,,\n")
    assert [each.line for each in imported.refused] == [2]
    assert [each.label for each in stored_subscriber(engine, ANN).subscriptions] == ["quantization"]


def test_the_later_value_counts_if_two_rows_of_one_subscriber_differ(engine: Engine, tmp_path: Path) -> None:
    rows = f"{ANN},ACTIVE,quantized,,daily,07:00,\nANN@example.org,,Quantization,all,weekly fri,,Europe/Berlin\n"
    assert import_text(engine, tmp_path, HEADER + rows) == ImportReport(2, 1, 2)
    ann = stored_subscriber(engine, ANN)
    assert (ann.state, ann.hour, ann.weekday) == (SubscriberState.ACTIVE, "07:00", 4)
    assert (ann.cadence, ann.timezone) == (Cadence.WEEKLY, "Europe/Berlin")
    assert [each.label for each in ann.subscriptions] == ["quantized", "All papers"]


def test_a_list_of_another_program_is_imported_by_its_only_column_of_addresses(engine: Engine, tmp_path: Path) -> None:
    report = import_text(engine, tmp_path, f"First Name,E-Mail Address\nAnn,{ANN}\n")
    assert (report.rows, report.refused) == (1, ())
    assert report.notes[0] == "the column 'E-Mail Address' is read as email"


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/full"])
def test_an_input_without_an_end_is_refused_in_a_sentence(engine: Engine, path: str) -> None:
    with pytest.raises(UsageError, match=f"{path} is larger than 64 MB; split it"):
        import_subscribers(engine, CONFIG, Path(path), MONDAY)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "no column email"),
        ("address,query\n", "no column email; add it"),
        ("E-Mail 1,E-Mail 2\n", "no column email; rename the column 'E-Mail 1'"),
        ("email,query,email\n", "twice"),
        ("quantization\n", "no column email"),
        ("email\nann@example.org\n".encode("utf-16") + b"x", "damaged UTF-16 text"),
        ("x" * 200_000, "no column email"),
    ],
)
def test_a_file_that_is_not_a_list_of_subscribers_is_refused_as_a_whole(
    engine: Engine, tmp_path: Path, content: str | bytes, says: str
) -> None:
    with pytest.raises(UsageError, match=says.replace("?", r"\?")):
        import_text(engine, tmp_path, content)
    assert everyone(engine) == []


@pytest.mark.slow
def test_a_row_with_a_missing_quotation_mark_is_refused_with_this_reason(engine: Engine, tmp_path: Path) -> None:
    rest = "".join(f"reader{number}@example.org,,,,,,\n" for number in range(5000))
    imported = import_text(engine, tmp_path, HEADER + f'{ANN},ACTIVE,"quantization,,,,\n' + rest)
    assert [each.line for each in imported.refused] == [2]
    assert "a quotation mark is not closed" in imported.refused[0].reason
    assert imported.rows == 5000


def test_a_phrase_is_imported_as_a_phrase_or_refused_but_never_without_its_marks(
    engine: Engine, tmp_path: Path
) -> None:
    rows = f'{ANN},"mixture of experts" OR pruning\n{BOB},"""mixture of experts"" OR pruning"\n'
    imported = import_text(engine, tmp_path, "email,query\n" + rows)
    assert [(each.line, '"""mixture of experts"" OR pruning"' in each.reason) for each in imported.refused] == [
        (2, True)
    ]
    (bob,) = everyone(engine)
    assert [each.query for each in bob.subscriptions] == ['"mixture of experts" OR pruning']


def test_a_list_of_another_program_is_imported_with_its_addresses_alone(engine: Engine, tmp_path: Path) -> None:
    text = "Email,Name,Tags\nann@example.org,Ann Smith,vip\nbob@example.org,Bob,\n"
    imported = import_text(engine, tmp_path, text.encode("utf-16"))
    notes = (
        "the column name is left out, because it needs one of the columns query, topic",
        "left out, because notifier has no such columns: 'Tags'",
    )
    assert imported == ImportReport(2, 2, 2, notes=notes)
    assert [each.subscriptions[0].name for each in everyone(engine)] == [None, None]


def test_a_subscriber_imported_as_active_gets_digests_like_one_who_confirmed(engine: Engine, tmp_path: Path) -> None:
    ingest_page(engine, tmp_path, ["A Paper of Last Night", "Another of Last Night"])
    rows = [f"{ANN},ACTIVE,,all,daily,,", f"{BOB},,,all,daily,,", "eve@example.org,PAUSED,,all,daily,,"]
    import_text(engine, tmp_path, HEADER + "\n".join(rows))
    assert plan(engine, CONFIG, AT_EIGHT) == PlanReport(due=1, digests=1)


def test_an_imported_pause_whose_day_has_passed_ends(engine: Engine, tmp_path: Path) -> None:
    import_text(engine, tmp_path, HEADER + f"{ANN},PAUSED until 2026-07-01,,all,daily,,")
    plan(engine, CONFIG, MONDAY)
    assert stored_subscriber(engine, ANN).state is SubscriberState.ACTIVE


@pytest.mark.parametrize("state", ["", "PENDING", "ACTIVE", "PAUSED"])
def test_an_import_brings_back_no_subscriber_who_left(engine: Engine, tmp_path: Path, state: str) -> None:
    add_subscriber(engine, SignUp(ANN, confirmed=True))
    unsubscribe(engine, ANN, MONDAY)
    before = stored_subscriber(engine, ANN)
    imported = import_text(engine, tmp_path, HEADER + f"{ANN},{state},quantization,,,,\n{BOB},ACTIVE,,,,,\n")
    (refused,) = imported.refused
    assert refused.line == 2
    assert "is UNSUBSCRIBED here" in refused.reason
    assert stored_subscriber(engine, ANN) == before
    assert imported.new_subscribers == 1


def test_an_import_adds_no_erased_address_until_it_signs_up_again(engine: Engine, tmp_path: Path) -> None:
    add_subscriber(engine, SignUp(ANN, confirmed=True))
    erase(engine, ANN, MONDAY)
    rows = HEADER + "Ann@Example.org,ACTIVE,quantization,,,,\n"
    (refused,) = import_text(engine, tmp_path, rows).refused
    assert "was erased here" in refused.reason
    assert everyone(engine) == []
    add_subscriber(engine, SignUp(ANN))
    assert import_text(engine, tmp_path, rows).refused == ()
    assert stored_subscriber(engine, ANN).state is SubscriberState.ACTIVE


def test_an_import_keeps_pauses_and_confirms_pending_subscribers(engine: Engine, tmp_path: Path) -> None:
    add_subscriber(engine, SignUp(ANN, confirmed=True))
    pause(engine, ANN, None, MONDAY)
    add_subscriber(engine, SignUp(BOB))
    import_text(engine, tmp_path, HEADER + f"{ANN},ACTIVE,quantization,,,09:00,\n{BOB},ACTIVE,,,,,\n")
    ann = stored_subscriber(engine, ANN)
    assert (ann.state, ann.hour, len(ann.subscriptions)) == (SubscriberState.PAUSED, "09:00", 1)
    assert stored_subscriber(engine, BOB).next_due == AT_EIGHT


def test_an_import_can_unsubscribe_a_subscriber_who_then_gets_no_digest(engine: Engine, tmp_path: Path) -> None:
    add_subscriber(engine, SignUp(ANN, topics=("all",), confirmed=True))
    ingest_page(engine, tmp_path, ["A Paper of Last Night", "Another of Last Night"])
    plan(engine, CONFIG, AT_EIGHT)
    assert import_text(engine, tmp_path, f"email,state\n{ANN},UNSUBSCRIBED\n").refused == ()
    assert stored_subscriber(engine, ANN).state is SubscriberState.UNSUBSCRIBED
    assert plan(engine, CONFIG, AT_EIGHT.replace(day=7)) == PlanReport()


def test_thousands_of_rows_are_imported_in_batches_that_the_caller_sees(engine: Engine, tmp_path: Path) -> None:
    rows = "".join(f"reader{number // 2}@example.org,ACTIVE,word{number % 97},,,,\n" for number in range(3000))
    (tmp_path / "subscribers.csv").write_text(HEADER + rows, encoding="utf-8")
    seen = []

    def watched(batches: Sequence[list[CsvRow]]) -> Iterator[list[CsvRow]]:
        for batch in batches:
            seen.append(len(batch))
            yield batch

    imported = import_subscribers(engine, CONFIG, tmp_path / "subscribers.csv", MONDAY, watched)
    assert imported == ImportReport(3000, 1500, 3000)
    assert sum(seen) == 3000
    assert len(seen) > 1
