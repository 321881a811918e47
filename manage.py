"""Django's command line. Without DATABASE_URL or REDIS_URL it uses the checkout's own servers."""

import os
import sys

# These touch no database, so none is started for them.
WITHOUT_SERVERS = {
    "check",
    "collectstatic",
    "diffsettings",
    "help",
    "version",
    "--help",
    "--version",
}


def main() -> int:
    """Run the command given on the command line; return the exit code of the process."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")
    asked = sys.argv[1] if len(sys.argv) > 1 else "help"
    has_servers = os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL")
    if has_servers or asked in WITHOUT_SERVERS:
        from django.core.management import execute_from_command_line  # noqa: PLC0415 - not needed to join

        execute_from_command_line(sys.argv)
        return 0
    from launch.__main__ import main as launch  # noqa: PLC0415 - not wanted on a server

    return launch(["services", "--name", "run", "--", sys.executable, *sys.argv])


if __name__ == "__main__":
    sys.exit(main())
