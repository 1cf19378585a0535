"""List the characters that LaTeX commands produce, for the commands that titles and abstracts use."""

_GREEK = {
    name: chr(code)
    for names, first in (
        ("alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho", 0x3B1),
        ("sigma tau upsilon phi chi psi omega", 0x3C3),
        ("Alpha Beta Gamma Delta Epsilon Zeta Eta Theta Iota Kappa Lambda Mu Nu Xi Omicron Pi Rho", 0x391),
        ("Sigma Tau Upsilon Phi Chi Psi Omega", 0x3A3),
    )
    for code, name in enumerate(names.split(), first)
}

_SIGNS = {
    "×": "times",
    "±": "pm",
    "∓": "mp",
    "·": "cdot textperiodcentered",
    "÷": "div",
    "∗": "ast",
    "⋆": "star",
    "∘": "circ",
    "•": "bullet textbullet",
    "†": "dagger dag",
    "‡": "ddagger ddag",
    "≤": "le leq leqslant",
    "≥": "ge geq geqslant",
    "≠": "ne neq",
    "≪": "ll",
    "≫": "gg",
    "∼": "sim",
    "≃": "simeq",
    "≈": "approx",
    "≅": "cong",
    "≡": "equiv",
    "∝": "propto",
    "≲": "lesssim",
    "≳": "gtrsim",
    "∈": "in",
    "∉": "notin",
    "∋": "ni",
    "⊂": "subset",
    "⊆": "subseteq",
    "⊃": "supset",
    "⊇": "supseteq",
    "∪": "cup bigcup",
    "∩": "cap bigcap",
    "∖": "setminus",
    "∅": "emptyset varnothing",
    "∧": "wedge land",
    "∨": "vee lor",
    "¬": "neg lnot",
    "∀": "forall",
    "∃": "exists",
    "⊕": "oplus bigoplus",
    "⊗": "otimes bigotimes",
    "⊙": "odot",
    "⊥": "perp bot",
    "⊤": "top",
    "∥": "parallel",
    "|": "mid vert lvert rvert textbar",
    "‖": "Vert lVert rVert",
    "∣": "divides",
    "→": "to rightarrow longrightarrow",
    "←": "gets leftarrow longleftarrow",
    "↔": "leftrightarrow longleftrightarrow",
    "⇒": "Rightarrow Longrightarrow implies",
    "⇐": "Leftarrow Longleftarrow",
    "⇔": "Leftrightarrow Longleftrightarrow iff",
    "↦": "mapsto",
    "↑": "uparrow",
    "↓": "downarrow",
    "∞": "infty",
    "∂": "partial",
    "∇": "nabla",
    "∑": "sum",
    "∏": "prod",
    "∫": "int",
    "√": "sqrt surd",
    "ℓ": "ell",
    "ℏ": "hbar",
    "ℵ": "aleph",
    "∠": "angle",
    "△": "triangle",
    "□": "square Box",
    "✓": "checkmark cmark",
    "°": "degree textdegree",
    "′": "prime",
    "…": "dots ldots cdots textellipsis",
    "⟨": "langle",
    "⟩": "rangle",
    "⌈": "lceil",
    "⌉": "rceil",
    "⌊": "lfloor",
    "⌋": "rfloor",
    "ε": "varepsilon",
    "ϑ": "vartheta",
    "φ": "varphi",
    "ϱ": "varrho",
    "ς": "varsigma",
    "ϖ": "varpi",
    "©": "copyright",
    "£": "pounds",
    "€": "euro",
    "µ": "textmu",
    "~": "textasciitilde",
    "^": "textasciicircum",
    "_": "textunderscore",
    "–": "textendash",
    "—": "textemdash",
    "“": "textquotedblleft",
    "”": "textquotedblright",
    "™": "texttrademark",
    "§": "S",
    "<": "textless",
    ">": "textgreater",
    "✗": "xmark",
    "®": "textregistered",
    " ": "quad qquad space newline linebreak par noindent",
    "": "left right big Big bigl bigr Bigl Bigr bigg Bigg displaystyle textstyle limits nolimits allowbreak xspace",
}
_WORDS = (
    "arccos arcsin arctan arg cos cosh cot det dim exp gcd hom inf ker lg lim ln log max min sec sin sinh sup tan tanh"
)

# The text that each command without an argument produces.
SYMBOLS: dict[str, str] = (
    _GREEK
    | {name: sign for sign, names in _SIGNS.items() for name in names.split()}
    | {name: name for name in _WORDS.split()}
    | {"bmod": "mod", "Pr": "Pr", "TeX": "TeX", "LaTeX": "LaTeX"}
)

# Abbreviations that the styles of many conferences define.
ABBREVIATIONS: dict[str, str] = {
    "eg": "e.g.",
    "ie": "i.e.",
    "Eg": "E.g.",
    "Ie": "I.e.",
    "etal": "et al.",
    "etc": "etc.",
    "cf": "cf.",
    "wrt": "w.r.t.",
    "vs": "vs.",
    "aka": "a.k.a.",
    "iid": "i.i.d.",
    "dof": "d.o.f.",
}

# The letters of European languages. A space after such a command ends the command and is not part of the text.
LETTERS: dict[str, str] = {
    "ss": "ß",
    "ae": "æ",
    "AE": "Æ",
    "oe": "œ",
    "OE": "Œ",
    "aa": "å",
    "AA": "Å",
    "o": "ø",
    "O": "Ø",
    "l": "ł",
    "L": "Ł",
    "dh": "ð",
    "DH": "Ð",
    "th": "þ",
    "TH": "Þ",
    "dj": "đ",
    "DJ": "Đ",
    "i": "ı",
    "j": "ȷ",
}

# The combining character of each command that puts an accent on a letter.
ACCENTS: dict[str, str] = {
    "`": "\u0300",
    "'": "\u0301",
    "^": "\u0302",
    "~": "\u0303",
    "=": "\u0304",
    ".": "\u0307",
    '"': "\u0308",
    "u": "\u0306",
    "r": "\u030a",
    "H": "\u030b",
    "h": "\u0309",
    "v": "\u030c",
    "d": "\u0323",
    "c": "\u0327",
    "k": "\u0328",
    "hat": "\u0302",
    "widehat": "\u0302",
    "tilde": "\u0303",
    "widetilde": "\u0303",
    "bar": "\u0304",
    "overline": "\u0304",
    "breve": "\u0306",
    "dot": "\u0307",
    "ddot": "\u0308",
    "mathring": "\u030a",
    "check": "\u030c",
    "vec": "\u20d7",
}

# Commands that change only how their argument looks.
_STYLE_NAMES = (
    "ac acf acl acp acro acs bm boldsymbol emph enquote ensuremath fbox gls Gls glspl hbox mathbf mathbb mathcal "
    "mathfrak mathit mathnormal mathrm mathscr mathsf mathtt mbox operatorname pmb text textbf textit textmd textnormal"
    " textrm textsc textsf textsl textsubscript texttt textup underline uline "
    "url"
)
STYLES = _STYLE_NAMES.split()
# Commands that change how the rest of their group looks.
SWITCHES = ("bf", "bfseries", "cal", "em", "it", "itshape", "rm", "sc", "scshape", "sf", "sl", "tt", "ttfamily")
