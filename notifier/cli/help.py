"""Show each argument in the help of a command by its name, without its Python type."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperArgument, TyperCommand


class Command(TyperCommand):
    """A command whose help names no types of arguments, such as `<list[Path]>`."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        for parameter in self.params:
            if isinstance(parameter, TyperArgument):
                setattr(parameter, "display_type_rich", lambda ctx: None)  # noqa: ARG005, B010 - a method of Typer


def show_no_types(app: typer.Typer) -> None:
    """Set the class of each command of the app and of its groups to Command, unless it is a subclass of Command."""
    for command in app.registered_commands:
        if command.cls is None or not issubclass(command.cls, Command):
            command.cls = Command
    for group in app.registered_groups:
        if group.typer_instance is not None:
            show_no_types(group.typer_instance)
