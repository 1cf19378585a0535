"""The relay of a test, once as one that offers PIPELINING and once as one that does not."""

from __future__ import annotations

import pytest
from scripted_smtp import ScriptedRelay


@pytest.fixture(params=[(), ("PIPELINING",)], ids=["one_by_one", "pipelined"])
def both_ways(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether relays of this test offer PIPELINING."""
    monkeypatch.setattr(ScriptedRelay, "offered_beside", request.param)
    return bool(request.param)
