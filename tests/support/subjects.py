"""Invented papers about a few subjects. Papers about the same subject resemble each other more than other papers."""

from __future__ import annotations

from datetime import date
from random import Random

from sqlalchemy import Engine
from support.service import MONDAY, add_listings

from notifier.config import Config
from notifier.models import Listing
from notifier.pipeline.tagging import tag
from notifier.topics import catalogue_of

SUBJECTS = {
    "bees": "honey bees hive pollen queen worker nectar swarm colony wax flower wings",
    "code": "program compiler software repository bug patch test function commit branch parser linker",
    "stars": "galaxy telescope nebula orbit planet comet dust spectrum redshift cluster dwarf quasar",
}
COMMON = "we show that a new method of this kind works better than all others in many experiments on large sets"
TOPICS = catalogue_of(Config())


def paper_about(subject: str, number: int) -> Listing:
    """Return an invented paper about a subject; each number gives another one."""
    choice = Random(f"{subject} {number}")
    own = SUBJECTS[subject].split()
    abstract = " ".join([*choice.choices(own, k=8), *choice.choices(COMMON.split(), k=14)])
    key = f"2607.{list(SUBJECTS).index(subject)}{number:04}"
    return Listing(position=1, title=" ".join([*choice.sample(own, 3), key]), abstract=abstract, arxiv_id=key)


def add_papers(engine: Engine, *listings: Listing, day: date | None = None, name: str = "") -> None:
    """Store these papers, on Monday or another day, and give them their topics and vectors."""
    add_listings(engine, name or f"dump of {listings[0].title}", day or MONDAY.date(), *listings)
    tag(engine, TOPICS)
