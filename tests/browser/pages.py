"""Every page a person can open, by its address and a role that may: axe, the policy and the
pictures go through this list, so a new page is covered by adding one line."""

from dataclasses import dataclass

from tests.browser.clinic import DemoClinic

NORTH = "FROM {table} t JOIN clinics_clinic c ON c.id = t.clinic_id WHERE c.slug = 'northside'"


def _id(table: str, condition: str, column: str = "t.id") -> str:
    return f"SELECT {column} {NORTH.format(table=table)} AND {condition} ORDER BY t.id LIMIT 1"


INFUSING = _id("scheduling_visit", "t.status = 'infusing'")
OBSERVED = _id("scheduling_visit", "t.status = 'observing'")
ENTRY = (
    "SELECT i.visit_id || '/entries/' || e.id FROM infusion_infusionevent e "
    "JOIN infusion_infusion i ON i.id = e.infusion_id JOIN clinics_clinic c ON c.id = i.clinic_id "
    "WHERE c.slug = 'northside' AND e.kind = 'vitals' ORDER BY e.id LIMIT 1"
)
HERE = _id("scheduling_visit", "t.status = 'arrived' AND t.course_id IS NOT NULL")
ERRAND = _id("scheduling_booking", "t.status = 'arrived' AND t.rate_option = ''")
TREATED = _id("scheduling_visit", "t.status = 'infusing'", "t.patient_id")
UNTREATED = _id(
    "patients_patient",
    "t.deceased_on IS NULL AND t.birth_date < '1990-01-01' AND NOT EXISTS "
    "(SELECT 1 FROM scheduling_course k WHERE k.patient_id = t.id)",
)
DECEASED = _id("patients_patient", "t.deceased_on IS NOT NULL")
GAP = _id(
    "scheduling_course",
    "t.status = 'active' AND (SELECT max(given_on) FROM scheduling_visit v "
    "WHERE v.course_id = t.id) < current_date - 370",
)
GAP_PATIENT = GAP.replace("t.id F", "t.patient_id F", 1)
RUNNING = _id("scheduling_course", "t.status = 'active' AND t.first_infusion_on > current_date")
TO_BOOK = _id(
    "scheduling_visit",
    "t.course_id IS NOT NULL AND t.status = 'planned' "
    "AND t.due_on BETWEEN current_date - 100 AND current_date - 5 "
    "AND NOT EXISTS (SELECT 1 FROM scheduling_visit e WHERE e.course_id = t.course_id "
    "AND e.status = 'planned' AND e.dose_number < t.dose_number)",
)
BOOKED = _id("scheduling_booking", "t.status = 'confirmed' AND lower(t.period) > now() + '1 day'")
NIGHT = _id("scheduling_plannerrun", "t.night_of IS NOT NULL")
PROPOSALS = _id("scheduling_plannerrun", "t.kind = 'doses'")

# A day ahead with visits on it and nobody here yet; today's demo moves on by itself. Where a chair
# is broken or a nurse away, a visit may stand that cannot be put back, and other pages need it.
BUSY_DAY = (
    "SELECT d.date::text FROM scheduling_booking b "
    "JOIN scheduling_clinicday d ON d.id = b.clinic_day_id "
    "JOIN scheduling_visit v ON v.id = b.visit_id AND v.course_id IS NOT NULL "
    "JOIN clinics_clinic c ON c.id = b.clinic_id WHERE c.slug = 'northside' "
    "AND b.status = 'confirmed' AND b.period IS NOT NULL AND lower(b.period) > now() + '1 day' "
    "AND NOT EXISTS (SELECT 1 FROM clinics_chairoutage o JOIN clinics_chair r ON r.id = o.chair_id "
    "WHERE r.clinic_id = c.id AND d.date BETWEEN (lower(o.period) AT TIME ZONE c.time_zone)::date "
    "AND (upper(o.period) AT TIME ZONE c.time_zone)::date) "
    "AND NOT EXISTS (SELECT 1 FROM clinics_absence a WHERE a.clinic_id = c.id AND a.date = d.date) "
    "GROUP BY d.date ORDER BY count(*) DESC, d.date LIMIT 1"
)
MONTH = "SELECT (date_trunc('month', now()) + interval '1 month')::date"

AD_HOC = _id("scheduling_visit", "t.course_id IS NULL AND t.status = 'planned'")
AD_HOC_PATIENT = AD_HOC.replace("t.id F", "t.patient_id F", 1)
DISRUPTED = (
    "SELECT d.date FROM scheduling_booking b JOIN clinics_chairoutage o ON o.chair_id = b.chair_id "
    "AND o.period && b.period JOIN scheduling_clinicday d ON d.id = b.clinic_day_id "
    "JOIN clinics_clinic c ON c.id = b.clinic_id WHERE c.slug = 'northside' "
    "AND b.status = 'confirmed' ORDER BY d.date LIMIT 1"
)
TOO_EARLY = _id(
    "scheduling_visit", "t.status = 'planned' AND t.earliest_on > current_date + 40 "
    "AND EXISTS (SELECT 1 FROM scheduling_visit v WHERE v.course_id = t.course_id "
    "AND v.dose_number = t.dose_number - 1 AND v.given_on < current_date AND v.dose_number > 2)",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PageToOpen:
    """One page: a name for its tests and pictures, a role, and its address."""

    name: str
    role: str
    path: str
    query: str = ""  # finds the id that stands for {id} in the path

    def address(self, demo: DemoClinic) -> str:
        """Return the full address, looking up the id it needs."""
        found = str(demo.one(self.query)) if self.query else ""
        return demo.address + self.path.replace("{id}", found)


NORTHSIDE = "/c/northside"
PAGES = [
    PageToOpen("home", "nurse", "/"),
    PageToOpen("board", "nurse", f"{NORTHSIDE}/board/"),
    PageToOpen("board read only", "pharmacist", f"{NORTHSIDE}/board/"),
    PageToOpen("chair side", "nurse", f"{NORTHSIDE}/visits/{{id}}/chair/", INFUSING),
    PageToOpen("visit over", "nurse", f"{NORTHSIDE}/board/{{id}}/over/", ERRAND),
    PageToOpen("needs review", "nurse", f"{NORTHSIDE}/needs-review/"),
    PageToOpen("handover", "nurse", f"{NORTHSIDE}/handover/"),
    PageToOpen("record", "nurse", f"{NORTHSIDE}/visits/{{id}}/record/", INFUSING),
    PageToOpen("reaction", "nurse", f"{NORTHSIDE}/visits/{{id}}/chair/reaction/", INFUSING),
    PageToOpen("assess", "nurse", f"{NORTHSIDE}/visits/{{id}}/chair/assess/", INFUSING),
    PageToOpen("stop for good", "nurse", f"{NORTHSIDE}/visits/{{id}}/chair/stop/", INFUSING),
    PageToOpen("discharge", "nurse", f"{NORTHSIDE}/visits/{{id}}/chair/discharge/", OBSERVED),
    PageToOpen("correct", "nurse", f"{NORTHSIDE}/visits/{{id}}/correct/", ENTRY),
    PageToOpen("vitals", "nurse", f"{NORTHSIDE}/visits/{{id}}/chair/vitals/", INFUSING),
    PageToOpen("before the start", "nurse", f"{NORTHSIDE}/visits/{{id}}/before/", HERE),
    PageToOpen("before signing", "prescriber", f"{NORTHSIDE}/visits/{{id}}/before/", HERE),
    PageToOpen("before, it runs", "nurse", f"{NORTHSIDE}/visits/{{id}}/before/", INFUSING),
    PageToOpen("safety questions", "nurse", f"{NORTHSIDE}/visits/{{id}}/chair/checklist/", HERE),
    PageToOpen("bag", "nurse", f"{NORTHSIDE}/visits/{{id}}/chair/bag/", HERE),
    PageToOpen("bag check", "nurse", f"{NORTHSIDE}/visits/{{id}}/chair/bag_check/", HERE),
    PageToOpen("day", "scheduler", f"{NORTHSIDE}/day/?view=grid"),
    PageToOpen("day list", "scheduler", f"{NORTHSIDE}/day/?view=list"),
    PageToOpen("month", "scheduler", f"{NORTHSIDE}/month/{{id}}/", MONTH),
    PageToOpen("doses on time", "manager", f"{NORTHSIDE}/reports/"),
    PageToOpen("chairs and nurses", "manager", f"{NORTHSIDE}/reports/use/"),
    PageToOpen("reactions report", "manager", f"{NORTHSIDE}/reports/reactions/"),
    PageToOpen("overrides report", "manager", f"{NORTHSIDE}/reports/overrides/"),
    PageToOpen("empty day", "scheduler", f"{NORTHSIDE}/day/2020-01-01/"),
    PageToOpen("plan", "scheduler", f"{NORTHSIDE}/plan/"),
    PageToOpen("conflicts", "scheduler", f"{NORTHSIDE}/conflicts/"),
    PageToOpen("disruptions", "scheduler", f"{NORTHSIDE}/disruptions/"),
    PageToOpen("close a day", "scheduler", f"{NORTHSIDE}/disruptions/closing/"),
    PageToOpen("chair out of use", "manager", f"{NORTHSIDE}/disruptions/chair/"),
    PageToOpen("nurses away", "scheduler", f"{NORTHSIDE}/disruptions/nurses/"),
    PageToOpen("rebook a day", "scheduler", f"{NORTHSIDE}/rebook/{{id}}/", DISRUPTED),
    PageToOpen("past a rule", "prescriber", f"{NORTHSIDE}/visits/{{id}}/past-rule/", TOO_EARLY),
    PageToOpen("plan of the night", "scheduler", f"{NORTHSIDE}/plan/{{id}}/", NIGHT),
    PageToOpen("due proposals", "scheduler", f"{NORTHSIDE}/plan/{{id}}/", PROPOSALS),
    PageToOpen("ask for a visit", "scheduler", f"{NORTHSIDE}/patients/{{id}}/visit/", TREATED),
    PageToOpen("other visit slots", "scheduler", f"{NORTHSIDE}/visits/{{id}}/slots/", AD_HOC),
    PageToOpen("other visit book", "scheduler", f"{NORTHSIDE}/visits/{{id}}/book/", AD_HOC),
    PageToOpen("other visit drop", "scheduler", f"{NORTHSIDE}/visits/{{id}}/drop/", AD_HOC),
    PageToOpen("other visit patient", "scheduler", f"{NORTHSIDE}/patients/{{id}}/", AD_HOC_PATIENT),
    PageToOpen("due", "scheduler", f"{NORTHSIDE}/due/"),
    PageToOpen("waitlist", "scheduler", f"{NORTHSIDE}/waitlist/"),
    PageToOpen("waitlist entry", "scheduler", f"{NORTHSIDE}/visits/{{id}}/waitlist/", TO_BOOK),
    PageToOpen("wishes", "scheduler", f"{NORTHSIDE}/patients/{{id}}/wishes/", TREATED),
    PageToOpen("delay", "scheduler", f"{NORTHSIDE}/visits/{{id}}/delay/", TO_BOOK),
    PageToOpen("find a slot", "scheduler", f"{NORTHSIDE}/visits/{{id}}/slots/", TO_BOOK),
    PageToOpen("book the series", "scheduler", f"{NORTHSIDE}/courses/{{id}}/series/", RUNNING),
    PageToOpen("book", "scheduler", f"{NORTHSIDE}/visits/{{id}}/book/", TO_BOOK),
    PageToOpen("move", "scheduler", f"{NORTHSIDE}/bookings/{{id}}/move/", BOOKED),
    PageToOpen("cancel", "scheduler", f"{NORTHSIDE}/bookings/{{id}}/cancel/", BOOKED),
    PageToOpen("no show", "scheduler", f"{NORTHSIDE}/bookings/{{id}}/no-show/", BOOKED),
    PageToOpen("patients", "scheduler", f"{NORTHSIDE}/patients/"),
    PageToOpen("new patient", "scheduler", f"{NORTHSIDE}/patients/new/"),
    PageToOpen("edit patient", "scheduler", f"{NORTHSIDE}/patients/{{id}}/edit/", TREATED),
    PageToOpen("patient", "prescriber", f"{NORTHSIDE}/patients/{{id}}/", TREATED),
    PageToOpen("patient deceased", "prescriber", f"{NORTHSIDE}/patients/{{id}}/", DECEASED),
    PageToOpen("patient without course", "prescriber", f"{NORTHSIDE}/patients/{{id}}/", UNTREATED),
    PageToOpen("patient after a gap", "prescriber", f"{NORTHSIDE}/patients/{{id}}/", GAP_PATIENT),
    PageToOpen("restart", "prescriber", f"{NORTHSIDE}/courses/{{id}}/restart/", GAP),
    PageToOpen("start course", "prescriber", f"{NORTHSIDE}/patients/{{id}}/course/", UNTREATED),
    PageToOpen("safety", "prescriber", f"{NORTHSIDE}/patients/{{id}}/safety/", TREATED),
    PageToOpen("history", "auditor", f"{NORTHSIDE}/patients/{{id}}/history/", TREATED),
    PageToOpen("import", "manager", f"{NORTHSIDE}/import/"),
    PageToOpen("reminders", "scheduler", f"{NORTHSIDE}/reminders/"),
    PageToOpen("letters", "scheduler", f"{NORTHSIDE}/reminders/letters/"),
    PageToOpen("api docs", "manager", "/api/docs/"),
    PageToOpen("not found", "nurse", f"{NORTHSIDE}/nothing/"),
]
