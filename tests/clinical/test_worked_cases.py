"""Every worked case in the file is run by one of the test_worked modules."""

from tests.clinical import (
    test_worked_bag,
    test_worked_infusion,
    test_worked_patients,
    test_worked_schedule,
)
from tests.clinical.cases import CASES

MODULES = (test_worked_bag, test_worked_infusion, test_worked_patients, test_worked_schedule)


def test_every_case_in_the_file_is_run_once() -> None:
    run = [case_id for module in MODULES for case_id in module.case.runners]
    assert sorted(run) == sorted(CASES)
