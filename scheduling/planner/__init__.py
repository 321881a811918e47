"""The planner: who begins when, in which chair, and how far that is from the best possible.

Plain values in and out, whole minutes from local midnight. Nothing in here reads a row, a clock or
a file, but for `parent` and `child`, which put the solver into a process of its own.
"""
