"""`make reset`: throw away what `make run` has kept, after asking."""

import shutil
import sys

from launch.account import services_account
from launch.joining import is_held, locked
from launch.places import Places
from launch.postgres import Postgres
from launch.redis import Redis
from launch.refusal import LaunchError


def reset(places: Places) -> int:
    """Remove `var/run` when a person says yes; return the exit code.

    Raises LaunchError while anything uses it.
    """
    if not places.home.exists():
        print(f"There is nothing to remove: no {places.home}.")
        return 0
    if is_held(places.run_lock) or is_held(places.users_lock):
        raise LaunchError("The clinic is running or its servers are in use: stop that first.")
    print(f"This removes every patient, visit and setting in {places.home}.")
    print("Type yes to go on: ", end="", flush=True)
    if sys.stdin.readline().strip() != "yes":
        print("Nothing was removed.")
        return 1
    with locked(places.change_lock):
        account = services_account()
        for service in (Postgres(places, account), Redis(places, account)):
            service.stop()  # one that a killed command left behind
        places.forget_sockets()
        shutil.rmtree(places.home)
    print("Removed. The next make run starts with a new clinic.")
    return 0
