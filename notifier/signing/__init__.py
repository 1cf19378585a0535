"""What only the holder of the secret key can make: links in mails, and return paths."""

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
