"""Messages that come back, as mail servers, mailbox providers and people write them, about one digest to Ann."""

from __future__ import annotations

from string import Template

from support.paths import DATA

from notifier.signing import Grant, LinkPurpose, ReturnPaths, sign

FOLDER = DATA / "returned"
NAMES = sorted(path.stem for path in FOLDER.iterdir())
KEY = b"k" * 32
ANN, PAPERS = "ann@example.net", "papers@example.org"
MESSAGE_ID = "<0123456789abcdef@example.org>"


def return_path(delivery_id: int = 7, key: bytes = KEY) -> str:
    return ReturnPaths("bounces@example.org", key).return_path(delivery_id)


def token(subscriber_id: int = 17, key: bytes = KEY) -> str:
    return sign(key, Grant(LinkPurpose.UNSUBSCRIBE_ALL, subscriber_id))


def message(
    name: str,
    path: str | None = None,
    signed: str | None = None,
    message_id: str = MESSAGE_ID,
    recipient: str = ANN,
) -> bytes:
    """Return a sample with the return path `path`, the signed id `signed`, this Message-ID and this recipient."""
    text = Template((FOLDER / f"{name}.eml").read_text(encoding="utf-8")).substitute(
        return_path=return_path() if path is None else path,
        token=token() if signed is None else signed,
        message_id=message_id,
    )
    encoded = recipient.replace("@", "%40")
    return text.replace("ann%40example.net", encoded).replace(ANN, recipient).encode()
