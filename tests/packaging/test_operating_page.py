"""The page that leads from a bare machine to signed mail; scripts/bare_machine.py follows it, which takes minutes."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from support.paths import CHECKOUT

from notifier.cli import app
from notifier.config import load

PAGE = (CHECKOUT / "docs/operating.md").read_text(encoding="utf-8")
COMMANDS = "".join(re.findall(r"^```bash\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL))
UNITS = [*(CHECKOUT / "packaging").glob("notifier*.service")]


def test_the_commands_are_valid_shell() -> None:
    subprocess.run(["bash", "-n", "-c", COMMANDS], check=True)


def test_every_file_of_the_archive_that_the_page_uses_exists() -> None:
    named = re.findall(r"/opt/notifier/([\w./-]+)", PAGE)
    assert len(named) > 5
    assert [name for name in named if not (CHECKOUT / name).exists()] == []


def test_every_command_of_notifier_exists() -> None:
    verbs = {each.name for each in app.registered_commands} | {each.name for each in app.registered_groups}
    assert set(re.findall(r"-- notifier ([a-z]+)", COMMANDS)) <= verbs


def test_the_config_is_valid_and_its_places_are_those_of_the_units(tmp_path: Path) -> None:
    (text,) = re.findall(r"config\.toml <<'END'\n(.*?)^END$", COMMANDS, re.MULTILINE | re.DOTALL)
    (tmp_path / "config.toml").write_text(text, encoding="utf-8")
    config = load(tmp_path / "config.toml")
    for unit in UNITS:
        assert "--config /etc/notifier/config.toml" in unit.read_text(encoding="utf-8")
    service = (CHECKOUT / "packaging/notifier.service").read_text(encoding="utf-8")
    assert f"LoadCredential=secret.key:{config.secret_file}\n" in service
    assert str(config.database_file).startswith("/var/lib/notifier/")
    assert "/etc/notifier/smtp.password" in PAGE
    assert "LoadCredential=smtp.password:/etc/notifier/smtp.password\n" in service


def test_the_domain_key_is_where_opendkim_looks_for_it() -> None:
    opendkim = dict(re.findall(r"^(\w+) +(\S+)$", (CHECKOUT / "packaging/opendkim.conf").read_text(), re.MULTILINE))
    made = f"--domain={opendkim['Domain']} --selector={opendkim['Selector']} --directory=/etc/dkimkeys"
    assert made in COMMANDS
    assert opendkim["KeyFile"] == f"/etc/dkimkeys/{opendkim['Selector']}.private"
    assert f"smtpd_milters={opendkim['Socket'].replace('@', ' ').split()[0].split(':')[0]}:localhost:8891" in COMMANDS
