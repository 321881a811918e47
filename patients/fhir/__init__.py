"""Readers of what other systems export about patients. Pure: files in, records out.

Nothing here knows Django or the database, so a file can be read and judged without either.
"""
