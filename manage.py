#!/usr/bin/env python
"""The door to every command of the helpdesk."""

import os
import sys
import traceback


def main() -> None:
    """Run one management command."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


def take_mail() -> None:
    """As main, for receive_mail: whatever keeps us from running it, the mail server is asked to try again.

    It would send the mail back for any exit status it does not know: a setting with a typing error must not lose mail.
    """
    try:
        main()
    except SystemExit as end:
        sys.exit(75 if end.code in (1, 2) else end.code)
    except Exception:
        traceback.print_exc()
        sys.exit(75)


if __name__ == "__main__":
    take_mail() if sys.argv[1:2] == ["receive_mail"] else main()
