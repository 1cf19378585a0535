"""Mails: from a digest to the bytes of its message. Nothing here does I/O or reads a clock.

Other components import from here only.
"""

from notifier.mail.checking import check_templates
from notifier.mail.composer import Composer
from notifier.mail.headers import MailSettings, check_settings

__all__ = ["Composer", "MailSettings", "check_settings", "check_templates"]
