"""Tag the stored papers again after a few topics have changed, without matching all papers with all topics.

Only these topics are matched, and only with the papers that they may match. To find out which topics have changed, the
queries of the catalogue that has tagged the papers are stored.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Engine

from notifier import queries
from notifier.search import matching_ids
from notifier.store import reading, retried, tags, writing
from notifier.store.tags import CatalogueChange
from notifier.topics import Catalogue

MAX_CHANGED = 10  # if more topics have changed, it is faster to match all papers with all topics at once


def retag_changed(engine: Engine, catalogue: Catalogue) -> None:
    """Retag the papers that were tagged with another catalogue, if it differs from this one in a few topics only."""
    with reading(engine) as connection:
        kept = tags.kept_catalogues(connection)
    for fingerprint, old in kept.items():
        if fingerprint != catalogue.fingerprint:
            _retag(engine, fingerprint, old, catalogue)


def keep_queries(engine: Engine, catalogue: Catalogue) -> None:
    """Store the queries of the catalogue, if they are not stored yet."""
    with reading(engine) as connection:
        if catalogue.fingerprint in tags.kept_catalogues(connection):
            return
    _keep(engine, catalogue)


def _retag(engine: Engine, fingerprint: str, old: Mapping[str, str], catalogue: Catalogue) -> None:
    current = _canonical(catalogue)
    changed = [slug for slug, query in current.items() if old.get(slug) != query]
    removed = old.keys() - current.keys()
    if len(changed) + len(removed) > MAX_CHANGED:
        return
    with reading(engine) as connection:
        state = tags.tagged_state(connection, fingerprint)
        if not state[0]:
            return
        found = {slug: matching_ids(connection, catalogue.parsed_queries[slug]) for slug in changed}
    _apply(engine, CatalogueChange(fingerprint, catalogue.fingerprint, found, removed, state))


@retried
def _apply(engine: Engine, change: CatalogueChange) -> None:
    """Store the change. If papers have changed meanwhile, store nothing: `tag` then matches all with all topics."""
    with writing(engine) as connection:
        tags.retag(connection, change)


@retried
def _keep(engine: Engine, catalogue: Catalogue) -> None:
    with writing(engine) as connection:
        tags.keep_catalogue(connection, catalogue.fingerprint, _canonical(catalogue))


def _canonical(catalogue: Catalogue) -> dict[str, str]:
    return {slug: queries.canonical(query) for slug, query in catalogue.parsed_queries.items()}
