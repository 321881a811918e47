"""Days that do not go as planned: what happened, whom it affects, where they could go instead."""
