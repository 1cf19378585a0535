"""Decide what a permanent refusal (5xx) is about: the recipient, the mail's size, or something else. Pure functions.

A relay that refuses all our mail answers each recipient with 550, just like one that does not know the mailbox. So a
refusal is about the recipient only if its enhanced code (RFC 3463) says so, or if it has no specific code and its text
says that the mailbox is unknown. A refusal is doubtful if it has any other specific code, or any word that blames
somebody else. Codes and words in a reply that it quotes count too. A doubtful refusal is not about the recipient,
because a mail that waits does less harm than a subscriber who gets no more mail.
"""

from __future__ import annotations

import re

# Enhanced codes without their class. They say that the mailbox (1.1, 1.6, 2.1), its domain (1.2, 1.10) or the syntax of
# its address (1.3) is wrong.
_BLAMES_RECIPIENT = frozenset({"1.1", "1.2", "1.3", "1.6", "1.10", "2.1"})
# By definition "no answer from host". Exchange Online also uses it when it does not know the recipient, and when it
# refuses to relay.
_NO_ANSWER_FROM_HOST = "4.1"
_UNSPECIFIC = frozenset({"0.0", "1.0", "2.0", "5.0"})
_NO_UTF8 = frozenset({"6.7", "6.9"})  # a server on the path does not support SMTPUTF8 (RFC 6531, section 4.2)
_TOO_LARGE = frozenset({"2.3", "3.4"})  # 2.3: for the mailbox; 3.4: for the system
_MAILBOX_FULL = "2.2"
_OVER_LIMIT_OF_RECIPIENT = 523  # the mail is too large; 523 with 5.7.10 means that encryption is needed (RFC 5248)

# At the beginning of a line, also as #5.1.1 (Cisco), or in the form of qmail: (#5.1.1).
_ENHANCED_CODE = re.compile(r"(?:^#?|\(#)5\.(\d{1,3})\.(\d{1,3})(?![\d.])", re.MULTILINE)
# A code of class 4 or 5 anywhere in a reply, also in a reply that it quotes. An IP address does not match, because it
# has four numbers.
_ANY_CODE = re.compile(r"(?<![\d.])[45]\.(\d{1,3})\.(\d{1,3})(?!\.?\d)")
_READ = 4000  # examine at most this many characters of a reply, so that the time is bounded
# Addresses, host names and links. The words in them do not say what the refusal is about.
_NAMES = re.compile(r"<[^<>]{0,320}>|[^\s@<>]{1,64}@[^\s@<>]{1,255}|https?://\S+|\b[\w-]{1,63}(?:\.[\w-]{1,63})+")

_UNKNOWN_MAILBOX = re.compile(
    r"\b(?:"
    r"unknown (?:local )?(?:user|recipient|mailbox|account|part)"
    r"|(?:user|recipient|mailbox|account|address)(?: is)? (?:unknown|not found|not known)"
    r"|(?:user|recipient|mailbox|account|address) (?:does not|doesn't|did not) exist"
    r"|no such (?:user|recipient|mailbox|account|person)"
    r"|no mailbox (?:here )?by that name"
    r"|recipient (?:address )?rejected: (?:\S+ ){0,4}unknown"
    r"|(?:does not|doesn't) have an? (?:\S+ )?account"
    r")\b"
)
# Words of refusals that are not about an unknown mailbox, but about our address, login or network, spam, a limit, or a
# temporary state.
_BLAMES_OTHERS = re.compile(
    r"\b(?:your|sender\w*|sending|from|return[ -]?path|originator\w*|envelope|helo|ehlo|spf|dkim|dmarc|spam\w*|junk"
    r"|bulk|unsolicited|virus\w*|abus\w+|attack\w*|harvest\w*|filter\w*|polic(?:y|ies)|administrativ\w+|reputation|content"
    r"|trust\w*|untrusted|secur\w+|callout|callback|\w*verif\w+|relay\w*(?! recipient table)|smart ?-?host|block\w*"
    r"|black-?list\w*|deny-?list\w*|\w*listed|gr[ae]y-?list\w*|bann?ed|rbl|dnsbl|rate|limit\w*|too many|too quickly"
    r"|too much|exceed\w*|allowance|temporar\w+|tempfail|time-?d? ?-?out|try again|try later|quota|full|storage|space"
    r"|payment|internal|maintenance|shut\w*|overload\w*|busy|congest\w*|configur\w+|ldap|database|lookup fail\w*"
    r"|could not|cannot connect|service unavailable|locked|come back|later|clients?|ips?|r?dns|ptr"
    r"|reverse|auth\w*|unauthori[sz]ed|log(?:ged|ging)?[ -]?(?:in|on)|credentials?|password|submission|starttls|tls"
    r"|certificates?|encrypt\w*|not permitted|permission|prohibit\w*|not allowed|disallowed|denied|refused|forbidden)\b"
)
# In a reply without a code, these words may be about the sender as well.
_MAY_BLAME_OTHERS = re.compile(r"\b(?:hosts?|smtp|servers?|networks?|domain)\b")
_QUOTES = re.compile(r"\bhost (?:\S+ ){0,3}said:")  # before the reply of another server
_RECIPIENT_REJECTED = re.compile(r"\brecipient (?:address )?rejected\b")
_REJECTED_BY_HOST = re.compile(r"\brecipient (?:address )?rejected: access denied\b")
_PUNCTUATION = ".,:;!?()[]<>{}'\"=-*#/|\u2026"
_DATE_WORDS = frozenset(
    "mon|tue|wed|thu|fri|sat|sun|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|utc|gmt".split("|")  # noqa: SIM905
)
_COMPARED_WORDS = 15
_MAIL = r"(?:messages?|mail|e-mail|email|body|content|data|attachments?|file)"
_LARGE = re.compile(
    r"\b(?:too (?:large|big)|over-?sized?|too much mail data)\b"
    rf"|\b{_MAIL}(?: (?:is|was|body|content|data|far|much)){{0,2}} too long\b"
    r"|\b(?:message|mail|email|body|attachment)(?: (?:body|content|data))? exceed"
)
_SIZE = re.compile(rf"\bsizes?\b|\b{_MAIL} length\b|\b{_MAIL} (?:\S+ ){{0,6}}(?:bytes|octets|[kmg]i?b)\b")
_LIMIT = re.compile(
    r"\b(?:exceed\w*|limit\w*|max|maxim\w+|over|above|beyond|(?:great|larg|bigg|long)er|permitted|allowed)\b"
)
# The lengths and sizes of other things than a mail, and limits for many mails together.
_OTHER_SIZES = re.compile(
    r"\b(?:headers?|lines?|commands?|passwords?|local[ -]part|(?:mailbox|queue|list|batch|key|window)(?:'s)? size"
    r"|number of|rate|quotas? (?:size|exceed\w*)|over quota|per (?:second|minute|hour|day)|hourly|daily)\b"
)


def enhanced_codes(text: str) -> list[str]:
    """Return subject and detail of all enhanced codes of class 5 in a reply, such as `1.1`, in their order.

    A reply of several lines may have a code in each. Codes of another class contradict the reply and do not count.
    """
    return [f"{int(subject)}.{int(detail)}" for subject, detail in _ENHANCED_CODE.findall(text[:_READ])]


def specific_codes(text: str) -> set[str]:
    """Return the enhanced codes of a reply that name a specific cause; `0.0`, `1.0`, `2.0` and `5.0` do not."""
    return set(enhanced_codes(text)) - _UNSPECIFIC


def _all_codes(text: str) -> set[str]:
    """Return subject and detail of all enhanced codes of a failure anywhere in a reply."""
    return {f"{int(subject)}.{int(detail)}" for subject, detail in _ANY_CODE.findall(text[:_READ])}


def is_about_recipient(text: str, sender: str = "") -> bool:
    """Return whether a 5xx reply clearly says that the recipient's mailbox does not exist or accepts no mail.

    A reply that names the address of `sender` may mean that address.
    """
    if sender and sender.casefold() in text[:_READ].casefold():
        return False
    codes, words = set(enhanced_codes(text)), _QUOTES.sub(" ", _own_words(text))
    blaming = _BLAMES_RECIPIENT
    if _NO_ANSWER_FROM_HOST in codes and _RECIPIENT_REJECTED.search(words):
        blaming |= {_NO_ANSWER_FROM_HOST}
        words = _REJECTED_BY_HOST.sub(" ", words)
    if not _all_codes(text) - _UNSPECIFIC <= blaming or _BLAMES_OTHERS.search(words):
        return False
    if specific_codes(text):
        return True
    return bool(_UNKNOWN_MAILBOX.search(words)) and not _MAY_BLAME_OTHERS.search(words)


def is_about_size(code: int, text: str) -> bool:
    """Return whether a 5xx reply says that the mail is too large.

    The words of the reply decide if its enhanced codes do not: many servers report a size limit as a policy (5.7.1) or
    as a content error (5.6.0).
    """
    codes = set(enhanced_codes(text))
    if codes & _TOO_LARGE:
        return True
    if code == _OVER_LIMIT_OF_RECIPIENT and not specific_codes(text):
        return True
    words = _own_words(text)
    if _MAILBOX_FULL in codes or _OTHER_SIZES.search(words):
        return False
    return bool(_LARGE.search(words) or (_SIZE.search(words) and _LIMIT.search(words)))


def is_about_utf8(text: str) -> bool:
    """Return whether a 5xx reply says that a server does not support addresses with characters beyond ASCII."""
    return bool(set(enhanced_codes(text)) & _NO_UTF8)


def without_variable_parts(reply: str, recipient: str) -> str:
    """Return a text that is the same for all refusals with the same cause.

    The text is the basic code, the enhanced codes and the first words of the reply. The recipient, other names,
    numbers, ids and times are left out, because they may differ from mail to mail. The last words of a long reply are
    left out too: a stored reply is cut at a fixed length, so a reply with longer names keeps fewer of its words.
    """
    code, _, text = reply.partition(" ")
    local, _, domain = recipient.casefold().rpartition("@")
    words = [word.strip(_PUNCTUATION) for word in _own_words(text).split() if not any(map(str.isdigit, word))]
    said = [word for word in words if word and word not in _DATE_WORDS and word not in (local, domain)]
    return " ".join([code, *dict.fromkeys(enhanced_codes(text)), *said[:_COMPARED_WORDS]])


def _own_words(text: str) -> str:
    """Return a reply in lower case, on one line, and without addresses and the names of hosts."""
    return " ".join(_NAMES.sub(" ", text[:_READ]).casefold().split())
