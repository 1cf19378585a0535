"""The relay of a test, once as one that offers PIPELINING and once as one that does not."""

from __future__ import annotations

import pytest
from support.scripted_relay import ScriptedRelay


@pytest.fixture(params=[(), ("PIPELINING",)], ids=["one_by_one", "pipelined"])
def offers_pipelining(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether relays of this test offer PIPELINING."""
    monkeypatch.setattr(ScriptedRelay, "offered_beside", request.param)
    return bool(request.param)
