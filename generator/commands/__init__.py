"""Commands for OpenSSL and ``sha256sum``, made for the very files of one deployment: a check without this project."""

from generator.commands.assembling import commands_for, steps_without_commands
from generator.commands.block import CommandBlock

__all__ = ["CommandBlock", "commands_for", "steps_without_commands"]
