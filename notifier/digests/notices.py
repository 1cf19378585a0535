"""Collect the values for the templates of a notice and of an alert."""

from __future__ import annotations

from notifier.digests.settings import DigestSettings
from notifier.models import Alert, Notice
from notifier.signing import Grant, LinkPurpose, LinkSigner
from notifier.text.harmless import inert


def notice_values(notice: Notice, settings: DigestSettings, signer: LinkSigner) -> dict[str, object]:
    """Return the values for the templates of a notice; `signer` signs its link to a page."""
    details = notice.details
    return {
        "subject": inert(notice.subject),
        "brand": inert(settings.brand),
        "postal_address": inert(settings.postal_address),
        "site": signer.base_url,
        "link": signer.url(Grant(LinkPurpose(details.link), details.request_id)),
        "recipient": inert(notice.recipient),
        "asked": tuple(map(inert, details.asked)),
        "is_addition": details.is_addition,
        "new_email": inert(details.new_email),
    }


def alert_values(alert: Alert, settings: DigestSettings) -> dict[str, object]:
    """Return the values for the templates of an alert."""
    details = alert.details
    return {
        "subject": inert(alert.subject),
        "brand": inert(settings.brand),
        "postal_address": inert(settings.postal_address),
        "recipient": inert(alert.recipient),
        "about": inert(details.about),
        "what": inert(details.what),
        "cure": inert(details.cure),
        "is_well": details.is_well,
        "flaps": details.flaps,
    }
