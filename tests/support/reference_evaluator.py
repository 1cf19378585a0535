"""A simple evaluator of queries; tests compare its results with those of the matching engine.

It tests one leaf after the other on one paper. It shares only the parser and the text rules with the engine.
"""

from __future__ import annotations

from itertools import permutations
from operator import eq, ge, gt, le, lt

from notifier.models import Paper
from notifier.queries import Query, tree
from notifier.queries.tree import Field
from notifier.text.spellings import search_words
from notifier.text.words import fold, stem, words

COMPARISONS = {">=": ge, ">": gt, "<=": le, "<": lt, "=": eq}


def is_true(query: Query, paper: Paper) -> bool:
    """Return whether the query is true of the paper."""
    match query:
        case tree.And(operands):
            return all(is_true(operand, paper) for operand in operands)
        case tree.Or(operands):
            return any(is_true(operand, paper) for operand in operands)
        case tree.Not(operand):
            return not is_true(operand, paper)
        case tree.Word(wanted, field):
            return any(stem(word) == wanted for text in texts(paper, field) for word in search_words(text))
        case tree.Prefix(start, field):
            return any(word.startswith(start) for text in texts(paper, field) for word in search_words(text))
        case tree.Phrase(wanted, field):
            return any(f" {' '.join(wanted)} " in f" {' '.join(search_words(text))} " for text in texts(paper, field))
        case leaf:
            return is_field_leaf_true(leaf, paper)


def is_field_leaf_true(leaf: tree.Leaf, paper: Paper) -> bool:
    """Return whether a leaf that searches no texts, such as a category or upvotes, is true of the paper."""
    match leaf:
        case tree.AuthorName(wanted):
            return any(name_has_words(words(name), wanted) for name in paper.authors)
        case tree.Category(name):
            return any(f"{fold(' '.join(category.split()))}.".startswith(f"{name}.") for category in paper.categories)
        case tree.TopicTag(slug):
            return slug in paper.topics
        case tree.SourceName(name):
            return name == "-".join(words(paper.source))
        case tree.Upvotes(sign, number):
            return paper.upvotes is not None and COMPARISONS[sign](paper.upvotes, number)
        case tree.Votes(sign, number):
            return bool(COMPARISONS[sign](paper.votes, number))
        case tree.After(day):
            return paper.listed_on >= day
        case tree.Before(day):
            return paper.listed_on < day
        case tree.Like(_, near):
            return paper.id in near
        case _:
            raise AssertionError(f"{leaf} is no leaf of the query language")


def texts(paper: Paper, field: Field | None) -> tuple[str, ...]:
    """Return the texts in which a leaf with this field, or with none, searches."""
    by_field = {
        None: (paper.title, paper.abstract),
        Field.TITLE: (paper.title,),
        Field.ABSTRACT: (paper.abstract,),
        Field.KEYWORD: paper.keywords,
        Field.AUTHOR: paper.authors,
    }
    return by_field[field]


def name_has_words(name: list[str], wanted: tuple[str, ...]) -> bool:
    """Return whether each wanted word can be assigned a different word of the name; a single letter is an initial."""
    return any(
        all(
            part == word or (len(word) == 1 and part.startswith(word)) for part, word in zip(parts, wanted, strict=True)
        )
        for parts in permutations(name, len(wanted))
    )
