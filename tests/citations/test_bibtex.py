"""BibTeX: one entry whatever a paper contains, with the title and the names as the source wrote them."""

from __future__ import annotations

import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.cited_papers import ARXIV_ID, cited, hostile_text

from notifier.citations import bibtex

COMMANDS = {
    "textbackslash{}": "\\",
    "textbraceleft{}": "{",
    "textbraceright{}": "}",
    "textasciitilde{}": "~",
    "textasciicircum{}": "^",
    **{sign: sign for sign in "#$%&_"},
}
COMMAND = re.compile(r"\\(text\w+\{\}|.)|[{}]")


def fields_of(entry: str) -> dict[str, str]:
    """Read one entry as BibTeX does: a value ends with the brace that closes it, and every brace counts."""
    head = re.match(r"@misc\{([a-z0-9]+),\n", entry)
    assert head, entry
    fields, at = {"key": head[1]}, head.end()
    while entry[at] != "}":
        field = re.compile(r"  (\w+) = ").match(entry, at)
        assert field, entry[at:]
        at = end = field.end()
        depth = 0
        while True:
            depth += {"{": 1, "}": -1}.get(entry[end], 0)
            if depth < 0 or (depth == 0 and entry[end] in ",\n"):
                break
            end += 1
        fields[field[1]] = entry[at:end]
        at = end + len(",\n" if entry[end] == "," else "\n")
    assert entry[at:] == "}\n"
    return fields


def printed(value: str) -> str:
    """Return what LaTeX prints for a value: commands become characters, and braces are not shown."""
    return COMMAND.sub(lambda found: COMMANDS[found[1]] if found[1] else "", value)


def names_in(value: str) -> list[str]:
    """Divide the field of authors at each `and` that is outside of braces."""
    names, depth = [""], 0
    for word in value[1:-1].split(" "):
        if word.lower() == "and" and depth == 0:
            names.append("")
            continue
        depth += word.count("{") - word.count("}")
        names[-1] = f"{names[-1]} {word}".lstrip()
    return names


def test_a_paper_of_arxiv_is_cited_by_its_id() -> None:
    paper = cited(
        title="Attention Is All You Need",
        authors=("Ashish Vaswani", "Łukasz Kaiser"),
        categories=("cs.CL", "cs.LG"),
        published=date(2017, 6, 12),
        arxiv_id="1706.03762",
    )
    assert bibtex(paper) == (
        "@misc{vaswani2017attention,\n"
        "  title = {Attention Is All You Need},\n"
        "  author = {Vaswani, Ashish and Kaiser, Łukasz},\n"
        "  year = {2017},\n"
        "  month = jun,\n"
        "  eprint = {1706.03762},\n"
        "  archivePrefix = {arXiv},\n"
        "  primaryClass = {cs.CL},\n"
        "  url = {https://arxiv.org/abs/1706.03762}\n"
        "}\n"
    )


def test_a_paper_from_elsewhere_has_no_eprint() -> None:
    entry = fields_of(bibtex(cited(arxiv_id=None, doi="10.1000/x_1", url="https://x.example/a", categories=("cs.CL",))))
    assert entry.keys() == {"key", "title", "doi", "url"}
    assert (entry["doi"], entry["url"]) == ("{10.1000/x_1}", "{https://x.example/a}")


@pytest.mark.parametrize(
    ("arxiv_id", "year", "month"),
    [("2509.01234", "2025", "sep"), ("0704.0001", "2007", "apr"), ("hep-th/9901001", "1999", "jan")],
)
def test_without_a_date_the_arxiv_id_gives_year_and_month(arxiv_id: str, year: str, month: str) -> None:
    entry = fields_of(bibtex(cited(arxiv_id=arxiv_id)))
    assert (entry["year"], entry["month"]) == (f"{{{year}}}", month)


def test_an_old_arxiv_id_names_its_archive_as_the_class() -> None:
    assert fields_of(bibtex(cited(arxiv_id="hep-th/9901001")))["primaryClass"] == "{hep-th}"
    assert "primaryClass" not in fields_of(bibtex(cited(categories=("Machine Learning",))))


@pytest.mark.parametrize(
    ("title", "written"),
    [
        ("R1 and GPT-4: 100% of C++ & more", r"{R1} and {GPT-4:} 100\% of {C++} \& more"),
        ("Cost of $5_000 #1", r"Cost of \$5\_000 \#1"),
        ("A {x}~y^2", r"A \textbraceleft{}x\textbraceright{}\textasciitilde{}y\textasciicircum{}2"),
        ("A Survey of LLMs \\ BERT", r"A Survey of {LLMs} \textbackslash{} {BERT}"),
        ("Über iPhones", "Über {iPhones}"),
    ],
)
def test_special_characters_are_escaped_and_capitals_are_kept(title: str, written: str) -> None:
    assert fields_of(bibtex(cited(title=title)))["title"] == f"{{{written}}}"


@pytest.mark.parametrize(
    ("author", "written"),
    [
        ("Laurens van der Maaten", "van der Maaten, Laurens"),
        ("Martin Luther King, Jr.", "King, Jr., Martin Luther"),
        ("Gemma Team", "{Gemma Team}"),
        ("Smith and Sons", "{Smith and Sons}"),
        ("others", "{others}"),
        ("张伟", "{张伟}"),
        ("And, Ann", "{And, Ann}"),
    ],
)
def test_bibtex_divides_no_name_wrongly(author: str, written: str) -> None:
    entry = fields_of(bibtex(cited(authors=("Ann Bee", author))))
    assert names_in(entry["author"]) == ["Bee, Ann", written]


@pytest.mark.parametrize(
    ("title", "authors", "key"),
    [
        ("The Łódź Test", ("Jürgen Müßig",), "mussig2025lodz"),
        ("On the Ørsted Test", ("Åse Bjørn",), "bjorn2025orsted"),
        ("你好", ("张伟",), "250901234"),
        ("A of the", (), "250901234"),
    ],
)
def test_the_key_is_made_of_plain_letters(title: str, authors: tuple[str, ...], key: str) -> None:
    assert fields_of(bibtex(cited(title=title, authors=authors)))["key"] == key


@given(title=hostile_text(), authors=st.lists(hostile_text(), max_size=4), doi=hostile_text())
def test_no_text_ends_its_field_or_the_entry(title: str, authors: list[str], doi: str) -> None:
    paper = cited(title=f"T{title}", authors=tuple(authors), doi=f"10.1000/{doi}")
    entry = fields_of(bibtex(paper))
    assert printed(entry["title"]) == " ".join(paper.title.split())
    assert entry["eprint"] == f"{{{ARXIV_ID}}}"
    assert len(names_in(entry["author"])) == len(paper.authors) if paper.authors else "author" not in entry
    assert "\n" not in "".join(entry.values())
