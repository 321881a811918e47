"""A process that only lives."""

import time

while True:
    time.sleep(3600)
