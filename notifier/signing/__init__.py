"""Sign the links in mails, the addresses that bounces are sent to (return paths), and events; encrypt secrets.

Only the holder of the service's secret key can make them, and read what is encrypted.
"""

from notifier.signing.encryption import MISSING_EXTRA, decrypted, encrypted
from notifier.signing.links import (
    CONFIRM_PATH,
    DIGEST_PATH,
    MANAGE_PATH,
    PATHS,
    PRIVATE_FEED_PATH,
    SIGN_IN_PATH,
    UNSUBSCRIBE_PATH,
    VOTE_PATH,
    Grant,
    LinkPurpose,
    LinkSigner,
    grants_in,
    redact_links,
    sign,
    unsubscribe_ids,
    verify,
)
from notifier.signing.return_paths import ReturnPaths, returned_deliveries
from notifier.signing.webhooks import derived_webhook_key, event_signature, webhook_key, webhook_secret

__all__ = [
    "CONFIRM_PATH",
    "DIGEST_PATH",
    "MANAGE_PATH",
    "MISSING_EXTRA",
    "PATHS",
    "PRIVATE_FEED_PATH",
    "SIGN_IN_PATH",
    "UNSUBSCRIBE_PATH",
    "VOTE_PATH",
    "Grant",
    "LinkPurpose",
    "LinkSigner",
    "ReturnPaths",
    "decrypted",
    "derived_webhook_key",
    "encrypted",
    "event_signature",
    "grants_in",
    "redact_links",
    "returned_deliveries",
    "sign",
    "unsubscribe_ids",
    "verify",
    "webhook_key",
    "webhook_secret",
]
