"""The words by which people ask to unsubscribe, in the languages of mail programs, and what may stand beside them.

The mails of notifier print the English word. But people answer in their own language, and some mail programs translate
the link. A request is one line that consists of such a phrase and of words that add nothing, such as "please". So
neither `How do I unsubscribe?` nor `Do not unsubscribe me` is a request; they are shown to the operator.
"""

from __future__ import annotations

import re
import unicodedata

WORDS = {
    "English": (
        "unsubscribe",
        "un-subscribe",
        "unsubscribe me",
        "opt out",
        "opt-out",
        "remove me",
        "take me off",
        "stop",
        "cancel my subscription",
        "end my subscription",
        "stop my subscription",
        "stop sending me",
        "stop emailing me",
        "stop mailing me",
    ),
    "Arabic": ("إلغاء الاشتراك",),
    "Chinese": ("退订", "取消订阅", "退訂", "取消訂閱"),
    "Czech": ("odhlásit", "odhlásit odběr"),
    "Danish": ("afmeld", "frameld", "afmelde", "framelde"),
    "Dutch": ("uitschrijven", "afmelden", "schrijf mij uit", "schrijf me uit", "meld mij af"),
    "Finnish": ("peruuta tilaus", "peru tilaus"),
    "French": ("désabonner", "désabonnez", "désabonnement", "désinscrire", "désinscription", "désinscrivez"),
    "German": (
        *("abbestellen", "abmelden", "austragen", "abmeldung", "abbestellung"),
        *("melden sie mich ab", "melde mich ab", "meldet mich ab", "tragen sie mich aus", "trag mich aus"),
    ),
    "Greek": ("διαγραφή", "κατάργηση εγγραφής"),
    "Hebrew": ("הסר", "ביטול הרשמה"),
    "Hungarian": ("leiratkozás", "leiratkozom", "leiratkozni"),
    "Indonesian": ("berhenti berlangganan",),
    "Italian": (
        "disiscrivermi",
        "disiscrivere",
        "disiscrivetemi",
        "disiscrizione",
        "annulla iscrizione",
        "cancellatemi",
        "cancellami",
    ),
    "Japanese": ("配信停止", "購読解除", "購読停止", "登録解除", "配信解除"),
    "Korean": ("수신거부", "수신 거부", "구독취소", "구독 취소", "구독해지", "구독 해지"),
    "Norwegian": ("avmeld", "meld av", "meld meg av"),
    "Polish": ("wypisz", "wypisać", "rezygnuję", "anuluj subskrypcję"),
    "Portuguese": ("descadastrar", "cancelar inscrição", "cancelar subscrição", "cancelar assinatura"),
    "Romanian": ("dezabonare", "dezabonează", "dezabonați"),
    "Russian": ("отписаться", "отписка", "отпишите", "отписать"),
    "Spanish": (
        "darse de baja",
        "darme de baja",
        "dar de baja",
        "denme de baja",
        "dadme de baja",
        "cancelar suscripción",
        "desuscribir",
        "baja",
    ),
    "Swedish": ("avregistrera", "avprenumerera", "avsluta prenumeration"),
    "Turkish": ("abonelikten çık", "abonelikten çıkmak", "abonelikten ayrıl"),
    "Ukrainian": ("відписатися", "відписка"),
    "Vietnamese": ("hủy đăng ký",),
}
# Words that may stand beside the phrase, and on a line before it, such as `Hello,`.
FILLERS = """\
please pls plz kindly me us my from all of this that your the a an to list lists mailing mail mails email emails digest
digests newsletter newsletters papers daily address now immediately thanks thank you hi hello dear team sir madam and i
want would like wish or these any more anymore further
bitte mich von diesem dem der den vom newsletter liste danke hallo ich möchte mir alle allen e-mail e-mails
svp merci bonjour me moi veuillez de cette la liste s'il vous plaît plait je souhaite veux
por favor gracias hola quiero de la lista me
grazie per favore vi prego dalla lista voglio
obrigado obrigada olá quero da lista
alstublieft graag mij bedankt voor ik wil
tack snälla mig takk vær så snill meg tak venligst
prosím děkuji proszę dziękuję mnie
пожалуйста меня спасибо от рассылки будь ласка дякую мене
请 謝謝 谢谢 お願いします をお願いします してください です 하고 싶습니다 부탁드립니다 해주세요 합니다
lütfen teşekkürler
"""

_LONGEST_LINE = 200  # characters; a longer line says more than the word
_PUNCTUATION = re.compile(r"[\s.,;:!…。、！，：；\"“”„«»'’()\[\]<>*_|/\\-]+")
_SHORTEST_NAMED = 5  # a shorter word, such as `baja`, has other meanings within a text


def _folded(text: str) -> str:
    """Return a text in lower case, without accents, and with single spaces in place of punctuation."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    plain = unicodedata.normalize("NFC", "".join(each for each in parts if not unicodedata.combining(each)))
    return _PUNCTUATION.sub(" ", plain).strip()


_PHRASES = sorted({_folded(each) for words in WORDS.values() for each in words}, key=len, reverse=True)
_FILLERS = frozenset(word for line in FILLERS.splitlines() for word in _folded(line).split())
_NAMED = tuple(
    f" {each}" if each.isascii() else each for each in _PHRASES if len(each) >= _SHORTEST_NAMED or not each.isascii()
)


def is_request(line: str) -> bool:
    """Return whether a line asks to unsubscribe, and says nothing else."""
    if len(line) > _LONGEST_LINE or "?" in line or "？" in line:
        return False
    folded = _folded(line)
    return any(_adds_nothing(folded, phrase) for phrase in _PHRASES if phrase in folded)


def is_greeting(line: str) -> bool:
    """Return whether a line consists of words that add nothing."""
    return len(line) <= _LONGEST_LINE and set(_folded(line).split()) <= _FILLERS


def names_unsubscribing(text: str) -> bool:
    """Return whether a text has a word for unsubscribing anywhere."""
    folded = f" {_folded(text)}"
    return any(each in folded for each in _NAMED)


def _adds_nothing(folded: str, phrase: str) -> bool:
    before, _, after = folded.partition(phrase)
    if phrase.isascii() and (before[-1:].isalnum() or after[:1].isalnum()):
        return False
    return {*before.split(), *after.split()} <= _FILLERS
