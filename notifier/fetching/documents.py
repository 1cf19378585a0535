"""Fetch the documents of a source by calling the module for its preset."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from notifier.config import SourceConfig
from notifier.fetching.preset_interface import Document, FetchState, Getter
from notifier.fetching.presets import arxiv, biorxiv, huggingface, oai, openreview, single

_BY_PRESET: Mapping[str | None, Callable[[SourceConfig, FetchState, Getter], Iterator[Document]]] = {
    "huggingface": huggingface.documents,
    "arxiv": arxiv.documents,
    "biorxiv": biorxiv.documents,
    "medrxiv": biorxiv.documents,
    "openreview": openreview.documents,
    "oai": oai.documents,
    "feed": single.documents,
    "jsonl": single.documents,
    None: single.documents,
}


def documents(source: SourceConfig, state: FetchState, client: Getter) -> Iterator[Document]:
    """Yield the documents of a source that is fetched, the oldest day first.

    Raises FetchError if there is no response, or if it is an error. If some documents were yielded before, they are
    valid. Raises ValueError for a source that is a folder.
    """
    if not source.is_remote:
        raise ValueError("a source that is a folder is not fetched")
    return _BY_PRESET[source.preset](source, state, client)
