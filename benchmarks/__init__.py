"""How fast, beside the floor: the same work in raw SQL, in one run. Reports, asserts nothing."""
