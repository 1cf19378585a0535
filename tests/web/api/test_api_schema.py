"""schemathesis finds no operation that breaks the OpenAPI document, with data that fits it and data that does not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.config import SchemathesisConfig
from schemathesis.generation import GenerationMode
from sqlalchemy import Engine
from support.api_site import api_client
from support.paths import CHECKOUT
from support.service import add_subscriber, ingest_page
from support.stores import new_store
from support.web_site import ANN, AT_EIGHT, write_config

from notifier.subscribers import SignUp

EXAMPLES = 8  # of each operation, of either kind


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Return the schema of an application with a few papers and a subscriber, and the headers with a token."""
    folder = tmp_path_factory.mktemp("schema")
    engine: Engine = new_store(folder / "store/notifier.db")
    config = write_config(folder)
    ingest_page(engine, folder, [f"Quantization of Models {number}" for number in range(40)], now=AT_EIGHT)
    add_subscriber(engine, SignUp(ANN, ("models", "bees"), confirmed=True), settings=config)
    api = api_client(engine, config)
    settings_of = SchemathesisConfig.from_path(CHECKOUT / "schemathesis.toml")
    loaded = schemathesis.openapi.from_asgi("/openapi.json", api.application, config=settings_of)
    yield loaded, {"Authorization": f"Bearer {api.token}"}
    engine.dispose()


@pytest.mark.slow
@pytest.mark.parametrize("mode", list(GenerationMode))
def test_every_operation_keeps_to_the_document(schema: Any, mode: GenerationMode) -> None:
    loaded, headers = schema
    tried = 0
    for result in loaded.get_all_operations():
        operation = result.ok()

        @given(case=operation.as_strategy(generation_mode=mode))
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def check(case: Any) -> None:
            case.call_and_validate(headers=headers)

        check()
        tried += 1
    assert tried > 20
