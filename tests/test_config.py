"""The config: a TOML file, defaults, and environment variables that override keys; errors name key and cure."""

from __future__ import annotations

import os
import re
import tomllib
from base64 import b64encode
from pathlib import Path

import pytest
from pydantic import BaseModel
from support.paths import CHECKOUT
from support.service import run_notifier

from notifier.config import Config, SourceConfig, StoreConfig, TopicConfig, load, secret_key, unknown_variables
from notifier.errors import ConfigError
from notifier.store import open_store, reading

EXAMPLE = CHECKOUT / "config.example.toml"


def write_config(folder: Path, text: str) -> Path:
    """Write a config.toml, and return its path."""
    file = folder / "config.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_the_example_documents_every_key_with_its_default(tmp_path: Path) -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    for key in keys(Config):
        assert f"\n{key} = " in text or f"\n# {key} = " in text, f"{key} is not documented"
    assert load(write_config(tmp_path, text)).model_dump() == Config().model_dump()


def keys(model: type[BaseModel]) -> list[str]:
    """Return the names of all keys of a config and of its tables, without the names of the tables."""
    names = []
    for name, field in model.model_fields.items():
        kind = field.annotation
        if name in ("topics", "sources"):
            names += list((TopicConfig if name == "topics" else SourceConfig).model_fields)
        else:
            names += keys(kind) if isinstance(kind, type) and issubclass(kind, BaseModel) else [name]
    return names


def test_the_example_is_still_valid_toml_with_its_commented_keys_switched_on() -> None:
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    enabled = [line.removeprefix("# ") if re.match(r"# (\[[a-z]|[a-z_]+ = )", line) else line for line in lines]
    tables = tomllib.loads("\n".join(line for line in enabled if not line.startswith("#")))
    assert "ca_file" in tables["smtp"]
    assert set(tables["sources"]) == {"daily", "arxiv", "example"}
    assert set(tables["sources"]["example"]) == set(SourceConfig.model_fields)


def test_relative_paths_start_from_the_folder_of_the_config(tmp_path: Path) -> None:
    config = load(write_config(tmp_path, '[store]\nurl = "sqlite:///papers.db"\n'))
    assert config.store_url == f"sqlite:///{tmp_path}/papers.db"
    assert config.path(config.maildir.folder) == tmp_path / "var" / "mail"


def test_the_environment_overrides_one_key_and_leaves_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFIER_SMTP__HOST", "mail.example.org")
    config = load(write_config(tmp_path, "[smtp]\nport = 25\n"))
    assert (config.smtp.host, config.smtp.port) == ("mail.example.org", 25)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[smtp]\nprot = 25", "smtp.prot is not a key that notifier knows; did you mean port?"),
        ("[mial]\nsender = 'x'", "did you mean mail?"),
        ("[smtp]\nport = 'high'", "smtp.port"),
        ("[smtp]\nhost = ''", "smtp.host: write the name or the address of the relay alone"),
        ('[smtp]\nhost = "mail\\n.example.org"', "smtp.host: write the name"),
        ("[smtp]\nhost = 'mail example.org'", "smtp.host: write the name"),
        ("[smtp]\nhost = 'smtp://mail.example.org'", "smtp.host: write the name"),
        (
            "[smtp]\nhost = 'mail.example.org:587'",
            "without a port or brackets, such as mail.example.org or 2001:db8::1",
        ),
        ("[smtp]\nhost = '[mail.example.org]'", "smtp.host: write the name"),
        ("[smtp]\nhost = '[2001:db8::1]'", "smtp.host: write the name"),
        ("[smtp]\nhost = '[::1]:25'", "smtp.host: write the name"),
        ("[web]\nbase_url = 'https://papers.example.org:99999'", "web.base_url: no link to this host and port"),
        ("[web]\nbase_url = 'https://papers.example.org:0'", "web.base_url: no link to this host and port"),
        ("[web]\nbase_url = 'https://papers..example.org'", "web.base_url: no link to this host and port"),
        ("[web]\nbase_url = 'https://-papers.example.org'", "web.base_url: no link to this host and port"),
        ("[mail]\nsender = 'nobody'", "Name <address@example.org>"),
        ("[mail]\nsender = 'päpers@example.org'", "mail.sender: no mail can be sent from this address"),
        ("[mail]\nsender = 'papers@my_host.example'", "mail.sender: no mail can be sent from this address"),
        ("[mail]\nsender = 'papers@bücher..example'", "mail.sender: no mail can be sent from this address"),
        ('[mail]\nsender = "Papers\\r\\nBcc: x <papers@example.org>"', "mail.sender: write it as Name"),
        ('[mail]\nsender = "Papers\\u202e <papers@example.org>"', "mail.sender: write it as Name"),
        (f"[mail]\nsender = '{'x' * 300} <papers@example.org>'", "mail.sender: write it as Name"),
        (f"[mail]\nsender = '{'x' * 250}@example.org'", "mail.sender: this address is longer than 254 characters"),
        *[
            (f"[mail]\n{name} = '{address}'", f"mail.{name}: no mail can be sent from this address")
            for name in ("sender", "envelope")
            for address in (
                *["papers@example..org", "papers@.example.org", "papers@example.org.", "papers@example-.org"],
                *["pa..pers@example.org", ".papers@example.org", f"papers@{'x' * 64}.org", "papers@bücher..example"],
            )
        ],
        ("[mail]\nenvelope = 'bounces'", "mail.envelope: no mail can be sent from this address"),
        ("[mail]\nenvelope = 'Bounces <bounces@example.org>'", "mail.envelope: no mail can be sent from this"),
        ('[mail]\nenvelope = "bounces@example.org\\r\\n"', "mail.envelope: no mail can be sent from this address"),
        ("[store]\nurl = 'mysql://x'", "sqlite:///FILE"),
        *[
            (
                f"[store]\nurl = 'sqlite:///{file}'",
                "store.url: write the name of a file after sqlite:///, without options",
            )
            for file in ("", "var/", "papers.db?mode=ro", "var/papers.db?timeout=3&cache=shared")
        ],
        *[
            (
                f"[store]\nurl = 'postgresql+psycopg://ann:secret{place}'",
                "store.url: its port is no number from 1 to 65535",
            )
            for place in ("@db:x/papers", "@db:0/papers", "@db:65536/papers", "@db:-1/papers", "/@db:5432x/papers")
        ],
        *[
            (f"[smtp]\nhello = '{name}'", "smtp.hello: write the full name of this machine")
            for name in ("my host", "[192.0.2.300]", "[192.0.2.1", "[2001:db8::1]", "a..b", "x@y", "[IPv6:fe80::1%e0]")
        ],
        *[
            (f"[smtp]\nrate_per_second = {rate}", "smtp.rate_per_second: ")
            for rate in ("inf", "nan", "-1", "1e-300", "5e-324", "1e300")
        ],
        (f"[smtp]\nrate_per_day = {'9' * 100}", "smtp.rate_per_day: "),
        (f"[limits]\nline_kb = {'9' * 100}", "limits.line_kb: "),
        *[
            (f"[digest]\ntimezone = '{zone}'", "digest.timezone: use an IANA name")
            for zone in ("localtime", "Factory", "posixrules", "posix/UTC", "right/UTC", "", "../UTC", "Europe/Berlín")
        ],
        ('[feeds]\nfolder = "var/\\u0000"', "feeds.folder: it has a NUL character"),
        ('secret_file = "a\\u0000b"', "secret_file: it has a NUL character"),
        *[
            (f"[smtp]\ntls = 'none'\nusername = 'ann'\nhost = '{host}'", "the password would be sent in clear text")
            for host in ("mail.example.org", "192.0.2.1", "localhost.example.org", "127.example.org", "::2")
        ],
        (f"[smtp]\nport = {'9' * 5000}", "is not valid TOML"),
        (f"x = {'[' * 5000}", "is not valid TOML"),
        ("[digest]\nhour = '25:00'", "digest.hour"),
        ("[digest]\ntimezone = 'Mars/Olympus'", "digest.timezone"),
        ("[digest]\ncards = -1", "digest.cards"),
        ("[digest]\nsubject = ' '", "digest.subject: write one line of at most 200 characters"),
        ('[digest]\nsubject = "{title}\\nBcc: x"', "digest.subject: write one line"),
        ('[digest]\nsubject = "{title}\\u202e"', "digest.subject: write one line"),
        (f"[digest]\nsubject = '{'x' * 201}'", "digest.subject: write one line"),
        ("[digest]\nsubject = '{author}: {title}'", "digest.subject: use no other braces than {papers}, {title} and"),
        ("[digest]\nsubject = '{title.__class__}'", "digest.subject: use no other braces"),
        ("[digest]\nsubject = '{title!r}'", "digest.subject: use no other braces"),
        ("[digest]\nsubject = '{title:{papers}}'", "digest.subject: use no other braces"),
        ("[digest]\nsubject = '{} {0}'", "digest.subject: use no other braces"),
        ("[digest]\nsubject = '{title'", "digest.subject: use no other braces"),
        ("[digest]\nsubject = 'title}'", "digest.subject: use no other braces"),
        ('[mail]\npostal_address = "1 Way\\nLondon"', "mail.postal_address: write it in one line of at most 300"),
        (f"[mail]\npostal_address = '{'x' * 301}'", "mail.postal_address: write it in one line"),
        ("[mail]\ntitle_search = 'example.org'", "mail.title_search: write the URL of a search"),
        ("[mail]\ntitle_search = 'javascript:alert(1)'", "mail.title_search: write the URL of a search"),
        ("[keep]\nsources = true", "keep.sources: write a number instead of true or false"),
        ("[smtp]\nrate_per_second = true", "smtp.rate_per_second: write a number instead of true or false"),
        ("smtp = ", "not valid TOML"),
    ],
)
def test_the_error_about_a_wrong_config_names_the_key_or_the_cure(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(write_config(tmp_path, text))
    assert message in str(caught.value)


@pytest.mark.parametrize("pattern", ["{papers}: {title}", "{period}", "{{{papers}}}", "News", "{title} ({period})"])
def test_a_subject_of_known_fields_is_accepted(tmp_path: Path, pattern: str) -> None:
    assert load(write_config(tmp_path, f"[digest]\nsubject = '{pattern}'")).digest.subject == pattern


def test_the_message_about_a_wrong_value_does_not_contain_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(write_config(tmp_path, "[smtp]\npassword = 12345678"))
    assert "12345678" not in str(caught.value)
    assert "smtp.password" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("papers.example.org", "papers.example.org"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("[192.0.2.1]", "[192.0.2.1]"),
        ("[IPv6:2001:db8::1]", "[IPv6:2001:db8::1]"),
    ],
)
def test_the_name_for_ehlo_is_a_domain_or_an_address_literal(tmp_path: Path, name: str, stored: str) -> None:
    assert load(write_config(tmp_path, f"[smtp]\nhello = '{name}'")).smtp.hello == stored


@pytest.mark.parametrize(
    ("sender", "stored"),
    [
        ("papers@bücher.example", "papers@xn--bcher-kva.example"),
        ("Bücher <papers@Bücher.example>", "Bücher <papers@xn--bcher-kva.example>"),
        ('"bücher.example" <papers@bücher.example>', '"bücher.example" <papers@xn--bcher-kva.example>'),
        ("Papers <papers@example.org>", "Papers <papers@example.org>"),
    ],
)
def test_an_international_domain_of_the_sender_is_loaded_as_punycode(tmp_path: Path, sender: str, stored: str) -> None:
    text = f"[mail]\nsender = '{sender}'\nenvelope = 'bounces@bücher.example'\n"
    mail = load(write_config(tmp_path, text)).mail
    assert (mail.sender, mail.envelope) == (stored, "bounces@xn--bcher-kva.example")


@pytest.mark.parametrize(
    "folder",
    [
        "",
        ".",
        "..",
        "/",
        "var",
        "link",
        "keys",
        "own-templates",
        "var/../var",
        "var/feeds",
        "var/mail",
        "var/mail/new",
        "var/mail/cur",
        "var/done",
        "quarantine",
        "var/notifier.db-owners",
    ],
)
def test_a_dumps_folder_that_holds_files_of_notifiers_own_is_refused(tmp_path: Path, folder: str) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "link").symlink_to("var")
    settings = 'secret_file = "keys/secret.key"\n[mail]\ntemplates = "own-templates/mail"\n'
    file = write_config(tmp_path, f'{settings}[ingest]\nfolder = "{folder}"\n')
    with pytest.raises(ConfigError, match=r"^ingest\.folder: ") as refusal:
        load(file)
    assert "var/dumps" in str(refusal.value)


@pytest.mark.parametrize(
    "folder", ["var/dumps", "dumps", "var/feeds-in", "var/mail/dumps", "/srv/dumps", "var/d/../in"]
)
def test_a_dumps_folder_without_other_files_of_notifier_is_accepted(tmp_path: Path, folder: str) -> None:
    assert load(write_config(tmp_path, f'[ingest]\nfolder = "{folder}"\n')).ingest.folder == Path(folder)


@pytest.mark.parametrize(
    "folder",
    [
        "",
        ".",
        "..",
        "/",
        "var",
        "link",
        "var/../var",
        "keys",
        "var/mail",
        "var/mail/new",
        "var/fetched",
        "var/done",
        "in",
    ],
)
def test_a_feeds_folder_that_would_publish_other_files_is_refused(tmp_path: Path, folder: str) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "link").symlink_to("var")
    settings = f'secret_file = "keys/secret.key"\n[ingest]\nfolder = "in/dumps"\n[feeds]\nfolder = "{folder}"\n'
    file = write_config(tmp_path, settings.replace("in/dumps", "var/dumps") if folder == "var/done" else settings)
    with pytest.raises(ConfigError, match=r"^feeds\.folder: .* publish .* use a folder for feeds alone"):
        load(file)


@pytest.mark.parametrize(
    ("table", "folder"),
    [
        ("fetching", "var"),
        ("fetching", "link/x/.."),
        ("fetching", "var/done"),
        ("fetching", "var/quarantine/old"),
        ("fetching", "var/mail/cur"),
        ("maildir", "var/fetched/mail"),
        ("maildir", "var/quarantine"),
        ("ingest", "var/fetched/arxiv"),
        ("ingest", "var/mail/new/dumps"),
        ("feeds", "var/fetched/feeds"),
    ],
)
def test_folders_that_notifier_writes_to_must_not_hold_each_other(tmp_path: Path, table: str, folder: str) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "link").symlink_to("var")
    with pytest.raises(ConfigError, match=rf"\b{table}\.folder\b.*: .* do not hold each other$"):
        load(write_config(tmp_path, f'[{table}]\nfolder = "{folder}"\n'))


@pytest.mark.parametrize(
    ("table", "folder"),
    [("feeds", "/srv/www/feeds"), ("feeds", "var/dumps-feeds"), ("maildir", "."), ("fetching", "f")],
)
def test_folders_apart_from_each_other_are_accepted(tmp_path: Path, table: str, folder: str) -> None:
    load(write_config(tmp_path, f'[{table}]\nfolder = "{folder}"\n'))


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("postgresql+psycopg://ann:secret@db/papers", "postgresql+psycopg://ann:***@db/papers"),
        ("postgresql+psycopg://ann:a/b:c?d@db:1/papers", "postgresql+psycopg://ann:***@db:1/papers"),
        ("postgresql+psycopg://ann@db/papers", "postgresql+psycopg://ann@db/papers"),
        ("postgresql+psycopg:///papers?host=/run", "postgresql+psycopg:///papers?host=/run"),
        (
            "postgresql+psycopg://db/x?user=a&password=b&sslPassword=c",
            "postgresql+psycopg://db/x?user=a&password=***&sslPassword=***",
        ),
        ("sqlite:////srv/a:b@c/n.db", "sqlite:////srv/a:b@c/n.db"),
    ],
)
def test_the_name_of_the_database_has_no_password(url: str, name: str) -> None:
    config = Config(store=StoreConfig(url=url))
    assert config.store_name == name
    assert config.holds_password == ("***" in name)


@pytest.mark.parametrize("name", ["what?", "50%", "a#b", "two words", "q?x=1", "%41", "a&b", "ünï", "semi;colon"])
def test_the_database_is_in_the_folder_of_the_config_whatever_the_folders_name_is(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    config = load(write_config(folder, f'[store]\nurl = "sqlite:///{name}/papers.db"\n'))
    with reading(open_store(config.store_url)) as connection:
        connection.engine.dispose()
    assert (folder / name / "papers.db").is_file()
    assert config.owners_folder == folder / name / "papers.db-owners"
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_a_config_is_read_with_and_without_a_byte_order_mark(tmp_path: Path, encoding: str, line_end: str) -> None:
    file = tmp_path / "config.toml"
    file.write_bytes(f"[mail]{line_end}postal_address = 'Zürich'{line_end}".encode(encoding))
    assert load(file).mail.postal_address == "Zürich"


@pytest.mark.parametrize(
    ("encoding", "message"),
    [
        ("utf-16", "is no UTF-8 text, but perhaps UTF-16; save it in UTF-8"),
        ("utf-16-be", "is no UTF-8 text, but perhaps UTF-16; save it in UTF-8"),
        ("utf-32", "is no UTF-8 text, but perhaps UTF-16; save it in UTF-8"),
        ("cp1252", "is no UTF-8 text, see line 2; save it in UTF-8"),
    ],
)
def test_a_config_in_another_encoding_is_refused_in_words(tmp_path: Path, encoding: str, message: str) -> None:
    file = tmp_path / "config.toml"
    file.write_bytes("[mail]\npostal_address = 'Zürich'\n".encode(encoding))
    with pytest.raises(ConfigError, match=message):
        load(file)


@pytest.mark.parametrize(
    "host", ["relay", "mail.example.org.", "192.0.2.1", "2001:db8::1", "fe80::1%eth0", "bücher.example"]
)
def test_a_relay_has_a_name_or_an_address_of_either_version(tmp_path: Path, host: str) -> None:
    assert load(write_config(tmp_path, f"[smtp]\nhost = '{host}'")).smtp.host == host


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.3.2.1", "::1", "LOCALHOST", "relay.localhost"])
def test_a_login_in_clear_text_is_accepted_on_this_machine(tmp_path: Path, host: str) -> None:
    text = f"[smtp]\ntls = 'none'\nusername = 'ann'\nhost = '{host}'"
    assert load(write_config(tmp_path, text)).smtp.host == host


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("NOTIFIER_SMTP", "junk", "NOTIFIER_SMTP sets a table or a list, but is not JSON; set single keys"),
        ("NOTIFIER_TOPICS", "[", "NOTIFIER_TOPICS sets a table or a list, but is not JSON"),
        ("NOTIFIER_WEB__EMBED", "x", "NOTIFIER_WEB__EMBED sets a table or a list, but is not JSON"),
        ("NOTIFIER_SMTP", "[]", "smtp: "),
        ("NOTIFIER_STORE", '{"url": 5}', "store.url: "),
        ("NOTIFIER_INGEST", '{"folder": 5}', "ingest.folder: write the path of a file or a folder"),
        ("NOTIFIER_SMTP__HOTS", "x", "smtp.hots is not a key that notifier knows; did you mean host?"),
        ("NOTIFIER_SMTP__PORT", "high", "smtp.port: "),
        ("NOTIFIER_DIGEST__TIMEZONE", "Factory", "digest.timezone: use an IANA name"),
        ("NOTIFIER_MAIL__SENDER", "p\udcff@example.org", "mail.sender: it has a NUL character or bytes"),
    ],
)
def test_the_error_about_a_wrong_environment_variable_names_it_or_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, message: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigError) as caught:
        load(write_config(tmp_path, ""))
    assert message in str(caught.value)


def test_each_wrong_key_is_blamed_on_the_file_or_on_the_variable_that_set_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFIER_DIGEST__PAPERS", "-4")
    monkeypatch.setenv("NOTIFIER_WEB__TRUSTED_PROXIES", '["nonsense"]')
    file = write_config(tmp_path, '[smtp]\nport = "x"\n[digest]\npapers = 0\n')
    with pytest.raises(ConfigError) as caught:
        load(file)
    by_file, *by_variable = str(caught.value).split("; the environment variable ")
    assert by_file.startswith(f"{file}: smtp.port: ")
    assert "digest" not in by_file
    assert [each.split(": ")[:2] for each in sorted(by_variable)] == [
        ["NOTIFIER_DIGEST__PAPERS", "digest.papers"],
        ["NOTIFIER_WEB__TRUSTED_PROXIES", "web.trusted_proxies"],
    ]


@pytest.mark.parametrize(
    "sender",
    [
        "a@b.example, c@d.example",
        "Papers, daily <a@b.example>",
        "Papers; daily <a@b.example>",
        "Papers: daily <a@b.example>",
        "Papers <a@b.example> <c@d.example>",
        "Papers <a@b.example> daily",
        "papers@b. example",
        "papers@exa mple.org",
    ],
)
def test_a_sender_that_would_lose_a_part_is_refused(tmp_path: Path, sender: str) -> None:
    with pytest.raises(ConfigError, match=r"mail\.sender: write (one address; a name with a character|it as Name)"):
        load(write_config(tmp_path, f'[mail]\nsender = "{sender}"\n'))


@pytest.mark.parametrize(
    ("sender", "name"),
    [
        ('"Papers, daily: all" <a@b.example>', "Papers, daily: all"),
        ("A. B. Papers & more (daily) <a@b.example>", "A. B. Papers & more (daily)"),
        ("a@b.example (Papers)", "Papers"),
        ("Jürgens Papers <a@b.example>", "Jürgens Papers"),
        ("a@b.example", "Daily Papers"),
    ],
)
def test_a_sender_has_one_address_and_any_name(tmp_path: Path, sender: str, name: str) -> None:
    config = load(write_config(tmp_path, f"[mail]\nsender = '{sender}'\n"))
    assert (config.mail.brand, config.mail.address) == (name, "a@b.example")


@pytest.mark.parametrize("key", ["sender", "envelope"])
@pytest.mark.parametrize("length", [64, 65])
def test_our_address_has_at_most_64_bytes_before_the_at_sign(tmp_path: Path, key: str, length: int) -> None:
    file = write_config(tmp_path, f'[mail]\n{key} = "{"a" * length}@example.org"\n')
    if length == 64:
        load(file)
        return
    with pytest.raises(ConfigError, match=f"mail.{key}: before the @ it has 65 bytes"):
        load(file)


@pytest.mark.parametrize(
    ("variable", "value", "cure"),
    [
        ("NOTIFIER_SMPT__HOST", "x", "did you mean NOTIFIER_SMTP__HOST?"),
        ("NOTIFIER_SMTP_HOST", "x", "did you mean NOTIFIER_SMTP__HOST?"),
        ("notifier_web_base_url", "x", "did you mean NOTIFIER_WEB__BASE_URL?"),
        ("NOTIFIER_SECRETFILE", "x", "did you mean NOTIFIER_SECRET_FILE?"),
        ("NOTIFIER_BOGUS", "1", "see config.example.toml for the keys"),
        ("NOTIFIER_SERVICE_HOST", "10.0.0.1", "see config.example.toml for the keys"),  # of Kubernetes
        ("NOTIFIER_PORT_8000_TCP", "tcp://10.0.0.1:8000", "see config.example.toml for the keys"),
    ],
)
def test_a_variable_that_names_no_key_changes_nothing_and_has_a_warning_with_what_was_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, cure: str
) -> None:
    for name in [name for name in os.environ if name.startswith("NOTIFIER_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("NOTIFIER_CONFIG", str(write_config(tmp_path, "")))
    monkeypatch.setenv("NOTIFIER_DEBUG", "")
    monkeypatch.setenv("NOTIFIER_SMTP__PORT", "2525")
    assert unknown_variables() == []
    expected = load(None)
    monkeypatch.setenv(variable, value)
    assert load(None) == expected
    (warning,) = unknown_variables()
    assert warning.startswith(f"the environment variable {variable.upper()} names no key and changes nothing; ")
    assert warning.endswith(cure)


def test_every_verb_warns_of_a_variable_that_names_no_key(tmp_path: Path) -> None:
    run = run_notifier("topics", cwd=tmp_path, environment={"NOTIFIER_SMTP_HOST": "x"})
    assert run.returncode == 0
    assert run.stderr == (
        "the environment variable NOTIFIER_SMTP_HOST names no key and changes nothing; "
        "did you mean NOTIFIER_SMTP__HOST?\n"
    )


@pytest.mark.parametrize("url", ["postgresql+psycopg://ann:secret/db", "postgresql+psycopg://db/x?port=secret"])
def test_a_port_that_may_be_a_password_is_not_quoted(tmp_path: Path, url: str) -> None:
    with pytest.raises(ConfigError, match="write USER:PASSWORD@HOST:PORT") as caught:
        load(write_config(tmp_path, f'[store]\nurl = "{url}"\n'))
    assert "secret" not in str(caught.value)


OTHER_FILES = {
    "empty file": b"",
    "short word": b"5" * 31,
    "dump": b'{"papers": [{"title": "How Bees Fly at Night", "url": "https://example.org/1"}]}',
    "compact dump": b'{"papers":[{"title":"Bees","url":"https://example.org/1"}]}',
    "text": b"a sentence that anyone may know, of more than 32 letters\n",
    "two lines": b"5" * 40 + b"\n" + b"5" * 40 + b"\n",
    "database": b"SQLite format 3\0" + bytes(4080),
    "certificate": b"-----BEGIN CERTIFICATE-----\n" + b"A" * 64,
    "endless word": b"5" * 5000,
}


@pytest.mark.parametrize("content", OTHER_FILES.values(), ids=OTHER_FILES)
def test_a_file_that_holds_no_key_is_refused_as_the_secret_key(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "other").write_bytes(content)
    (tmp_path / "other").chmod(0o600)
    with pytest.raises(ConfigError, match=r"(secret_file: |the secret key ).*other.*`notifier init` makes"):
        load(write_config(tmp_path, 'secret_file = "other"\n'))


@pytest.mark.parametrize(
    "place", ["config.toml", "var/../config.toml", "var/notifier.db", "link", "ca.pem", "var/mail/new/key"]
)
def test_another_file_of_notifier_is_refused_as_the_secret_key_although_it_does_not_exist_yet(
    tmp_path: Path, place: str
) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "link").symlink_to("config.toml")
    settings = f'secret_file = "{place}"\n[smtp]\nca_file = "ca.pem"\n'
    with pytest.raises(ConfigError, match=r"^secret_file: .* `notifier init` makes a key there"):
        load(write_config(tmp_path, settings))


@pytest.mark.parametrize("place", ["/dev/null", "/dev/zero", "folder"])
def test_a_device_or_folder_is_refused_as_the_secret_key(tmp_path: Path, place: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(ConfigError, match=r"^secret_file: .* is no file"):
        load(write_config(tmp_path, f'secret_file = "{place}"\n'))


def test_a_word_that_everyone_may_read_is_no_key_unless_notifier_made_it(tmp_path: Path) -> None:
    file, key = write_config(tmp_path, 'secret_file = "machine-id"\n'), tmp_path / "machine-id"
    key.write_text("5" * 32 + "\n", encoding="utf-8")
    key.chmod(0o644)
    with pytest.raises(ConfigError, match=r"^secret_file: other users .* run chmod 640 on it"):
        load(file)
    key.chmod(0o640)
    assert secret_key(load(file)) == b"5" * 32


@pytest.mark.parametrize("mode", [0o400, 0o600, 0o640, 0o644])
@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_key_that_notifier_made_is_read_whatever_its_mode(tmp_path: Path, mode: int, end: str) -> None:
    (tmp_path / "secret.key").write_bytes(b"0123456789abcdef" * 4 + end.encode())
    (tmp_path / "secret.key").chmod(mode)
    assert secret_key(load(write_config(tmp_path, 'secret_file = "secret.key"\n'))) == b"0123456789abcdef" * 4


def test_a_key_in_base64_that_another_tool_made_is_read(tmp_path: Path) -> None:
    key = b64encode(bytes(range(47)))
    (tmp_path / "key").write_bytes(key + b"\n")
    (tmp_path / "key").chmod(0o600)
    assert secret_key(load(write_config(tmp_path, 'secret_file = "key"\n'))) == key
