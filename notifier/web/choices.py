"""The choices that a form offers: topics with their volume, cadences, hours, weekdays and time zones."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources

from notifier.models import Cadence, Subscriber, SubscriberState
from notifier.subscribers import calendars
from notifier.topics import ALL, FOR_YOU, RESERVED, TRENDING
from notifier.web.fields import Interests, ScheduleFields
from notifier.web.previews import volume, volumes_of_topics
from notifier.web.site import Site
from notifier.web.wording import CADENCES

FIRST_TOPICS = {
    TRENDING: "The ten best of the papers that are new to you.",
    FOR_YOU: "The ten that suit you best, by what you have said of other papers.",
    ALL: "Every paper that comes in.",
}


@dataclass(frozen=True, slots=True)
class TopicChoice:
    """A topic in a form; `volume` is a phrase such as `about 5 a week`, or empty."""

    slug: str
    title: str
    description: str
    volume: str
    is_chosen: bool


def interest_choices(site: Site, interests: Interests) -> dict[str, object]:
    """Return the values of a form about topics and words."""
    return {"topics": topic_choices(site, interests), "interests": interests}


def topic_choices(site: Site, interests: Interests) -> list[TopicChoice]:
    """Return the topics that a form offers: first the best papers, then by title, and last all papers."""
    recent = site.recent.get(site.engine, site.clock())
    volumes = {
        **volumes_of_topics(recent),
        ALL: volume(recent.per_week(recent.papers)),
        **dict.fromkeys((TRENDING, FOR_YOU), "up to 10 a day"),
    }
    topics = sorted(site.catalogue.topics.values(), key=lambda topic: topic.title.casefold())
    shown = [(topic.slug, topic.title, topic.description) for topic in topics]
    trending, for_you, last = ((slug, RESERVED[slug], text) for slug, text in FIRST_TOPICS.items())
    return [
        TopicChoice(slug, title, description, volumes.get(slug, ""), slug in interests.topics)
        for slug, title, description in (trending, for_you, *shown, last)
    ]


def schedule_choices(schedule: ScheduleFields) -> dict[str, object]:
    """Return the values of a form about cadence, hour, weekday and time zone."""
    hours = [f"{hour:02}:00" for hour in range(24)]
    return {
        "schedule": schedule,
        "cadences": [(str(cadence), words) for cadence, words in CADENCES.items()],
        "hours": sorted({*hours, schedule.hour}),
        "weekdays": [(day, day.title()) for day in calendars.WEEKDAYS],
        "zones": zones_by_region(),
        "has_other_zone": schedule.timezone not in zone_names(),
        "weekly": Cadence.WEEKLY,
    }


def can_get_fewer_mails(subscriber: Subscriber) -> bool:
    """Return whether a subscriber would get fewer mails with the weekly cadence."""
    return (
        subscriber.cadence not in (Cadence.WEEKLY, Cadence.MONTHLY)
        and subscriber.state is not SubscriberState.UNSUBSCRIBED
    )


@cache
def zone_names() -> frozenset[str]:
    """Return the time zones that a form lists: those of zone.tab, and UTC."""
    lines = resources.files("tzdata").joinpath("zoneinfo", "zone.tab").read_text(encoding="utf-8").splitlines()
    return frozenset(line.split("\t")[2] for line in lines if line and not line.startswith("#")) | {"UTC"}


@cache
def zones_by_region() -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the names of the time zones by region, each with the words that a form shows for it."""
    regions: dict[str, list[tuple[str, str]]] = {}
    for name in sorted(zone_names() - {"UTC"}):
        region, _, place = name.partition("/")
        regions.setdefault(region, []).append((name, place.replace("_", " ").replace("/", ", ")))
    return sorted(regions.items())
