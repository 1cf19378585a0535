"""What a query means, at its plainest: one paper, one leaf after the other. It shares the parser and the text rules
with the engine, and nothing else."""

from __future__ import annotations

from itertools import permutations
from operator import eq, ge, gt, le, lt

from notifier.models import Paper
from notifier.queries import Query, tree
from notifier.queries.tree import Field
from notifier.text.words import fold, stem, words

COMPARISONS = {">=": ge, ">": gt, "<=": le, "<": lt, "=": eq}


def is_true(query: Query, paper: Paper) -> bool:
    """Whether the query is true of the paper."""
    match query:
        case tree.And(operands):
            return all(is_true(operand, paper) for operand in operands)
        case tree.Or(operands):
            return any(is_true(operand, paper) for operand in operands)
        case tree.Not(operand):
            return not is_true(operand, paper)
        case tree.Word(asked, field):
            return any(stem(word) == asked for text in texts(paper, field) for word in words(text))
        case tree.Prefix(start, field):
            return any(word.startswith(start) for text in texts(paper, field) for word in words(text))
        case tree.Phrase(asked, field):
            return any(f" {' '.join(asked)} " in f" {' '.join(words(text))} " for text in texts(paper, field))
        case leaf:
            return is_bearing(leaf, paper)


def is_bearing(leaf: tree.Leaf, paper: Paper) -> bool:
    """Whether a name, a label, the upvotes or the listing day of the paper is what the leaf asks for."""
    match leaf:
        case tree.AuthorName(asked):
            return any(bears(words(name), asked) for name in paper.authors)
        case tree.Category(name):
            return any(f"{fold(' '.join(each.split()))}.".startswith(f"{name}.") for each in paper.categories)
        case tree.TopicTag(slug):
            return slug in paper.topics
        case tree.SourceName(name):
            return name == "-".join(words(paper.source))
        case tree.Upvotes(sign, number):
            return paper.upvotes is not None and COMPARISONS[sign](paper.upvotes, number)
        case tree.After(day):
            return paper.listed_on >= day
        case tree.Before(day):
            return paper.listed_on < day
        case _:
            raise AssertionError(f"{leaf} is of no kind that the language has")


def texts(paper: Paper, field: Field | None) -> tuple[str, ...]:
    """The texts that a leaf of that field looks at."""
    by_field = {
        None: (paper.title, paper.abstract),
        Field.TITLE: (paper.title,),
        Field.ABSTRACT: (paper.abstract,),
        Field.KEYWORD: paper.keywords,
        Field.AUTHOR: paper.authors,
    }
    return by_field[field]


def bears(name: list[str], asked: tuple[str, ...]) -> bool:
    """Whether the asked words can each be given a word of the name of their own."""
    return any(
        all(own == word or (len(word) == 1 and own.startswith(word)) for own, word in zip(chosen, asked, strict=True))
        for chosen in permutations(name, len(asked))
    )
