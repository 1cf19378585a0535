"""List compounds of two words that are also written as one: first words, each with the second words that may follow.

A compound is listed only if its joined form is in use, and if the two words beside each other mean the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

# Each part says what the compound is about, so a search for a part alone also finds the joined form: `training` finds
# `pretraining`.
_DIVISIBLE = {
    "audio": "visual",
    "auto": "encoder encoders encoding regression regressive regressively",
    "back": "propagation propagate propagated propagating",
    "bi": "directional lingual level",
    "bio": "medical medicine",
    "co": "training trained train",
    "cross": "lingual modal domain",
    "de": "bias biased biasing blur blurred blurring noise noised noiser noisers noising",
    "down": "sample sampled samples sampling",
    "ego": "centric",
    "few": "shot shots",
    "fine": "grained tune tuned tunes tuner tuning tunings tunable",
    "hyper": "graph graphs network networks parameter parameters",
    "meta": "learn learned learner learning",
    "mid": "train trained training",
    "mini": "batch batches",
    "mono": "lingual",
    "multi": "agent agents class domain hop label language lingual lingually modal modalities modality modally "
    "objective step task tasks tasking turn view",
    "neuro": "science sciences symbolic",
    "one": "shot",
    "open": "source sourced sources sourcing",
    "over": "fit fits fitted fitting parameterization parameterized smoothing",
    "photo": "realism realistic",
    "point": "cloud clouds",
    "post": "process processed processing train trained training",
    "pre": "fill filling process processed processes processing train trained training trainings trains",
    "re": "rank ranked ranker rankers ranking ranks sample sampled sampling train trained training weight weighted "
    "weighting",
    "real": "time",
    "red": "team teamed teaming teams",
    "self": "supervised supervision",
    "semi": "supervised definite",
    "spatio": "temporal temporally",
    "sub": "graph graphs network networks quadratic sample sampled sampling space spaces task tasks",
    "super": "resolution computer computers computing",
    "time": "series",
    "under": "fit fitting",
    "uni": "modal directional",
    "up": "sample sampled samples sampling",
    "video": "game games",
    "zero": "shot",
}

# A part alone may mean something else, so a search for it does not find the joined form: `linear` does not find
# `nonlinear`, and `flow` does not find `workflow`.
_INDIVISIBLE = {
    "back": "bone bones door doors doored",
    "bench": "mark marks",
    "chat": "bot bots",
    "check": "point points pointing pointed",
    "code": "base bases",
    "data": "base bases center centers set sets",
    "drop": "out outs",
    "feed": "back forward",
    "hand": "crafted written writing",
    "health": "care",
    "in": "painting",
    "inter": "operability operable",
    "jail": "break breaks breaking broken",
    "key": "frame frames point points word words",
    "life": "long",
    "meta": "data",
    "micro": "service services",
    "non": "convex linear linearities linearity linearly parametric smooth stationary trivial",
    "off": "line load loaded loading loads",
    "on": "line",
    "out": "painting",
    "pre": "print prints",
    "re": "use used",
    "run": "time times",
    "soft": "max",
    "sub": "goal goals optimal word words",
    "text": "book books",
    "time": "stamp stamps step steps",
    "trade": "off offs",
    "web": "page pages site sites",
    "work": "flow flows load loads space spaces",
}


def _pairs(listed: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    return ((first, second) for first, seconds in listed.items() for second in seconds.split())


JOINED = {pair: "".join(pair) for listed in (_DIVISIBLE, _INDIVISIBLE) for pair in _pairs(listed)}
PARTS = {"".join(pair): pair for pair in _pairs(_DIVISIBLE)}
