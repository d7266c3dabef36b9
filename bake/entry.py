"""The one entry of `python -m bake`: a command of its own, unless the first word is the name of a subcommand.

`python -m bake web worker` bakes two recipes, `python -m bake list` lists images. So a recipe may not be called like a
subcommand: `bake.recipe` refuses it. What a subcommand reads is not parsed by the command itself, nor the reverse.
"""

from typing import Any

import click


class Entry(click.Group):
    """A group that is called with its own arguments and options where no subcommand is named first.

    To be made with `invoke_without_command=True`: else click shows the help where there are no arguments.
    """

    allow_extra_args = False  # as a command has them, not as a group
    allow_interspersed_args = True

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """The command's own arguments, or, untouched, those of a subcommand."""
        if args and args[0] in self.commands:
            ctx.args = args
            return args
        return click.Command.parse_args(self, ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """What the called command returns."""
        if not ctx.args:
            return click.Command.invoke(self, ctx)
        name, command, arguments = self.resolve_command(ctx, ctx.args)
        assert command  # parse_args has looked
        # no parent: its arguments would stand in the usage of the subcommand, which has nothing of them
        with command.make_context(f"{ctx.info_name} {name}", arguments) as called:
            return called.command.invoke(called)
