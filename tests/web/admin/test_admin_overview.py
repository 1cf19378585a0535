"""The overview of administrators: today's dumps, mail by hour, sources, and what needs a hand."""

from __future__ import annotations

from datetime import timedelta

import httpx
from lxml import html
from sqlalchemy import Engine
from support.admin_site import BOB
from support.visitors import parsed, shown
from support.web_site import AT_EIGHT, deliver_and_read_mails

from notifier.config import Config
from notifier.models import SubscriberState
from notifier.operations import hold_delivery, list_deliveries, read_overview
from notifier.pipeline import plan
from notifier.store import dumps, writing
from notifier.subscribers.leaving import deactivate
from notifier.subscribers.subscribing import get_subscriber
from notifier.web.admin.hourly_plot import hourly_plot
from notifier.web.weekly_plot import HEIGHT


def test_the_overview_shows_the_dumps_of_today_and_the_mails_by_hour(
    engine: Engine, config: Config, client: httpx.Client
) -> None:
    page = client.get("/admin/")
    assert "No mail was accepted in the last 24 hours." in shown(page)
    assert "2 new papers today" in shown(page)
    assert "06:00 · 2 papers · page text, of 2026-07-06" in shown(page)
    plan(engine, config, AT_EIGHT)
    deliver_and_read_mails(engine, config)
    page = client.get("/admin/")
    assert "Mails an hour" in shown(page)
    assert "3 mails. The most were 3, from 08:00." in shown(page)
    assert len(parsed(page).xpath("//*[local-name()='rect']")) == 24
    assert "3 ACCEPTED" in shown(page)
    assert "Nothing. All is well." in shown(page)


def test_each_mail_is_in_the_hour_in_which_it_was_accepted(
    engine: Engine, config: Config, client: httpx.Client
) -> None:
    plan(engine, config, AT_EIGHT)
    deliver_and_read_mails(engine, config, AT_EIGHT + timedelta(minutes=59))
    plan(engine, config, AT_EIGHT + timedelta(days=1))
    for at, expected in ((60, 22), (23 * 60 + 59, 0), (24 * 60, None)):
        mails = read_overview(engine, AT_EIGHT + timedelta(minutes=at)).mails
        assert [place for place, (_, count) in enumerate(mails) if count] == ([] if expected is None else [expected])
    assert client.get("/admin/").status_code == 200


def test_a_bar_is_as_high_as_its_hour_has_mails() -> None:
    hours = [(AT_EIGHT + timedelta(hours=number), count) for number, count in enumerate((0, 1, 1000, 500))]
    plot = hourly_plot(hours)
    assert plot is not None
    assert [bar.height for bar in plot.bars] == [0, 2, HEIGHT, HEIGHT // 2]
    assert (plot.total, plot.highest.mails) == (1501, 1000)
    assert hourly_plot([(AT_EIGHT, 0)]) is None


def test_what_needs_a_hand_comes_first_and_leads_to_the_page_for_it(
    engine: Engine, config: Config, client: httpx.Client
) -> None:
    plan(engine, config, AT_EIGHT)
    hold_delivery(engine, list_deliveries(engine, 1)[0].id, AT_EIGHT)
    with writing(engine) as connection:
        dumps.quarantine(connection, "papers.txt", "0" * 64, "it is <b>no</b> list of papers", AT_EIGHT)
        deactivate(connection, get_subscriber(connection, BOB), SubscriberState.SUPPRESSED, AT_EIGHT)
    page = client.get("/admin/")
    needs = [heading.text_content() for heading in parsed(page).xpath("//h2[@id='needs']/following-sibling::ul[1]//h3")]
    assert needs == ["1 mail is HELD", "1 subscriber is SUPPRESSED", "1 file is quarantined"]
    assert "it is <b>no</b> list of papers" in shown(page)
    assert "<b>no</b>" not in html.tostring(parsed(page)).decode()
    for link in parsed(page).xpath("//h2[@id='needs']/following-sibling::ul[1]//a/@href"):
        assert link.startswith("/admin/")
