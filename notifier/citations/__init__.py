"""Cite a paper: as BibTeX, as RIS, and as the meta elements that reference managers read from a page.

paper --citation_of--> Citation --bibtex--> an entry of a .bib file
                                --ris-----> a record of a .ris file
                                --meta----> pairs of name and content
"""

from notifier.citations.bibtex import bibtex
from notifier.citations.citation import Citation, citation_of
from notifier.citations.meta import meta
from notifier.citations.ris import ris

__all__ = ["Citation", "bibtex", "citation_of", "meta", "ris"]
