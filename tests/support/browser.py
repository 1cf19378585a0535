"""Show pages in Chromium: measure their width in narrow windows, and collect what axe-core finds wrong with them.

Each page is shown in frames of several widths. Without Chromium, a test that needs it is skipped.
"""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import pytest
from pictures import BROWSER_OPTIONS, BROWSERS

HEIGHT = 6000  # pixels of a frame, so that no page has a vertical scroll bar, which would make it narrower
PATIENCE = 300  # seconds

# Chromium's numbers for the colours that a user prefers.
DARK, LIGHT = 0, 1

HARNESS = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Frames</title><style>:root { color-scheme: light dark }</style></head>
<body><script>
const {axe, pages, widths} = INPUT;

async function seen(name, page, width) {
  const frame = document.createElement("iframe");
  frame.style.cssText = `width: ${width}px; height: ${HEIGHT}px; border: 0`;
  frame.srcdoc = page;
  const loaded = new Promise(done => frame.onload = done);
  document.body.append(frame);
  await loaded;
  const inside = frame.contentDocument, view = frame.contentWindow;
  const needs = inside.scrollingElement.scrollWidth;
  const dark = view.matchMedia("(prefers-color-scheme: dark)").matches;
  const script = inside.createElement("script");
  script.textContent = axe;
  inside.head.append(script);
  const {violations, passes} = await view.axe.run();
  const faults = violations.flatMap(rule => rule.nodes.map(node => `${rule.id}: ${node.html}: ${node.failureSummary}`));
  frame.remove();
  return {name, width, needs, dark, faults, passed: passes.map(rule => rule.id)};
}

(async () => {
  const found = [];
  for (const [name, page] of Object.entries(pages))
    for (const width of widths) found.push(await seen(name, page, width));
  const result = document.createElement("pre");
  result.textContent = JSON.stringify(found);
  document.body.replaceChildren(result);
})();
</script></body></html>
"""


@dataclass(frozen=True)
class Seen:
    """A page in a frame of `width` pixels: it needs `needs` pixels; `dark` says whether dark colours are preferred.

    `faults` are the findings of axe-core, and `passed` are its rules that the page keeps.
    """

    name: str
    width: int
    needs: int
    dark: bool
    faults: list[str]
    passed: list[str]


def seen_by_browser(folder: Path, pages: Mapping[str, str], widths: Sequence[int], *, dark: bool) -> list[Seen]:
    """Show each page at each width, in light or in dark colours, and return what the browser found."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        pytest.skip("Chromium is missing: install Debian's chromium")
    axe = (files("axe_core_python") / "axe.min.js").read_text(encoding="utf-8")
    given = json.dumps({"axe": axe, "pages": pages, "widths": widths}).replace("</", "<\\/")
    harness = folder / "harness.html"
    harness.write_text(HARNESS.replace("HEIGHT", str(HEIGHT)).replace("INPUT", given), encoding="utf-8")
    options = [
        *BROWSER_OPTIONS,
        f"--user-data-dir={folder / 'profile'}",
        f"--blink-settings=preferredColorScheme={DARK if dark else LIGHT}",
        "--window-size=1200,1000",
        "--virtual-time-budget=100000",
        "--dump-dom",
    ]
    run = subprocess.run(
        [browser, *options, harness.as_uri()], capture_output=True, text=True, check=True, timeout=PATIENCE
    )
    result = re.search(r"<pre>(.*)</pre>", run.stdout, re.DOTALL)
    assert result, f"the browser did not finish: {run.stdout[-500:]} {run.stderr[-500:]}"
    return [Seen(**each) for each in json.loads(html.unescape(result[1]))]
