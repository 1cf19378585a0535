"""The Dockerfile and the compose file: hadolint accepts the first, and what they name exists."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest
from support.paths import CHECKOUT

from notifier.cli import app
from notifier.config import Config

DOCKERFILE = CHECKOUT / "packaging/Dockerfile"
COMPOSE = (CHECKOUT / "packaging/compose.yaml").read_text(encoding="utf-8")


def hadolint() -> str | None:
    """Return the path of hadolint, which is installed beside Python or elsewhere."""
    beside = Path(sysconfig.get_path("scripts"), "hadolint")
    return str(beside) if beside.exists() else shutil.which("hadolint")


@pytest.mark.skipif(hadolint() is None, reason="install hadolint")
def test_hadolint_finds_nothing_wrong_with_the_dockerfile() -> None:
    run = subprocess.run([str(hadolint()), str(DOCKERFILE)], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (0, "")


def instructions() -> dict[str, list[str]]:
    """Return the instructions of the final image, by their names."""
    joined = DOCKERFILE.read_text(encoding="utf-8").rpartition("\nFROM ")[2].replace("\\\n", " ")
    found: dict[str, list[str]] = {}
    for name, text in re.findall(r"^([A-Z]+) +(.*)$", joined, re.MULTILINE):
        found.setdefault(name, []).append(text)
    return found


def test_the_image_runs_serve_as_a_user_without_privileges_and_knows_whether_it_is_healthy() -> None:
    final = instructions()
    assert final["USER"] == ["10001:10001"]
    assert json.loads(final["ENTRYPOINT"][0]) == ["notifier"]
    assert json.loads(final["CMD"][0])[0] in {each.name for each in app.registered_commands}
    compile(json.loads(final["HEALTHCHECK"][0].partition("CMD ")[2])[2], "HEALTHCHECK", "exec")
    assert "/healthz" in final["HEALTHCHECK"][0]
    assert [text for text in final["COPY"] if not text.startswith("--from=build")] == []


def test_everything_that_the_build_needs_is_sent_to_it_and_no_secret() -> None:
    ignored = (CHECKOUT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    sent = [line.removeprefix("!") for line in ignored if line.startswith("!")]
    assert [name for name in sent if not (CHECKOUT / name).exists()] == []
    assert {"requirements.lock", "scripts", "pyproject.toml", "notifier", "templates", "seeds"} <= set(sent)
    assert not {"config.toml", "var", "."} & set(sent)
    assert "*" in ignored


def test_compose_runs_it_read_only_with_the_secret_in_a_file() -> None:
    for line in ("read_only: true", "cap_drop:", "- no-new-privileges:true", "- 127.0.0.1:8000:8000"):
        assert line in COMPOSE
    (named,) = re.findall(r"NOTIFIER_(\w+)__(\w+): /run/secrets/smtp_password", COMPOSE)
    assert named[1].lower() in type(getattr(Config(), named[0].lower())).model_fields
    assert (CHECKOUT / "packaging" / re.findall(r"dockerfile: packaging/(\w+)", COMPOSE)[0]).exists()
