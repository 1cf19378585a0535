"""What subscribers like, learnt from their feedback, and the order of papers by it.

Everything here is a function of its arguments: of feedback, of the vectors of papers, and of the order of trending.
"""

from notifier.taste.batch import Ratings, Tastes
from notifier.taste.vectors import Vectors

__all__ = ["Ratings", "Tastes", "Vectors"]
