"""Decide who is a curator."""

from __future__ import annotations

from notifier.config import Config
from notifier.models import Subscriber, SubscriberState
from notifier.text.addresses import address_key


def is_curator(config: Config, subscriber: Subscriber | None) -> bool:
    """Return whether somebody who is signed in may curate papers.

    They must be an active subscriber, and their address must be in `[web] curators` or `[web] admins`.
    """
    if subscriber is None or subscriber.state is not SubscriberState.ACTIVE:
        return False
    return address_key(subscriber.email) in {address_key(each) for each in (*config.web.curators, *config.web.admins)}
