"""Compose mails: turn digests into the bytes of messages. It reads no clock, and no files except templates.

Other packages of notifier import only from this file.
"""

from notifier.mail.composer import Composer
from notifier.mail.headers import MailSettings, check_settings
from notifier.mail.shortening import MAIL_BYTES
from notifier.mail.template_checks import check_templates

__all__ = [
    "MAIL_BYTES",
    "Composer",
    "MailSettings",
    "check_settings",
    "check_templates",
]
