"""The demo clinic: everything in it is invented, its password included."""

PASSWORD = "chair-three-by-the-window"  # noqa: S105 - printed at every start of the demo
