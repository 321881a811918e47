"""The one way in which starting goes wrong on purpose."""


class LaunchError(Exception):
    """Something a person must put right; the message is one plain line that says what."""
