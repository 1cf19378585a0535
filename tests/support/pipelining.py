"""A fixture that runs a test twice: with a relay that offers PIPELINING, and with one that does not."""

from __future__ import annotations

import pytest
from support.scripted_relay import ScriptedRelay


@pytest.fixture(params=[(), ("PIPELINING",)], ids=["one_by_one", "pipelined"])
def offers_pipelining(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Return whether the relays of this test offer PIPELINING."""
    monkeypatch.setattr(ScriptedRelay, "extra_extensions", request.param)
    return bool(request.param)
