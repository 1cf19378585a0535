"""Compose mails: turn digests into the bytes of messages. It reads no clock, and no files except templates.

Other packages of notifier import only from this file.
"""

from notifier.mail.composer import Composer
from notifier.mail.headers import MailSettings, check_settings

__all__ = [
    "Composer",
    "MailSettings",
    "check_settings",
]
