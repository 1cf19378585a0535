"""Cleaning makes a text one line of plain Unicode, and cleaning it again changes nothing."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.page_samples import seed_papers
from support.thoroughness import examples

from notifier.sources.cleaning import clean

PIECES = (
    *(
        "$",
        "\\",
        "{",
        "}",
        "<",
        ">",
        "&",
        "amp;",
        "lt;",
        "#38;",
        "b",
        "5",
        " ",
        "^",
        "_",
        "~",
        '"',
        "'",
        "=",
        "/",
        "\n",
    ),
    *("math>", "mi>", "msup>", "svg>", "</", "x-y>", "<![CDATA[", "]]>"),
    *("textbf", "frac", "em", "alpha", "é", "e\u0301", "\u0301", "\u202e", "\x00", "!--", "--", ".", "i", "(", "]"),
)


@pytest.mark.parametrize(
    ("raw", "plain"),
    [
        (r"8.7\%", "8.7%"),
        (r"\textbf{X}", "X"),
        (r"\emph{a \textbf{b} c}", "a b c"),
        (r"{\em hello} world", "hello world"),
        (r"2$\times$", "2×"),
        (r"$\sim$10", "∼10"),
        (r"$\alpha$-divergence", "α-divergence"),
        (r"\beta-VAE", "β-VAE"),
        (r"$O(n^{2} \log n)$", "O(n^2 log n)"),
        (r"$\tilde{O}(\sqrt{n})$", "Õ(√n)"),
        (r"$\{0,1\}^n$", "{0,1}^n"),
        (r"\(x\) and \[y\] and $$z$$", "x and y and z"),
        (r"100$^\circ$C", "100°C"),
        (r"$10{,}000$", "10,000"),
        (r"$\frac{1}{2}$", "1/2"),
        (r"\href{https://example.org}{our page}", "our page"),
        (r"\url{https://example.org/~me}", "https://example.org/~me"),
        (r"codes~(short)", "codes (short)"),
        (r"Reliability\  Across", "Reliability Across"),
        (r"\foo{X} and \method", r"\foo{X} and \method"),
        (r"depth \cite{a-etal-2024}, and~\citep[see][p.~2]{a,b} more (\citet{a}; \citet{b}).", "depth, and more."),
        (r"Section~\ref{sec:x} \label{x}begins", "Section begins"),
        (r"is public\footnote{https://doi.org/10.57967/x}.", "is public (https://doi.org/10.57967/x)."),
        (r"\footnote{At \url{https://a.org}.} ends", "(At https://a.org) ends"),
        (
            r"effects (\eg flames), \ie, all; Lee \etal\ and \etc.",
            "effects (e.g. flames), i.e., all; Lee et al. and etc.",
        ),
        (r"\textsuperscript{4}He, the 4\textsuperscript{th}, 10\textsuperscript{-3}", "4He, the 4th, 10^-3"),
        (r"H\textsubscript{2}O and \enquote{x} and \gls{llm}s", "H2O and x and llms"),
        (r"pages 1\unicode{x2013}2, \unicode{8212}, \char\"00E9, caf\u00e9", "pages 1–2, —, é, café"),
        (r"\begin{itemize} \item one \item two \end{itemize}", "one two"),
        (r"x \in\mathbb{N} and $k\in\mathbb Z$", "x ∈N and k∈Z"),
        (r"\texorpdfstring{$\alpha$}{alpha}-nets, \tfrac12, 1 \pmod{3}", "alpha-nets, 1/2, 1 (mod 3)"),
        (r"C:\new\folder", r"C:\new\folder"),
    ],
)
def test_latex_becomes_unicode_text(raw: str, plain: str) -> None:
    assert clean(raw) == plain


@pytest.mark.parametrize(
    ("raw", "plain"),
    [
        (r"K\"onig", "König"),
        (r"Poincar\'e", "Poincaré"),
        (r"{\'e}", "é"),
        (r"\'{e}", "é"),
        (r"{\'{e}}", "é"),
        (r"na\"{\i}ve", "naïve"),
        (r"Erd\H{o}s", "Erdős"),
        (r"\v{S}koda and \c{c} and \v s", "Škoda and ç and š"),
        (r"Stra\ss e", "Straße"),
        (r"\O{}rsted", "Ørsted"),
        (r"\~nandu", "ñandu"),
    ],
)
def test_a_latex_accent_is_put_on_its_letter(raw: str, plain: str) -> None:
    assert clean(raw) == plain


@pytest.mark.parametrize(
    ("raw", "plain"),
    [
        (r"today\'s news", "today's news"),
        (r"we don\'t, they\'re, I\'d, you\'ll", "we don't, they're, I'd, you'll"),
        (r"G\"odel\'s theorem and Erd\H{o}s\'s", "Gödel's theorem and Erdős's"),
        (r"students\' essays", "students' essays"),
        (r"O\'Reilly and D\'Angelo", "O'Reilly and D'Angelo"),
        (r"\"quoted\"", '"quoted"'),
        (r"an \"Assistant Axis,\" which", 'an "Assistant Axis," which'),
        (r"say \'hello world\' now", "say 'hello world' now"),
        (r"\'Ecole and Montr\'eal", "École and Montréal"),
        (r"\"Uber and L\'opez and Ma\'sniak", "Über and López and Maśniak"),
    ],
)
def test_an_escaped_quotation_mark_is_no_accent(raw: str, plain: str) -> None:
    assert clean(raw) == plain


@pytest.mark.parametrize(
    ("raw", "plain"),
    [
        ("achieves 3.8-4.0times speedups, 2times, and 64times64", "achieves 3.8-4.0× speedups, 2×, and 64×64"),
        ("GUI-360^circ, 45^{circ} and 20^circC", "GUI-360°, 45° and 20°C"),
        ("rates (leq 11%) and geq 4 but sim10% of approx630", "rates (≤ 11%) and ≥ 4 but ∼10% of ≈630"),
        ("91.2pm0.3 and textit{O}bstacles of mathcal{F}", "91.2±0.3 and Obstacles of F"),
    ],
)
def test_a_command_whose_backslash_was_lost_is_read(raw: str, plain: str) -> None:
    assert clean(raw) == plain


@pytest.mark.parametrize(
    "text",
    [
        "three times 3 times",
        "sim2real and sim-to-real",
        "approx. $630K",
        "at 3pm",
        "a circle, circ",
        "sometimes 4timesteps",
    ],
)
def test_words_that_are_also_commands_stay(text: str) -> None:
    assert clean(text) == text


@pytest.mark.parametrize(
    "money",
    [
        *(
            "costs $5 and $10",
            "between $5-$10",
            "US$ 5 and A$ 6",
            "$5/$10",
            "cost around $250) for",
            "a $1.5M against $2M",
        ),
        *("only $7,800, and $9", "in $HOME and $PATH"),
    ],
)
def test_amounts_of_money_keep_their_dollar_signs(money: str) -> None:
    assert clean(money) == money


@pytest.mark.parametrize(
    "text",
    [
        *("x < y", "a<b", "if a<b and c>d", "the <eos> token", "<think>why</think>", "p<0.01"),
        *("p < 0.05 and q > 3", "a<b>c", "i<q>j", "x<y<z", "Vec<T> and List<int>", "the <image> and <mask> tokens"),
        *("a <-> b <=> c", "a[b[c]]>d", "2<x<3 and y>1", "<|endoftext|>", "a << b >> c"),
    ],
)
def test_comparisons_and_tags_that_are_not_html_stay(text: str) -> None:
    assert clean(text) == text


@pytest.mark.parametrize(
    ("raw", "plain"),
    [
        ("<b>bold</b> and <span class='x'>plain</span>", "bold and plain"),
        ("one<br/>two<p>three</p>", "one two three"),
        ("H<sub>2</sub>O", "H2O"),
        ("<jats:p>An abstract.</jats:p>", "An abstract."),
        ("a &lt; b &amp;amp; &quot;c&quot; &#233; &#xe9;", 'a < b & "c" é é'),
        ("&lt;i&gt;twice escaped&lt;/i&gt;", "twice escaped"),
        ("R&D at AT&T, ?a=1&copy=2", "R&D at AT&T, ?a=1&copy=2"),
        ("a <!-- note --> b", "a b"),
        ("<a href='javascript:alert(1)'>x</a>", "x"),
    ],
)
def test_html_tags_are_removed_and_entities_are_replaced(raw: str, plain: str) -> None:
    assert clean(raw) == plain


@pytest.mark.parametrize(
    ("raw", "plain"),
    [
        ("<math><msup><mi>x</mi><mn>2</mn></msup></math> nets", "x^2 nets"),
        ("&lt;mml:math&gt;&lt;mml:mi&gt;k&lt;/mml:mi&gt;&lt;/mml:math&gt;-means", "k-means"),
        ("<math>\n <mi>O</mi><mo>(</mo>\n<mi>n</mi><mi>log</mi><mi>n</mi><mo>)</mo></math> time", "O(n log n) time"),
        ("<mfrac><mrow><mi>a</mi><mo>+</mo><mi>b</mi></mrow><mn>2</mn></mfrac>", "(a+b)/2"),
        ("<msqrt><mi>n</mi></msqrt> and <mover><mi>x</mi><mo>^</mo></mover>", "√n and x̂"),
        ("<munderover><mo>∑</mo><mi>i</mi><mi>n</mi></munderover><msub><mi>a</mi><mi>i</mi></msub>", "∑_i^na_i"),
        ("<math><mi>a</mi><mo>&lt;</mo><mi>b</mi><mo>&gt;</mo><mi>c</mi></math>", "a < b > c"),
        ("<math><mi>SO</mi><mo>(</mo><mn>3</mn><mo>)</mo></math>-equivariant", "SO(3)-equivariant"),
        ("<math><mn>3</mn><mspace width='1em'/><mtext>if odd</mtext></math>", "3 if odd"),
        ("<math alttext='x &lt; 2'><mi>x</mi></math> stays", "x stays"),
    ],
)
def test_a_formula_in_mathml_becomes_readable_text(raw: str, plain: str) -> None:
    assert clean(raw) == plain


MATHML = "<mml:math><mml:semantics><mml:mi>α</mml:mi>{}</mml:semantics></mml:math>"
LATEX = r"<tex-math>\documentclass{minimal}\begin{document}$\alpha$\end{document}</tex-math>"


@pytest.mark.parametrize(
    "formula",
    [
        MATHML.format('<mml:annotation encoding="application/x-tex">\\alpha</mml:annotation>'),
        MATHML.format("<annotation-xml encoding='MathML-Content'><ci>alpha</ci></annotation-xml>"),
        f"<inline-formula><alternatives>{LATEX}{MATHML.format('')}</alternatives></inline-formula>",
        f"<jats:inline-formula><jats:alternatives>{LATEX}</jats:alternatives></jats:inline-formula>",
        f'<span class="katex">{MATHML.format("")}<span aria-hidden="true"><span>α</span></span></span>',
        "<formula formulatype='inline'><tex Notation='TeX'>$\\alpha$</tex></formula>",
        "<math><semantics><annotation encoding='application/x-tex'>\\alpha</annotation></semantics></math>",
    ],
)
def test_a_formula_that_is_given_in_several_forms_is_kept_once(formula: str) -> None:
    assert clean(f"The {formula}-divergence") == "The α-divergence"


@pytest.mark.parametrize(
    ("raw", "plain"),
    [
        ("A <svg width=1><title>icon</title><path d='M0'/></svg>title<button class='x'>Save</button>", "A title"),
        ("<style>.x{}</style>Title<script>if (a < b) alert(1)</script>", "Title"),
        ("H<jats:sub>2</jats:sub>O in <jats:italic>E. coli</jats:italic>", "H2O in E. coli"),
        ("<jats:sec><jats:title>Aim</jats:title><jats:p>To see.</jats:p></jats:sec>", "Aim To see."),
        ("<scp>BERT</scp> and <Emphasis Type='Italic'>in vivo</Emphasis>", "BERT and in vivo"),
        ("a <x-term>custom</x-term> element, <ce:italic>Elsevier</ce:italic>", "a custom element, Elsevier"),
        ("see <xref ref-type='bibr' rid='b1'>[1]</xref><inline-graphic xlink:href='a.gif'/>", "see [1]"),
        ("<![CDATA[Deep <b>nets</b>]]>", "Deep nets"),
        ("<?xml version='1.0'?><bold>Deep</bold> nets", "Deep nets"),
        ("a text that breaks off in <math xmlns='http://www", "a text that breaks off in"),
        ("Unclosed <math>k-means and <svg>trees", "Unclosed k-means and trees"),
    ],
)
def test_the_markup_of_publishers_and_pages_is_removed(raw: str, plain: str) -> None:
    assert clean(raw) == plain


@pytest.mark.parametrize(
    ("raw", "plain"),
    [
        ("two\n  lines\tand\r\na tab", "two lines and a tab"),
        ("a\u00a0b\u2028c\u3000d", "a b c d"),
        ("safe\u202egnp.exe\u2066", "safegnp.exe"),
        ("nul\x00 bell\x07 escape\x1b", "nul bell escape"),
        ("soft\u00adhyphen zero\u200bwidth", "softhyphen zerowidth"),
        ("e\u0301", "é"),
        ("  ends  ", "ends"),
    ],
)
def test_control_characters_are_removed_and_white_space_becomes_one_space(raw: str, plain: str) -> None:
    assert clean(raw) == plain


@settings(deadline=None, max_examples=examples(500))
@given(st.lists(st.one_of(st.sampled_from(PIECES), st.characters(codec="utf-8")), max_size=20).map("".join))
def test_cleaning_again_changes_nothing(text: str) -> None:
    once = clean(text)
    assert clean(once) == once
    assert unicodedata.is_normalized("NFC", once)
    assert once == " ".join(once.split())


def test_the_texts_of_the_sample_pages_are_clean_after_one_cleaning() -> None:
    texts = [clean(text) for paper in seed_papers() for text in paper]
    assert [clean(text) for text in texts] == texts


@pytest.mark.slow
@pytest.mark.parametrize(
    "unit",
    [
        *(
            "$",
            "\\",
            "{",
            "}",
            "<",
            "&",
            "$x",
            "&amp;",
            "\\textbf{",
            "\\textbf{{a}",
            "{\\em ",
            "\\frac{a}{",
            "\\sqrt{a",
        ),
        *(
            "<math>",
            "<mi>",
            "<msup><mi>x</mi>",
            "<svg>",
            "<svg></svg>",
            "<a-b>",
            "<x-y></x-y>",
            "</math>",
            "<?x ",
            "<![CDATA[",
        ),
        *(
            "<!DOCTYPE ",
            "<math a=\"'",
            "<p a='\"",
            "<b a=",
            '<a b="',
            "<!--",
            "x^{",
            "{{}",
            "a~",
            "e\u0301\u0316",
            "\u0316\u0301",
            "\u202e",
            '\\"',
            "\\^",
        ),
    ],
)
def test_a_megabyte_of_unclosed_markup_is_cleaned(unit: str) -> None:
    text = clean(unit * (1_000_000 // len(unit)))
    assert clean(text) == text
