"""Learn what subscribers like from their feedback, and order papers by it.

All functions here are pure: results depend only on feedback, the vectors of papers, and the order of trending.
"""

from notifier.taste.batch import Ratings, Tastes
from notifier.taste.vectors import TasteVectors

__all__ = ["Ratings", "TasteVectors", "Tastes"]
