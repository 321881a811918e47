"""The policy is data: read strictly, and marked as waiting for a clinic's sign-off."""

import re
from datetime import time
from pathlib import Path

import pytest

from reminders import policy as module
from reminders.policy import PolicyError, parse, policy

TEXT = Path(module.__file__).with_name("policy.toml").read_text()


def test_the_policy_that_ships_can_be_read() -> None:
    shipped = policy()
    assert shipped.mail_at == time(10)
    assert shipped.visit_days_before == 1
    assert shipped.to_book_weeks_before > shipped.invite_weeks_before


def test_nothing_here_comes_from_a_label_so_all_of_it_needs_sign_off() -> None:
    names = re.findall(r"^(\w+) =", TEXT, re.MULTILINE)
    assert list(policy().needs_sign_off) == names
    settled = parse(TEXT.replace('"P"', '"A"', 1))
    assert settled.needs_sign_off == tuple(names[1:])


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("mail_at =", "mail_hour =", "mail_at, mail_hour"),
        ("visit_days_before = ", "# ", "visit_days_before"),
        ("value = 10:00:00", 'value = "10:00"', "mail_at has a value"),
        ("value = 4,", "value = true,", "invite_weeks_before has a value"),
        ("value = 4,", "value = 0,", "invite_weeks_before has a value"),
        ('grade = "P", note = "on', 'note = "on', "mail_at must have"),
    ],
)
def test_a_faulty_policy_is_refused_by_name(old: str, new: str, words: str) -> None:
    with pytest.raises(PolicyError, match=words):
        parse(TEXT.replace(old, new, 1))
