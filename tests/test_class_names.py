"""A class has a name of its own, so that whoever reads the name knows which class is meant."""

from __future__ import annotations

import ast
from collections import Counter

from support.paths import CHECKOUT


def test_no_two_classes_have_the_same_name() -> None:
    modules = [ast.parse(file.read_bytes()) for file in (CHECKOUT / "notifier").rglob("*.py")]
    names = Counter(node.name for module in modules for node in ast.walk(module) if isinstance(node, ast.ClassDef))
    assert len(names) > 300
    assert [name for name, count in names.items() if count > 1] == []
