"""Decide who is a curator, and who is an administrator."""

from __future__ import annotations

from collections.abc import Collection

from notifier.config import Config
from notifier.models import Subscriber, SubscriberState
from notifier.text.addresses import address_key


def is_curator(config: Config, subscriber: Subscriber | None) -> bool:
    """Return whether somebody who is signed in may curate papers.

    They must be an active subscriber, and their address must be in `[web] curators` or `[web] admins`.
    """
    return _is_among((*config.web.curators, *config.web.admins), subscriber)


def is_admin(config: Config, subscriber: Subscriber | None) -> bool:
    """Return whether somebody who is signed in may use the pages of administrators.

    They must be an active subscriber, and their address must be in `[web] admins`.
    """
    return _is_among(config.web.admins, subscriber)


def _is_among(addresses: Collection[str], subscriber: Subscriber | None) -> bool:
    if subscriber is None or subscriber.state is not SubscriberState.ACTIVE:
        return False
    return address_key(subscriber.email) in set(map(address_key, addresses))
