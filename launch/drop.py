"""Become an ordinary account and run a command: `drop.py UID GID MODE COMMAND...`, as root.

Run as a script by `launch.account`; it imports nothing of this package, because the interpreter
runs it in isolation. With MODE `--pass-permissions` the command keeps CAP_DAC_OVERRIDE, by way of
the ambient set (capabilities(7)), so that private folders above the checkout do not shut it out.
"""

import ctypes
import os
import struct
import sys

PR_SET_SECUREBITS = 28
NO_SETUID_FIXUP = 1 << 2
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CAP_DAC_OVERRIDE = 1
CAPABILITY_VERSION_3 = 0x20080522


def _call(name: str, *arguments: object) -> None:
    function = getattr(ctypes.CDLL(None, use_errno=True), name)
    if function(*arguments) != 0:
        reason = os.strerror(ctypes.get_errno())
        sys.exit(f"launch: cannot keep the right to pass file permissions ({name}: {reason}).")


def _prctl(*arguments: int) -> None:
    padded = [*arguments, 0, 0, 0, 0][:5]
    _call("prctl", ctypes.c_int(padded[0]), *(ctypes.c_ulong(value) for value in padded[1:]))


def _keep_passing_permissions() -> None:
    """Put the one capability in every set that the kernel hands on to the next program."""
    mask = 1 << CAP_DAC_OVERRIDE
    header = struct.pack("=Ii", CAPABILITY_VERSION_3, 0)
    # Effective, permitted, inheritable for capabilities 0-31, then the same for 32-63.
    data = struct.pack("=6I", mask, mask, mask, 0, 0, 0)
    _call("capset", ctypes.c_char_p(header), ctypes.c_char_p(data))
    _prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE)


def main(uid: int, gid: int, mode: str, command: list[str]) -> None:
    """Change to the account, for good, and replace this process with the command."""
    keep = mode == "--pass-permissions"
    if keep:
        # Capabilities survive the change of account, and count in access(2), with which initdb
        # looks for its neighbour.
        _prctl(PR_SET_SECUREBITS, NO_SETUID_FIXUP)
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    if keep:
        _keep_passing_permissions()
    os.execv(command[0], command)  # noqa: S606 - our own command, and no shell is wanted


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4:])
