"""Whole mails as they are sent: the diff of these files shows what a changed template changes for subscribers.

After a wanted change, run this test with NOTIFIER_RENEW=1 in the environment, which writes the files again, and look at
what `git diff` says.
"""

import os

import pytest
from support.digest_samples import DIGEST, PAPER, SETTINGS, bodies, mail_of
from support.paths import DATA
from support.varied_digest import VARIED, VARIED_PAPERS, VARIED_SETTINGS

from notifier.mail import MailSettings
from notifier.models import Digest, Paper

MAILS = {"simple": (DIGEST, [PAPER], SETTINGS), "varied": (VARIED, VARIED_PAPERS, VARIED_SETTINGS)}


@pytest.mark.parametrize(("name", "digest", "papers", "settings"), [(name, *mail) for name, mail in MAILS.items()])
def test_a_mail_is_the_one_that_was_looked_at(
    name: str, digest: Digest, papers: list[Paper], settings: MailSettings
) -> None:
    for suffix, body in zip(("txt", "html"), bodies(mail_of(digest, *papers, settings=settings)), strict=True):
        file = DATA / "mails" / f"{name}.{suffix}"
        if os.environ.get("NOTIFIER_RENEW"):
            file.write_text(body, encoding="utf-8")
        assert body == file.read_text(encoding="utf-8")
