"""The one Jinja environment, and what fills its templates."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from css_inline import CSSInliner, InlineError
from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateNotFound, TemplateSyntaxError

from notifier.errors import ComposeError, ConfigError, NotifierError, TemplateError
from notifier.resources import resource
from notifier.text.harmless import safe_url, wrapped

# Selectors that cannot be inlined (`:hover`, `@media`) stay in the style element.
_INLINER = CSSInliner(
    keep_style_tags=True,
    remove_inlined_selectors=True,
    keep_at_rules=True,
    minify_css=True,
    load_remote_stylesheets=False,
)


_REPARSER = CSSInliner(inline_style_tags=False, keep_style_tags=True, load_remote_stylesheets=False)


def environment(overrides: Path | None = None) -> Environment:
    """The templates: those of the operator's folder `overrides`, file by file, before those that ship with notifier.

    Everything but `.txt.j2` is escaped. Raises ConfigError where the folder does not exist.
    """
    if overrides is not None and not overrides.is_dir():
        raise ConfigError(f"the templates folder {overrides} does not exist; make it, or remove mail.templates")
    templates = Environment(
        loader=FileSystemLoader([folder for folder in (overrides, resource("templates")) if folder]),
        autoescape=lambda name: name is None or not name.endswith(".txt.j2"),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    templates.filters.update(safe_url=safe_url, wrapped=wrapped)
    return templates


def check(templates: Environment) -> None:
    """Read every template there is. Raises ConfigError for one that is broken."""
    for name in templates.list_templates(filter_func=lambda name: name.endswith(".j2")):
        with explained(name):
            templates.get_template(name)


def render(templates: Environment, name: str, **values: object) -> str:
    """The template `name` filled with `values`.

    Raises ConfigError where the template is missing or is none, TemplateError where it fails on these values.
    """
    with explained(name):
        return templates.get_template(name).render(values)


@contextmanager
def explained(name: str) -> Iterator[None]:
    """Say what is wrong with a template in one sentence: the template itself, or what it makes of these values."""
    try:
        yield
    except NotifierError:
        raise
    except TemplateSyntaxError as error:
        place = f"{error.filename or name}, line {error.lineno},"
        raise ConfigError(f"the template {place} is broken: {error.message}; mend that line") from None
    except TemplateNotFound as error:
        raise ConfigError(f"there is no template {error.name}; reinstall notifier, or put the file back") from None
    except Exception as error:  # a template may hold any expression, so anything may come out of it
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise TemplateError(f"the template {_place(error, name)} failed with {reason}; mend that line") from error


def _place(error: Exception, name: str) -> str:
    """The innermost template line that an error went through."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.endswith(".j2")]
    return f"{frames[-1].filename}, line {frames[-1].lineno}," if frames else name


def inline_css(html: str) -> str:
    """A page with its style rules written into the elements, as mail programs want it; nothing is fetched."""
    try:
        return _INLINER.inline(html)
    except InlineError as error:
        raise ComposeError(f"the styles of a mail cannot be inlined: {error}; mend its style element") from None


def reparsed(html: str) -> str:
    """A page as a program understands it that reads HTML, written down again in one way of several."""
    return _REPARSER.inline(html)
