"""Links in mails and return paths for bounces. Only the holder of the service's secret key can make them."""

from notifier.signing.links import PATHS, UNSUBSCRIBE_PATH, Grant, LinkPurpose, LinkSigner, redact_links, sign, verify
from notifier.signing.return_paths import ReturnPaths

__all__ = [
    "PATHS",
    "UNSUBSCRIBE_PATH",
    "Grant",
    "LinkPurpose",
    "LinkSigner",
    "ReturnPaths",
    "redact_links",
    "sign",
    "verify",
]
