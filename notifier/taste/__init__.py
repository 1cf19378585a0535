"""What subscribers like, learnt from their feedback, and the order of papers by it.

All functions here are pure: results depend only on feedback, the vectors of papers, and the order of trending.
"""

from notifier.taste.batch import Ratings, Tastes
from notifier.taste.vectors import Vectors

__all__ = ["Ratings", "Tastes", "Vectors"]
