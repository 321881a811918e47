"""The settings and the page of a very small clinic."""
