"""Make the Jinja environment and its filters, split a stylesheet, and write it into elements."""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from types import CodeType
from typing import NamedTuple

from css_inline import CSSInliner, InlineError
from jinja2 import (
    BytecodeCache,
    Environment,
    FileSystemLoader,
    StrictUndefined,
    TemplateNotFound,
    TemplateSyntaxError,
    pass_eval_context,
)
from jinja2.bccache import Bucket
from jinja2.nodes import EvalContext
from markupsafe import Markup, escape

from notifier.errors import ComposeError, ConfigError, NotifierError, TemplateError
from notifier.resources import resource
from notifier.text.dates import day_in_words, instant_in_words
from notifier.text.excerpts import Run
from notifier.text.harmless import safe_url, wrapped

_INLINER = CSSInliner(
    keep_style_tags=True,
    remove_inlined_selectors=True,
    keep_at_rules=True,
    minify_css=True,
    load_remote_stylesheets=False,
)

# The time that each pattern takes is proportional to the length of the stylesheet, even if the stylesheet is broken: a
# rule or comment that does not end is matched as far as the pattern allows, and no text is matched twice.
_RULE = re.compile(
    r"""(?P<at>@[^{;]++(?:;|\{(?:[^{}]++|\{[^{}]*+\})*+(?:\}|\Z))?)
      |(?P<selectors>[^{}@]++)(?:\{(?P<style>[^{}]*+)\})?""",
    re.VERBOSE,
)
_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
# A comma in parentheses, as in :is(a, b), does not end a selector.
_SELECTOR = re.compile(r"(?:[^,()]++|\((?:[^()]++|\([^()]*+\))*+\)|[()])++")
_INLINABLE_SELECTOR = re.compile(r"(?:\*|[a-z][a-z0-9]*)?(?:[.#][\w-]+)*", re.IGNORECASE)
_STYLE_ELEMENT_SELECTOR = re.compile(
    r"\A(?::root|[\w.#* -]*(?:::?(?:hover|focus|active|visited|link|before|after|first-line|first-letter)[\w-]*)+)",
    re.IGNORECASE,
)


class _CompiledTemplates(BytecodeCache):
    """Keeps the compiled templates of this process, the last version of each file.

    Otherwise each new environment would compile all templates again: with each run of a step, and each check of them.
    The code of a template also depends on the environment's `finalize`, the only setting in which environments differ.
    """

    def __init__(self) -> None:
        self._kept: dict[object, tuple[str, CodeType]] = {}  # the checksum of the text, and the code

    def load_bytecode(self, bucket: Bucket) -> None:
        """Take over the code if it was compiled from the same text."""
        checksum, code = self._kept.get(self._key(bucket), ("", None))
        if checksum == bucket.checksum:
            bucket.code = code

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep the code that was compiled."""
        if bucket.code is not None:
            self._kept[self._key(bucket)] = bucket.checksum, bucket.code

    @staticmethod
    def _key(bucket: Bucket) -> object:
        return bucket.key, bucket.environment.finalize


_COMPILED = _CompiledTemplates()


def environment(overrides: Path | None = None) -> Environment:
    """Return the Jinja environment that loads the templates.

    A file in the operator's folder `overrides` replaces the built-in file of the same name. Values are escaped in all
    templates except `.txt.j2`. Raises ConfigError if the folder does not exist.
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
        bytecode_cache=_COMPILED,
    )
    templates.filters.update(marked=marked, safe_url=safe_url, wrapped=lru_cache(1 << 12)(wrapped))
    templates.filters.update(day=day_in_words, instant=instant_in_words)
    return templates


def check(templates: Environment) -> None:
    """Read all templates. Raises ConfigError for one that is broken."""
    for name in templates.list_templates(filter_func=lambda name: name.endswith(".j2")):
        with explaining_errors_of(name):
            templates.get_template(name)


def render(templates: Environment, name: str, **values: object) -> str:
    """Return the template `name` filled with `values`.

    Raises ConfigError if the template is missing or broken, and TemplateError if it fails on these values.
    """
    with explaining_errors_of(name):
        text = templates.get_template(name).render(values)
        text.encode()  # raises an error if a template makes half of a surrogate pair
        return text


@contextmanager
def explaining_errors_of(name: str) -> Iterator[None]:
    """Turn an exception about a template into a ConfigError or TemplateError, which names the file and line."""
    try:
        yield
    except NotifierError:
        raise
    except TemplateSyntaxError as error:
        place = f"{error.filename or name}, line {error.lineno},"
        raise ConfigError(f"the template {place} is broken: {error.message}; correct that line") from None
    except TemplateNotFound as error:
        raise ConfigError(f"there is no template {error.name}; reinstall notifier, or put the file back") from None
    except Exception as error:  # a template may hold any expression, so it may raise anything
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise TemplateError(f"the template {_place(error, name)} failed with {reason}; correct that line") from error


def _place(error: Exception, name: str) -> str:
    """Return the file and line of the innermost template that an error came from, or `name` if none is known."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.endswith(".j2")]
    return f"{frames[-1].filename}, line {frames[-1].lineno}," if frames else name


@pass_eval_context
def marked(context: EvalContext, runs: Iterable[Run]) -> str:
    """Join runs of text. In HTML, the marked runs have the class `mark`; in plain text, they are between asterisks.

    The HTML has no mark elements, because Outlook and Yahoo remove them.
    """
    if not context.autoescape:
        return "".join([f"*{run.text}*" if run.marked else run.text for run in runs])
    shown = [f'<span class="mark">{escape(run.text)}</span>' if run.marked else escape(run.text) for run in runs]
    return Markup("".join(shown))


def inline_css(html: str) -> str:
    """Return a page with its style rules written into its elements; nothing is fetched."""
    try:
        return _INLINER.inline(html)
    except InlineError as error:
        raise ComposeError(f"the styles of a mail cannot be inlined: {error}; correct email/style.css") from None


class SplitStylesheet(NamedTuple):
    """A stylesheet in two: rules that go into the elements, and rules that stay in the style element.

    `left_out` holds the selectors of rules that stay although no at-rule or pseudo-class requires it, such as `ul a`.
    """

    inlined: str
    kept: str
    left_out: list[str]


def split_stylesheet(css: str) -> SplitStylesheet:
    """Split a stylesheet into the rules for the elements and those for the style element."""
    inlined, kept, left_out = [], [], []
    for rule in _RULE.finditer(_COMMENT.sub("", css)):
        if rule["at"]:
            kept.append(rule["at"])
        if rule["style"] is None:  # an at-rule, or selectors without a style
            continue
        for selector in map(str.strip, _SELECTOR.findall(rule["selectors"])):
            text = f"{selector}{{{rule['style'].strip()}}}"
            if _INLINABLE_SELECTOR.fullmatch(selector):
                inlined.append(text)
                continue
            kept.append(text)
            if not _STYLE_ELEMENT_SELECTOR.fullmatch(selector):
                left_out.append(selector)
    return SplitStylesheet("\n".join(inlined), "\n".join(kept), left_out)
