"""Write formulas that are given in MathML as text: `x^2`, `a/b`, `√(n+1)`.

https://www.w3.org/TR/mathml-core/
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

Part = tuple[str, str]  # the name of a child element, and its text; for text between the elements, the name is empty

# The elements that hold text and no other elements; MathML calls them token elements.
_TOKENS = frozenset(("mi", "mn", "mo", "ms", "mtext"))
_ANNOTATIONS = frozenset(("annotation", "annotation-xml"))
_OTHERS = (
    "math mrow mfrac msqrt mroot mstyle merror mpadded mphantom mfenced menclose msub msup msubsup munder mover"
    " munderover mmultiscripts mprescripts none mtable mtr mlabeledtr mtd mspace maction maligngroup malignmark"
    " semantics mglyph"
)
MATHML = _TOKENS | _ANNOTATIONS | frozenset(_OTHERS.split())

# For each sign that MathML puts above a letter, the combining character that replaces it in text.
_ACCENTS = {
    **dict.fromkeys("^\u02c6\u0302", "\u0302"),
    **dict.fromkeys("~\u02dc\u223c\u0303", "\u0303"),
    **dict.fromkeys("¯\u203e\u00af\u2015-\u0304_", "\u0304"),
    **dict.fromkeys("\u2192\u20d7", "\u20d7"),
    **dict.fromkeys("\u02d9.\u0307", "\u0307"),
    **dict.fromkeys("¨\u0308", "\u0308"),
}
_IN_LATEX_DOCUMENT = re.compile(r"\\begin\{document\}(.*?)(?:\\end\{document\}|\Z)", re.DOTALL)
_SPACE = re.compile(r"\s++")
_INVISIBLE = str.maketrans("", "", "\u2061\u2062\u2063\u2064")
_COMPARED = ("<", ">")  # with spaces around them, they cannot be taken for a tag


def formula_text(name: str, parts: Sequence[Part]) -> str:
    """Return the text of the element `name` with these parts.

    It is an element of MathML, or one that publishers put around formulas: `tex-math` or `alternatives`.
    """
    if name == "tex-math":
        return _latex_of_document("".join([text for _, text in parts]))
    if name == "alternatives":
        return _best_alternative(parts)
    if name in _TOKENS:
        return _token(name, "".join([text for _, text in parts]))
    if name in _ANNOTATIONS:
        return "".join([text for _, text in parts]).strip()
    children = [part for part in parts if part[0] or part[1].strip()]
    if any(child not in _ANNOTATIONS and text.strip() for child, text in children):
        children = [part for part in children if part[0] not in _ANNOTATIONS]
    texts = [text if child else text.strip() for child, text in children]
    if name in _WRITERS and (len(texts) > 1 or name in _WITH_ONE_PART):
        return _WRITERS[name](texts)
    return _row(texts)


def _latex_of_document(text: str) -> str:
    """Return the formula of a whole LaTeX document, as some publishers write it; any other text as it is."""
    found = _IN_LATEX_DOCUMENT.search(text)
    return found[1].strip() if found else text.strip()


def _best_alternative(parts: Sequence[Part]) -> str:
    """Return the MathML form of a formula or, if there is none, all its forms one after the other."""
    in_mathml = [text for name, text in parts if name == "math" and text]
    return in_mathml[0] if in_mathml else "".join([text for _, text in parts])


def _token(name: str, text: str) -> str:
    text = text.translate(_INVISIBLE)
    if name == "mtext":
        return _SPACE.sub(" ", text)
    text = text.strip()
    return f" {text} " if text in _COMPARED else text


def _row(texts: Sequence[str]) -> str:
    """Return the texts one after the other. Where letters meet, a space is put if one of the two texts is a word.

    So `log` and `n` give `log n`, and `k` and `n` give `kn`.
    """
    row, before = "", ""
    for text in texts:
        is_after_word = before[-2:].isalpha() and len(before) > 1 and text[:1].isalnum()
        is_word = text[:2].isalpha() and len(text) > 1 and before[-1:].isalpha()
        row += f" {text}" if is_after_word or is_word else text
        before = text
    return row


def _grouped(text: str) -> str:
    """Return a text, in parentheses unless it is one word or number."""
    return text if len(text) <= 1 or text.replace(".", "").isalnum() or text[0] in "(√" else f"({text})"


def _fraction(texts: Sequence[str]) -> str:
    return "/".join([_grouped(text.strip()) for text in texts])


def _root(texts: Sequence[str]) -> str:
    return f"√{_grouped(_row(texts).strip())}"


def _nth_root(texts: Sequence[str]) -> str:
    return f"{_grouped(texts[0])}^(1/{texts[1]})"


def _over(texts: Sequence[str]) -> str:
    accent = _ACCENTS.get(texts[1].strip())
    if accent is None:
        return _scripts("^")(texts)
    return texts[0] + accent if len(texts[0]) == 1 else texts[0]  # an accent over several letters is left out


def _scripts(*marks: str) -> Callable[[Sequence[str]], str]:
    def write(texts: Sequence[str]) -> str:
        scripts = zip(marks, map(str.strip, texts[1:]), strict=False)
        return texts[0].strip() + "".join([f"{mark}{_grouped(text)}" for mark, text in scripts if text])

    return write


def _fenced(texts: Sequence[str]) -> str:
    return f"({', '.join(texts)})"


_WRITERS: dict[str, Callable[[Sequence[str]], str]] = {
    "mfrac": _fraction,
    "msqrt": _root,
    "mroot": _nth_root,
    "msup": _scripts("^"),
    "msub": _scripts("_"),
    "msubsup": _scripts("_", "^"),
    "munder": _scripts("_"),
    "mover": _over,
    "munderover": _scripts("_", "^"),
    "mfenced": _fenced,
    "mtr": " ".join,
    "mtable": "; ".join,
}
# Elements that have their own form even with a single part. Every other element that has a single part is written as
# that part.
_WITH_ONE_PART = ("msqrt", "mfenced")
