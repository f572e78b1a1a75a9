"""The command line: parses, calls the Assistant, prints. Everything heavy is imported by the command that needs it."""

from __future__ import annotations

import os
import sys

from assistant.adapters.cli.opening import DONE, FAILED, INTERRUPTED, USAGE, tell, write_anything
from assistant.adapters.cli.parser import build_parser
from assistant.errors import AssistantError


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status: 0 done, 1 failed or partly failed, 2 wrong usage."""
    parser = build_parser()
    options = parser.parse_args(arguments)
    if not options.command:
        parser.print_help()
        return USAGE
    write_anything()
    try:
        status = int(options.run(options))
        sys.stdout.flush()
    except AssistantError as error:
        tell(f"assistant: {error}")
        return FAILED
    except KeyboardInterrupt:
        tell("assistant: stopped; nothing in the library is harmed")
        return INTERRUPTED
    except BrokenPipeError:  # nobody reads on (`| head`); what is still buffered must not complain at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    return status
