"""Days that do not go as planned."""
