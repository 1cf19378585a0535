"""Read a message into its parts (RFC 5322 and 2045 to 2049, with UTF-8 headers of RFC 6532), within fixed limits.

Anybody may send a message to the mailbox, so it may be huge, broken, or nested a thousand times. Python's own parser
reads such a message in time that grows with the square of its size, or fails. What is beyond the limits is left unread.
"""

from __future__ import annotations

import binascii
import quopri
import re
from dataclasses import dataclass, field
from email.errors import HeaderParseError
from email.header import decode_header, make_header

LARGEST_MESSAGE = 1 << 20  # bytes; a caller need not read more of a message than this
LONGEST_HEADER = 64 << 10  # bytes
MOST_FIELDS = 200  # in one header
LONGEST_FIELD = 4000  # characters
DEEPEST = 6  # parts within parts
MOST_PARTS = 60
LONGEST_TEXT = 200_000  # bytes of the body of one part

_EMBEDDED = ("message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers", "message/news")
_PARAMETER = re.compile(r';[ \t]*+([\w.*-]++)[ \t]*+=[ \t]*+(?:"((?:[^"\\]|\\.)*+)"|([^\s;"]*+))')
_BOUNDARY_LENGTH = 200
_LINE_END = re.compile(rb"\r++\n|\r")
# The families of text encodings that mails use. Others, such as Python's `punycode`, take too long for long texts.
_ENCODING = re.compile(
    r"(?:utf|us-ascii|ascii|iso-?8859|iso-?2022|latin|windows-?\d|cp\d|koi8|gb|big5|euc|shift|sjis|tis|mac)[\w.-]*+",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Part:
    """A message, or a part of one: the fields of its header in their order, and its body as it was sent.

    The names of fields are in lower case. `parts` are those of a multipart, or the one message in a message/rfc822.
    `is_cut` says that there are parts beyond the limits.
    """

    fields: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    content_type: str = "text/plain"
    parameters: dict[str, str] = field(default_factory=dict)
    parts: tuple[Part, ...] = ()
    is_cut: bool = False

    def get(self, name: str) -> str:
        """Return the value of the first field with this name, empty if there is none."""
        return next((value for each, value in self.fields if each == name), "")

    def all(self, *names: str) -> list[str]:
        """Return the values of all fields with these names."""
        return [value for each, value in self.fields if each in names]

    def walk(self) -> list[Part]:
        """Return this part and all parts in it, in their order."""
        return [self, *(inner for part in self.parts for inner in part.walk())]


@dataclass(slots=True)
class _Budget:
    """How many more parts may be read."""

    parts: int = MOST_PARTS


def read_message(content: bytes) -> Part:
    """Return the message that these bytes hold; of what is too long, only the beginning is read."""
    text = with_line_feeds(content[:LARGEST_MESSAGE]).lstrip(b"\n")
    if text.startswith((b"From ", b">From ")):  # the first line of a message in a mailbox file
        text = text.partition(b"\n")[2]
    return _read_part(text, "text/plain", 0, _Budget())


def with_line_feeds(text: bytes) -> bytes:
    """Return a text whose lines end in LF, whether they ended in CRLF, CR, or, after a wrong conversion, CRCRLF."""
    return _LINE_END.sub(b"\n", text)


def read_fields(text: bytes) -> tuple[tuple[str, str], ...]:
    """Return the fields of a header, or of a group of fields in a report, unfolded."""
    fields: list[tuple[str, str]] = []
    for line in text[:LONGEST_HEADER].decode(errors="replace").split("\n"):
        name, colon, value = line.partition(":")
        if line[:1] in (" ", "\t"):
            if fields:
                known, before = fields[-1]
                fields[-1] = known, f"{before} {line.strip()}"[:LONGEST_FIELD]
        elif colon and name.isprintable() and not any(map(str.isspace, name.rstrip())):
            if len(fields) == MOST_FIELDS:
                break
            fields.append((name.strip().lower(), value.strip()[:LONGEST_FIELD]))
    return tuple(fields)


def decoded(value: str) -> str:
    """Return the value of a field with its encoded words decoded (RFC 2047)."""
    if "=?" not in value:
        return value
    try:
        return str(make_header([_decoded_word(*each) for each in decode_header(value[:LONGEST_FIELD])]))
    except (HeaderParseError, LookupError, ValueError):
        return value


def _decoded_word(word: str | bytes, charset: str | None) -> tuple[str, str | None]:
    return (word, None) if isinstance(word, str) else (_text(word, charset or "ascii"), None)


def body_of(part: Part) -> bytes:
    """Return the body of a part without its transfer encoding, at most LONGEST_TEXT bytes."""
    match part.get("content-transfer-encoding").lower():
        case "base64":
            return _from_base64(part.body[: 2 * LONGEST_TEXT])[:LONGEST_TEXT]
        case "quoted-printable":
            return quopri.decodestring(part.body[: 2 * LONGEST_TEXT])[:LONGEST_TEXT]
        case _:
            return part.body[:LONGEST_TEXT]


def text_of(part: Part) -> str:
    """Return the text of a part; characters that cannot be read become U+FFFD."""
    return _text(body_of(part), part.parameters.get("charset", "utf-8"))


def _text(content: bytes, charset: str) -> str:
    if not _ENCODING.fullmatch(charset):
        charset = "utf-8"
    try:
        return content.decode(charset, errors="replace")
    except (LookupError, ValueError):
        return content.decode(errors="replace")


def _from_base64(text: bytes) -> bytes:
    letters = bytes(letter for letter in text if letter > 32 and letter != ord("="))
    try:
        return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))
    except binascii.Error:
        return b""


def _read_part(text: bytes, default_type: str, depth: int, budget: _Budget) -> Part:
    budget.parts -= 1
    header, _, body = (b"", b"\n", text[1:]) if text.startswith(b"\n") else text.partition(b"\n\n")
    fields = read_fields(header)
    content_type, parameters = _content_type(dict(reversed(fields)).get("content-type", ""), default_type)
    part = Part(fields, body, content_type, parameters)
    if content_type.startswith("multipart/"):
        inner = _split(body, parameters.get("boundary", ""))
    elif content_type in _EMBEDDED:
        inner = [with_line_feeds(body_of(part)).lstrip(b"\n")]
    else:
        return part
    is_cut = depth == DEEPEST or len(inner) > budget.parts
    default = "message/rfc822" if content_type == "multipart/digest" else "text/plain"
    parts = []
    for each in inner if depth < DEEPEST else ():
        if budget.parts <= 0:
            break
        parts.append(_read_part(each, default, depth + 1, budget))
    return Part(fields, body, content_type, parameters, tuple(parts), is_cut or any(each.is_cut for each in parts))


def _content_type(value: str, default: str) -> tuple[str, dict[str, str]]:
    """Return the type of a part in lower case, and its parameters."""
    name = value.partition(";")[0].strip().lower()
    parameters = {
        each[1].lower(): re.sub(r"\\(.)", r"\1", each[2]) if each[2] is not None else each[3]
        for each in _PARAMETER.finditer(value)
    }
    return (name if "/" in name else default), parameters


def _split(body: bytes, boundary: str) -> list[bytes]:
    """Return the parts of a multipart; none if it has no boundary."""
    if not 0 < len(boundary) <= _BOUNDARY_LENGTH:
        return []
    pieces = (b"\n" + body).split(b"\n--" + boundary.encode(errors="replace"), MOST_PARTS + 1)
    parts: list[bytes] = []
    for piece in pieces[1:]:
        rest, _, content = piece.partition(b"\n")
        if rest.startswith(b"--"):
            break
        if rest.strip():  # a longer boundary, of an inner part, with the same beginning
            if parts:
                parts[-1] += b"\n--" + boundary.encode(errors="replace") + piece
            continue
        parts.append(content)
    return parts
