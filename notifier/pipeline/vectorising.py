"""Compute the terms and the vector of each new paper, by which papers are compared, and now and then a new basis.

New papers get their vectors together with their topics, in the basis that is in use. When there are 1.5 times as many
papers as when the basis was made, `refit` learns a new one from them. It makes a vector for each paper beside the
earlier ones, and then puts the new basis into use in one transaction. A process that is killed in between leaves the
earlier basis in use, and the next refitting begins anew.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import Engine

from notifier import matching, similarity
from notifier.similarity import Basis, Vectors
from notifier.store import paper_vectors, reading, retried, writing
from notifier.store.paper_vectors import BasisInUse, TokensOfPaper
from notifier.text.words import TEXT_VERSION

BLOCK = 500  # papers whose terms and vectors are stored in one transaction
GROWTH = 1.5  # a new basis is due when the number of papers is this many times that of the basis in use
SMALL = 500  # with at most so many papers, a new basis takes less than half a second, so it is made at once
DELETED = 2_000  # vectors that are deleted in one transaction


def vectorise(engine: Engine) -> None:
    """Make the terms and the vectors that stored papers lack.

    Make a new basis first if there is none, or if one is due and quick to make. The papers must have their tokens.
    Several processes may call this at once.
    """
    with reading(engine) as connection:
        used, papers = paper_vectors.basis_in_use(connection), paper_vectors.count_papers(connection)
        is_complete = used is not None and paper_vectors.count_vectors(connection, used.id) == papers
    if papers and (used is None or (papers <= SMALL and _is_due(used, papers))):
        refit(engine)
    elif used and not is_complete:
        _add_missing(engine, used.id, lambda: True)


def refit(engine: Engine, goes_on: Callable[[], bool] = lambda: True) -> int:
    """Make a new basis if there are many more papers now, and delete what is left of earlier bases.

    Return the number of papers of the new basis, or 0 if none is due. `goes_on` is called between two transactions, and
    says whether to go on.
    """
    _delete_outdated(engine, goes_on)
    with reading(engine) as connection:
        used, papers = paper_vectors.basis_in_use(connection), paper_vectors.count_papers(connection)
    if not papers or not _is_due(used, papers) or not _refit(engine, papers, goes_on):
        return 0
    _delete_outdated(engine, goes_on)
    return papers


def _is_due(used: BasisInUse | None, papers: int) -> bool:
    return used is None or papers >= GROWTH * used.papers or used.text_version != TEXT_VERSION


def _refit(engine: Engine, papers: int, goes_on: Callable[[], bool]) -> bool:
    """Make a basis and put it into use; return False if that was interrupted, by `goes_on` or another process."""
    if not _add_missing(engine, None, goes_on):
        return False
    with reading(engine) as connection:
        ids, terms = paper_vectors.terms_of_sample(connection, similarity.MOST_FITTED)
    basis_id = _store_basis(engine, similarity.fit(terms), papers, ids)
    while _add_missing(engine, basis_id, goes_on):
        if _make_ready(engine, basis_id):
            return True
    return False  # the basis was deleted, or the process is to stop


def _add_missing(engine: Engine, basis_id: int | None, goes_on: Callable[[], bool]) -> bool:
    """Add the vectors that papers lack in a basis, or, if `basis_id` is None, their missing terms.

    Return False if that was interrupted, or if the basis has been deleted.
    """
    last, is_last = 0, False
    while not is_last:
        if not goes_on():
            return False
        with reading(engine) as connection:
            found = paper_vectors.incomplete(connection, basis_id, last, BLOCK)
        is_last = len(found) < BLOCK
        if found:
            last = found[-1].paper_id
            if not _store(engine, basis_id, [_with_terms(each) for each in found]):
                return False
    return True


def _with_terms(paper: TokensOfPaper) -> TokensOfPaper:
    if paper.terms is not None:
        return paper
    title, abstract, *_ = matching.unpack(paper.tokenised)
    return paper._replace(terms=similarity.terms_of(title, abstract))


def _store(engine: Engine, basis_id: int | None, papers: Sequence[TokensOfPaper]) -> bool:
    """Store the terms of papers, and their vectors if a basis is given; return False if it has been deleted."""
    if basis_id is None:
        _store_terms(engine, papers)
        return True
    with reading(engine) as connection:
        basis = paper_vectors.read_basis(connection, basis_id)
    if basis is None:
        return False
    vectors = similarity.vectors_of(basis, [each.terms or b"" for each in papers])
    return _store_vectors(engine, basis_id, papers, vectors)


@retried
def _store_terms(engine: Engine, papers: Sequence[TokensOfPaper]) -> None:
    with writing(engine) as connection:
        paper_vectors.add_terms(connection, papers)


@retried
def _store_vectors(engine: Engine, basis_id: int, papers: Sequence[TokensOfPaper], vectors: Vectors) -> bool:
    with writing(engine) as connection:
        return paper_vectors.add_vectors(connection, basis_id, papers, vectors)


@retried
def _store_basis(engine: Engine, basis: Basis, papers: int, ids: Sequence[int]) -> int:
    with writing(engine) as connection:
        return paper_vectors.add_basis(connection, basis, papers, ids)


@retried
def _make_ready(engine: Engine, basis_id: int) -> bool:
    with writing(engine) as connection:
        return paper_vectors.make_ready(connection, basis_id)


def _delete_outdated(engine: Engine, goes_on: Callable[[], bool]) -> None:
    """Delete the bases that are not in use, with their vectors, a few at a time."""
    with reading(engine) as connection:
        outdated = paper_vectors.outdated_bases(connection)
    for basis_id in outdated:
        while goes_on() and not _delete_some(engine, basis_id):
            pass


@retried
def _delete_some(engine: Engine, basis_id: int) -> bool:
    with writing(engine) as connection:
        return paper_vectors.delete_vectors(connection, basis_id, DELETED)
