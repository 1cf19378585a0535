"""The page of a paper: what it shows, what reference managers find in it, and what it does with hostile papers."""

from __future__ import annotations

from datetime import date
from urllib.parse import parse_qs, urlsplit

import html5lib
import httpx
import pytest
from sqlalchemy import Engine
from support.service import add_listings
from support.visitors import parsed, shown
from support.web_site import BASE_URL

from notifier.config import Config
from notifier.models import Listing
from notifier.pipeline import tag
from notifier.queries import parse
from notifier.store import tables
from notifier.store.engine import reading
from notifier.topics import catalogue_of

DAY = date(2026, 7, 6)
KEY = "2607.01234"
PAPER = Listing(
    position=1,
    title="Quantization of 100% of Models",
    abstract="We quantize models to four bits. Our quantization is fast.",
    arxiv_id=KEY,
    authors=("Ann Bee", "Laurens van der Maaten", "Gemma Team"),
    categories=("cs.LG", "cs.CL"),
    published=date(2026, 7, 2),
    code="https://github.com/ann/q",
    stars=12,
    project="https://ann.example.org/q",
    doi="10.1000/q_1",
    upvotes=140,
    note="12 pages",
)
HOSTILE = '"><script>alert(1)</script>{%}\\&\u202e\r\nER  - '


@pytest.fixture
def paper(engine: Engine, config: Config) -> None:
    """Store PAPER, and tag it."""
    add_listings(engine, "one", DAY, PAPER)
    tag(engine, catalogue_of(config))


@pytest.mark.usefixtures("paper")
def test_a_paper_is_shown_whole_with_its_links(client: httpx.Client) -> None:
    answer = client.get(f"/paper/{KEY}")
    page, text = parsed(answer), shown(answer)
    assert page.xpath("string(//h1)") == PAPER.title
    assert PAPER.abstract in text
    assert "140 upvotes" in text
    assert "published on 2 July 2026" in text
    links = {link.text_content(): link.get("href") for link in page.cssselect(".buttons a")}
    assert links == {
        "arXiv": f"https://arxiv.org/abs/{KEY}",
        "PDF": f"https://arxiv.org/pdf/{KEY}",
        "Code ★12": PAPER.code,
        "Project": PAPER.project,
        "Hugging Face": f"https://huggingface.co/papers/{KEY}",
        "DOI": "https://doi.org/10.1000/q_1",
    }


@pytest.mark.usefixtures("paper")
def test_each_author_leads_to_a_search_that_the_language_accepts(client: httpx.Client) -> None:
    links = parsed(client.get(f"/paper/{KEY}")).cssselect(".names a")
    assert [link.text_content() for link in links] == list(PAPER.authors)
    for link in links:
        split = urlsplit(link.get("href"))
        assert split.path == "/search"
        parse(parse_qs(split.query)["q"][0])


@pytest.mark.usefixtures("paper")
def test_each_topic_is_named_with_the_words_for_which_the_paper_has_it(client: httpx.Client) -> None:
    answer = client.get(f"/paper/{KEY}")
    assert "Quantization: “Quantization” in the title" in shown(answer)
    assert parsed(answer).xpath("//a[@href='/topics/quantization']")
    assert parsed(answer).xpath("//p[@class='abstract']/span[@class='mark']/text()")[-1] == "quantization"


def test_each_list_is_named_with_its_best_place_and_most_upvotes_of_a_day(engine: Engine, client: httpx.Client) -> None:
    other = Listing(position=1, title="Another", arxiv_id="2607.00001")
    add_listings(engine, "one", DAY, other, PAPER)
    add_listings(engine, "two", DAY, PAPER, other)
    add_listings(engine, "three", date(2026, 7, 8), other, PAPER)
    rows = parsed(client.get(f"/paper/{KEY}")).xpath("//table//tbody/tr")
    assert [[cell.text_content() for cell in row] for row in rows] == [
        ["8 July 2026", "page text", "2", "140"],
        ["6 July 2026", "page text", "1", "140"],
    ]
    unknown = parsed(client.get("/paper/2607.00001")).xpath("//table//tbody/tr[1]/td[3]/text()")
    assert unknown == ["–"], "unknown upvotes are not zero"


@pytest.mark.usefixtures("paper")
def test_reference_managers_find_the_paper_in_meta_elements(client: httpx.Client) -> None:
    page = parsed(client.get(f"/paper/{KEY}"))
    found = {name: page.xpath("//head/meta[@name=$name]/@content", name=name) for name in page.xpath("//meta/@name")}
    assert found["citation_title"] == [PAPER.title]
    assert found["citation_author"] == ["Bee, Ann", "van der Maaten, Laurens", "Gemma Team"]
    assert found["citation_publication_date"] == ["2026/07/02"]
    assert found["citation_arxiv_id"] == [KEY]
    assert found["citation_doi"] == [PAPER.doi]
    assert found["citation_pdf_url"] == [f"https://arxiv.org/pdf/{KEY}"]
    assert found["description"] == [PAPER.abstract]
    assert page.xpath("//link[@rel='canonical']/@href") == [f"{BASE_URL}/paper/{KEY}"]
    assert page.xpath("//meta[@property='og:title']/@content") == [PAPER.title]
    assert "robots" not in found


@pytest.mark.usefixtures("paper")
@pytest.mark.parametrize(
    ("ending", "media_type", "first"),
    [
        ("bib", "application/x-bibtex", "@misc{bee2026quantization,"),
        ("ris", "application/x-research-info-systems", "TY  - "),
    ],
)
def test_a_citation_can_be_copied_and_downloaded(
    client: httpx.Client, ending: str, media_type: str, first: str
) -> None:
    answer = client.get(f"/paper/{KEY}.{ending}")
    assert answer.headers["content-type"] == f"{media_type}; charset=utf-8"
    assert answer.headers["content-disposition"] == f'attachment; filename="{KEY}.{ending}"'
    assert answer.text.startswith(first)
    page = parsed(client.get(f"/paper/{KEY}"))
    assert answer.text.replace("\r", "") in page.xpath("//pre/text()")
    assert page.xpath("//link[@rel='alternate'][@type=$type]/@href", type=media_type) == [f"/paper/{KEY}.{ending}"]


def test_the_key_of_an_old_arxiv_paper_has_a_slash(engine: Engine, client: httpx.Client) -> None:
    add_listings(engine, "old", DAY, Listing(position=1, title="Strings", arxiv_id="hep-th/9901001"))
    assert client.get("/paper/hep-th/9901001").status_code == 200
    answer = client.get("/paper/hep-th/9901001.bib")
    assert 'filename="hep-th-9901001.bib"' in answer.headers["content-disposition"]
    assert "eprint = {hep-th/9901001}" in answer.text


def test_the_old_key_of_a_paper_leads_to_its_present_one(engine: Engine, client: httpx.Client) -> None:
    add_listings(engine, "one", DAY, Listing(position=1, title=PAPER.title, abstract=PAPER.abstract))
    with reading(engine) as connection:
        old = connection.scalar(tables.paper.select().with_only_columns(tables.paper.c.key))
    add_listings(engine, "two", DAY, PAPER)
    for ending in ("", ".bib", ".ris"):
        answer = client.get(f"/paper/{old}{ending}")
        assert (answer.status_code, answer.headers["location"]) == (308, f"/paper/{KEY}{ending}")


def test_a_key_in_capitals_or_with_a_version_leads_to_the_paper(engine: Engine, client: httpx.Client) -> None:
    add_listings(engine, "one", DAY, PAPER)
    answer = client.get(f"/paper/{KEY}V2")
    assert (answer.status_code, answer.headers["location"]) == (308, f"/paper/{KEY}")


@pytest.mark.parametrize("key", ["2607.99999", "t-0123456789abcdef", "..%2Fetc%2Fpasswd", "%00", "a" * 5000, "é", ""])
def test_an_unknown_key_is_not_found_in_words(client: httpx.Client, key: str) -> None:
    answer = client.get(f"/paper/{key}")
    assert answer.status_code == 404
    assert "There is no paper with this key" in shown(answer)
    assert client.get(f"/paper/{key}.bib").status_code == 404


def test_a_paper_of_which_only_the_title_is_known_can_be_searched(engine: Engine, client: httpx.Client) -> None:
    add_listings(engine, "bare", DAY, Listing(position=1, title="Bare"))
    with reading(engine) as connection:
        key = connection.scalar(tables.paper.select().with_only_columns(tables.paper.c.key))
    answer = client.get(f"/paper/{key}")
    assert "No source has given an abstract" in shown(answer)
    assert parsed(answer).cssselect(".buttons a")[0].text_content() == "Search for the title"


def test_a_paper_with_many_authors_shows_the_first_and_then_all(engine: Engine, client: httpx.Client) -> None:
    authors = tuple(f"Ann Bee{'abcdefghij'[i % 10]}{'klmnopqrst'[i // 10]}" for i in range(100))
    add_listings(engine, "many", DAY, Listing(position=1, title="Many", arxiv_id=KEY, authors=authors))
    page = parsed(client.get(f"/paper/{KEY}"))
    assert len(page.xpath("//main/ul[@class='names']/li")) == 30
    assert page.xpath("string(//details/summary)") == "70 more authors"
    assert [link.text_content() for link in page.cssselect(".names a")] == list(authors)


def test_a_hostile_paper_breaks_out_of_nothing(engine: Engine, config: Config, client: httpx.Client) -> None:
    hostile = Listing(
        position=1,
        title=f"Quantization {HOSTILE}",
        abstract=f"Quantization {HOSTILE}",
        arxiv_id=KEY,
        authors=(HOSTILE, "and", '" OR topic:agents', "}} @misc{x,"),
        categories=(HOSTILE,),
        keywords=(HOSTILE,),
        doi=f"10.1000/{HOSTILE}",
        code="javascript:alert(1)",
        note=HOSTILE,
        summary=HOSTILE,
    )
    add_listings(engine, "hostile", DAY, hostile)
    tag(engine, catalogue_of(config))
    answer = client.get(f"/paper/{KEY}")
    html5lib.HTMLParser(strict=True).parse(answer.text)
    page = parsed(answer)
    assert page.xpath("//script | //@onclick") == []
    assert "\u202e" not in answer.text
    assert not [url for url in page.xpath("//@href") if url.startswith("javascript:")]
    assert client.get(f"/paper/{KEY}.bib").text.count("\n@") == 0
    assert client.get(f"/paper/{KEY}.ris").text.count("\r\nER  - ") == 1


@pytest.mark.usefixtures("paper")
def test_the_html_is_valid(client: httpx.Client) -> None:
    answer = client.get(f"/paper/{KEY}")
    html5lib.HTMLParser(strict=True).parse(answer.text)
    ids = parsed(answer).xpath("//@id")
    assert len(ids) == len(set(ids))


def test_similar_papers_are_listed_with_what_they_share_and_can_be_followed(
    engine: Engine, config: Config, client: httpx.Client
) -> None:
    assert "Similar papers" not in shown(client.get(f"/paper/{KEY}"))
    add_listings(engine, "one", DAY, PAPER)
    others = [
        Listing(
            position=1, title=f"Quantization to {bits} Bits {HOSTILE}", abstract="We quantize models.", arxiv_id=key
        )
        for bits, key in (("two", "2607.00002"), ("three", "2607.00003"))
    ]
    add_listings(engine, "others", DAY, *others, Listing(position=1, title="The voice of the customer"))
    tag(engine, catalogue_of(config))
    answer = client.get(f"/paper/{KEY}")
    page = parsed(answer)
    html5lib.HTMLParser(strict=True).parse(answer.text)
    similar = page.xpath("//h2[@id='similar']/following-sibling::ul[1]/li")
    assert [each.xpath("string(a/@href)") for each in similar[:2]] == ["/paper/2607.00002", "/paper/2607.00003"]
    assert "both about Quantization; both have “" in similar[0].text_content()
    assert not page.xpath("//script[not(@src)]")
    (follow,) = page.xpath("//a[text()='Follow papers like this']/@href")
    form = client.get(follow)
    assert form.status_code == 200
    assert parsed(form).xpath("string(//input[@name='words']/@value)") == f"like:{KEY}"
    search = client.get("/search", params={"q": f"like:{KEY}"})
    assert "Quantization to" in shown(search)
    refused = client.get("/search", params={"q": "like:2699.00001"})
    assert refused.status_code == 400
    assert "There is no paper 2699.00001" in shown(refused)
    assert client.get("/feeds/search.atom", params={"q": "like:2699.00001"}).status_code == 400
    assert "Quantization to" in client.get("/feeds/search.atom", params={"q": f"like:{KEY}"}).text
