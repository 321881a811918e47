"""Starts what the clinic needs on one machine: PostgreSQL, Redis and its own processes.

Nothing here knows Django or any room of the application: it hands over environment variables and
runs commands, the same ones that the Procfile names.
"""
