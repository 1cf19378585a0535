"""Turn a query into conditions that an index of words can look up.

The engine alone decides what a query matches. The conditions only propose papers: they must be true of every
paper that the query matches, and may be true of others. The engine need not look at any other paper. A part of a
query that an index of words cannot express, such as the name of an author, is replaced by a wider condition.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import chain
from typing import NamedTuple

from notifier.matching.passages import fields_of
from notifier.models import AllOf, AnyOf, Proposal, Term, TermKind, WordSearch
from notifier.queries import tree
from notifier.queries.tree import And, Field, Leaf, Not, Or, Query

# The largest number of authors' initials that are looked up for a query. Each takes about 10 ms among 80,000 papers,
# because an index of words has to join all words that begin with the letter. If a query has more initials, none of them
# is looked up, and more papers are proposed than necessary.
MAX_INITIALS = 8

# The leaves that the store looks up in the rows of papers and their topics, and not in the index of words.
ROW_CONDITIONS = (tree.After, tree.Before, tree.Upvotes, tree.Votes, tree.TopicTag, tree.Category, tree.Like)


class _Superset(NamedTuple):
    """A set of papers that contains all papers that a part of a query matches.

    These are the papers that `words` finds, or all others if `is_negated`, or all papers if `words` is None. `is_exact`
    is true if the part matches all of them.
    """

    words: WordSearch | None
    is_negated: bool = False
    is_exact: bool = True


_ALL_PAPERS = _Superset(None, is_exact=False)


def propose(query: Query) -> Proposal:
    """Return conditions that are true of all papers that the query matches."""
    operands = query.operands if isinstance(query, And) else (query,)
    conditions = [each for each in operands if isinstance(each, ROW_CONDITIONS)]
    near = {each: _near_any(each) for each in operands}
    others = [each for each in operands if not isinstance(each, ROW_CONDITIONS) and near[each] is None]
    superset = _all_of(_supersets(others, _has_few_initials(query))) if others else _Superset(None)
    words = None if superset.is_negated else superset.words
    days = [each.day for each in conditions if isinstance(each, tree.After)]
    ends = [each.day for each in conditions if isinstance(each, tree.Before)]
    categories = tuple(each.name for each in conditions if isinstance(each, tree.Category))
    return Proposal(
        words=words,
        since=max(days, default=None),
        before=min(ends, default=None),
        upvotes=tuple((each.sign, each.number) for each in conditions if isinstance(each, tree.Upvotes)),
        votes=tuple((each.sign, each.number) for each in conditions if isinstance(each, tree.Votes)),
        topics=tuple(each.slug for each in conditions if isinstance(each, tree.TopicTag)),
        categories=categories,
        ids=tuple(ids for ids in near.values() if ids is not None),
        # An index compares categories only roughly.
        is_exact=superset.is_exact and not categories and (words is not None or not others),
    )


def _near_any(query: Query) -> frozenset[int] | None:
    """Return the papers that are similar to one of the named papers, if the query asks for nothing else."""
    operands = query.operands if isinstance(query, Or) else (query,)
    near = [each.near for each in operands if isinstance(each, tree.Like)]
    return frozenset().union(*near) if len(near) == len(operands) else None


def alternatives(query: Query) -> Collection[Query]:
    """Return queries that together match exactly the papers that this query matches.

    If an index of words cannot look up an OR as a whole, its operands are returned, otherwise the query itself.
    """
    if (
        isinstance(query, Or)
        and _near_any(query) is None
        and _superset_of(query, _has_few_initials(query)).words is None
    ):
        return query.operands
    return (query,)


def _has_few_initials(query: Query) -> bool:
    names = [leaf for leaf in tree.leaves(query) if isinstance(leaf, tree.AuthorName)]
    return sum(map(_is_initial, chain.from_iterable(name.words for name in names))) <= MAX_INITIALS


def _is_initial(word: str) -> bool:
    return len(word) == 1


def _supersets(queries: Iterable[Query], uses_initials: bool) -> list[_Superset]:
    return [_superset_of(query, uses_initials) for query in queries]


def _superset_of(query: Query, uses_initials: bool) -> _Superset:
    match query:
        case Not(operand):
            inner = _superset_of(operand, uses_initials)
            return _Superset(inner.words, not inner.is_negated) if inner.is_exact else _ALL_PAPERS
        case And(operands):
            return _all_of(_supersets(operands, uses_initials))
        case Or(operands):
            return _any_of(_supersets(operands, uses_initials))
        case tree.AuthorName(words) if not uses_initials:
            return _superset_of_words([word for word in words if not _is_initial(word)])
        case leaf:
            return _superset_of_leaf(leaf)


def _superset_of_words(words: Sequence[str]) -> _Superset:
    """Return the papers with these words in the names of their authors; initials are not looked up."""
    return _Superset(_joined(AllOf, list(map(_of_name, words))), is_exact=False) if words else _ALL_PAPERS


def _superset_of_leaf(leaf: Leaf) -> _Superset:
    match leaf:
        case tree.Word(stem, field):
            return _Superset(Term(TermKind.STEM, (stem,), fields_of(field)))
        case tree.Phrase(words, field):
            return _Superset(Term(TermKind.PHRASE, words, fields_of(field)))
        case tree.Prefix(start, field):
            return _Superset(Term(TermKind.PREFIX, (start,), fields_of(field)))
        case tree.AuthorName(words):
            # The index may find several words in the names of different authors, so this is wider than the query.
            return _Superset(_joined(AllOf, [_of_name(word) for word in words]), is_exact=len(words) == 1)
        case _:
            return _ALL_PAPERS


def _of_name(word: str) -> Term:
    return Term(TermKind.PREFIX if _is_initial(word) else TermKind.PHRASE, (word,), fields_of(Field.AUTHOR))


def _all_of(supersets: Iterable[_Superset]) -> _Superset:
    known = list(supersets)
    wanted, excluded = _parted(known)
    is_exact = all(each.is_exact for each in known)
    if wanted:
        return _Superset(_without(wanted, excluded), is_exact=is_exact)
    return _Superset(_joined(AnyOf, excluded), is_negated=True, is_exact=is_exact) if excluded else _ALL_PAPERS


def _any_of(supersets: Sequence[_Superset]) -> _Superset:
    if any(each.words is None for each in supersets):
        return _ALL_PAPERS
    wanted, excluded = _parted(supersets)
    is_exact = all(each.is_exact for each in supersets)
    if not excluded:
        return _Superset(_joined(AnyOf, wanted), is_exact=is_exact)
    # By De Morgan: (a OR NOT b) is NOT (b AND NOT a).
    return _Superset(_without(excluded, wanted), is_negated=True, is_exact=is_exact)


def _parted(supersets: Iterable[_Superset]) -> tuple[list[WordSearch], list[WordSearch]]:
    """Return the word searches that are not negated, and those that are."""
    known = [(each.words, each.is_negated) for each in supersets if each.words is not None]
    return [words for words, negated in known if not negated], [words for words, negated in known if negated]


def _without(wanted: Sequence[WordSearch], excluded: Sequence[WordSearch]) -> WordSearch:
    return AllOf(tuple(wanted), tuple(excluded)) if excluded else _joined(AllOf, wanted)


def _joined(kind: type[AllOf] | type[AnyOf], operands: Sequence[WordSearch]) -> WordSearch:
    return operands[0] if len(operands) == 1 else kind(tuple(operands))
