"""Programs find the papers that are similar to one, in a list of their own and by `like:` in any search."""

from __future__ import annotations

from sqlalchemy import Engine
from support.api_site import PAPERS, api_client
from support.subjects import SUBJECTS, add_papers, paper_about

from notifier.config import Config

BEE = "2607.00000"


def test_similar_papers_are_listed_and_searched_as_on_the_pages(engine: Engine, config: Config) -> None:
    add_papers(engine, *[paper_about(subject, number) for number in range(40) for subject in SUBJECTS])
    api = api_client(engine, config)
    similar = api.get(f"{PAPERS}/{BEE}/similar?limit=3").json()["similar"]
    assert [each["paper"]["key"][:6] for each in similar] == ["2607.0"] * 3
    assert BEE not in [each["paper"]["key"] for each in similar]
    assert similar[0]["words"]
    found = {each["key"] for each in api.get(f"{PAPERS}?query=like:{BEE}").json()["papers"]}
    assert similar[0]["paper"]["key"] in found
    assert api.get(f"{PAPERS}?query=like:2601.99999").status_code == 422
    assert api.get(f"{PAPERS}/2601.99999/similar").status_code == 404
    assert api.get(f"{PAPERS}/{BEE}/similar?limit=0").status_code == 422
