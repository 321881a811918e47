"""`make reset` asks, spares what is in use, and removes no more than it says."""

import subprocess

import pytest

from tests.launch.real import Checkout

pytestmark = pytest.mark.race


def reset(checkout: Checkout, answer: str) -> tuple[int, str]:
    """Run it with an answer on standard input."""
    checkout.answer = answer
    return checkout.do("reset")


@pytest.fixture
def used(checkout: Checkout) -> Checkout:
    """Return a checkout with something to lose, in `run` and in `test`."""
    for name in ("run", "test"):
        checkout.do("services", "--name", name, "--", "true")
    return checkout


def test_yes_removes_the_clinic_and_leaves_the_tests_servers(used: Checkout) -> None:
    code, said = reset(used, "yes\n")
    assert code == 0
    assert "Removed." in said
    assert not (used.folder / "var/run").exists()
    assert (used.folder / "var/test/postgres/PG_VERSION").exists()


@pytest.mark.parametrize("answer", ["", "\n", "no\n", "y\n", "YES\n"])
def test_anything_but_yes_removes_nothing(used: Checkout, answer: str) -> None:
    code, said = reset(used, answer)
    assert code == 1
    assert "Nothing was removed." in said
    assert (used.folder / "var/run/postgres/PG_VERSION").exists()


def test_it_refuses_while_the_servers_are_in_use(used: Checkout) -> None:
    command = ("sh", "-c", "echo up; exec sleep 3600")
    user: subprocess.Popen[str] = used.start("services", "--name", "run", "--", *command)
    assert user.stdout is not None
    assert user.stdout.readline() == "up\n"
    code, said = reset(used, "yes\n")
    assert (code, said) == (
        1,
        "launch: The clinic is running or its servers are in use: stop that first.\n",
    )
    assert (used.folder / "var/run/postgres/PG_VERSION").exists()


def test_without_anything_kept_there_is_nothing_to_do(checkout: Checkout) -> None:
    code, said = reset(checkout, "")
    assert code == 0
    assert said.startswith("There is nothing to remove")
