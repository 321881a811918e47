"""Who is treated: identity, consent, and the facts that clinical rules ask about."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Func, Q
from django.utils.translation import gettext_lazy as _

from clinics.models import Clinic


class SearchText(Func):
    """Two names as one text to search in: what the database's patient_search_text() makes."""

    function = "patient_search_text"
    output_field = models.TextField()


class Patient(models.Model):
    """One person in one clinic, known there by a medical record number."""

    class Sex(models.TextChoices):
        FEMALE = "female", _("Female")
        MALE = "male", _("Male")
        OTHER = "other", _("Other")
        UNKNOWN = "unknown", _("Not known")

    class AllergyStatus(models.TextChoices):
        KNOWN = "known", _("Known")
        NONE_KNOWN = "none_known", _("None known")
        NOT_RECORDED = "not_recorded", _("Not recorded")
        UNAVAILABLE = "unavailable", _("Unavailable")

    class Channel(models.TextChoices):
        NONE = "none", _("No messages")
        EMAIL = "email", _("E-mail")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="patients")
    mrn = models.CharField(max_length=64)
    family_name = models.CharField(max_length=120)
    given_names = models.CharField(max_length=120)
    title = models.CharField(max_length=20, blank=True)
    birth_date = models.DateField()
    sex = models.CharField(max_length=8, choices=Sex.choices, default=Sex.UNKNOWN)
    deceased_on = models.DateField(null=True, blank=True)
    # Known to have died on a day that nobody told us. Never together with deceased_on.
    deceased_undated = models.BooleanField(default=False)
    language = models.CharField(max_length=10, blank=True)
    telephone = models.CharField(max_length=40, blank=True)
    email = models.EmailField(blank=True)
    channel = models.CharField(max_length=5, choices=Channel.choices, default=Channel.NONE)
    consented_at = models.DateTimeField(null=True, blank=True)
    consented_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    consent_withdrawn_at = models.DateTimeField(null=True, blank=True)
    allergy_status = models.CharField(
        max_length=12, choices=AllergyStatus.choices, default=AllergyStatus.NOT_RECORDED
    )
    weight_kg = models.DecimalField(max_digits=5, decimal_places=2, null=True, blank=True)
    version = models.PositiveIntegerField(default=1)
    updated_at = models.DateTimeField()
    # Kept by PostgreSQL itself, so they cannot drift from the names: no accents, lower case, and
    # in the C collation, in which one b-tree answers both "begins with" and "comes after".
    search_family = models.GeneratedField(
        expression=SearchText("family_name", "given_names"),
        output_field=models.TextField(db_collation="C"),
        db_persist=True,
    )
    search_given = models.GeneratedField(
        expression=SearchText("given_names", "family_name"),
        output_field=models.TextField(db_collation="C"),
        db_persist=True,
    )

    class Meta:
        indexes = [
            models.Index(
                name="patient_by_name", fields=["clinic", "family_name", "given_names", "id"]
            ),
            models.Index(name="patient_search_family", fields=["clinic", "search_family", "id"]),
            models.Index(name="patient_search_given", fields=["clinic", "search_given", "id"]),
            models.Index(
                name="patient_search_mrn",
                fields=["clinic", "mrn"],
                opclasses=["uuid_ops", "varchar_pattern_ops"],
            ),
            models.Index(name="patient_by_birth", fields=["clinic", "birth_date"]),
        ]
        constraints = [
            models.UniqueConstraint(name="patient_mrn_once", fields=["clinic", "mrn"]),
            models.CheckConstraint(
                name="patient_weight_plausible",
                condition=Q(weight_kg__isnull=True) | Q(weight_kg__gt=0, weight_kg__lt=500),
            ),
            models.CheckConstraint(
                name="patient_channel_reachable",
                condition=Q(channel="none") | (Q(channel="email") & ~Q(email="")),
            ),
            models.CheckConstraint(
                name="patient_death_told_once",
                condition=Q(deceased_on__isnull=True) | Q(deceased_undated=False),
            ),
        ]

    def __str__(self) -> str:
        return f"Patient {self.id}"

    @property
    def is_deceased(self) -> bool:
        """Whether this person is known to have died, on a known day or not."""
        return self.deceased_on is not None or self.deceased_undated


class SourceLink(models.Model):
    """The id under which another system's records point at a patient."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="+")
    source_id = models.CharField(max_length=64)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="source_links")

    class Meta:
        constraints = [
            models.UniqueConstraint(name="source_link_once", fields=["clinic", "source_id"])
        ]

    def __str__(self) -> str:
        return f"SourceLink {self.id}"


class Allergy(models.Model):
    """One recorded allergy or intolerance."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="allergies")
    source_id = models.CharField(max_length=64)
    substance = models.CharField(max_length=200)
    code_system = models.CharField(max_length=120, blank=True)
    code = models.CharField(max_length=40, blank=True)
    criticality = models.CharField(max_length=20, blank=True)
    clinical_status = models.CharField(max_length=20)
    recorded_on = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="allergy_source_once", fields=["patient", "source_id"])
        ]

    def __str__(self) -> str:
        return f"Allergy {self.id}"


class TestResult(models.Model):
    """One laboratory result. The analyte is a LOINC code; the value a number or a word."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="test_results")
    source_id = models.CharField(max_length=64)
    loinc = models.CharField(max_length=20)
    label = models.CharField(max_length=120)
    value = models.DecimalField(max_digits=14, decimal_places=4, null=True, blank=True)
    finding = models.CharField(max_length=20, blank=True)  # positive, negative, indeterminate
    unit = models.CharField(max_length=20, blank=True)
    reference_low = models.DecimalField(max_digits=14, decimal_places=4, null=True, blank=True)
    reference_high = models.DecimalField(max_digits=14, decimal_places=4, null=True, blank=True)
    collected_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(name="result_latest", fields=["patient", "loinc", "-collected_at"])]
        constraints = [
            models.UniqueConstraint(name="result_source_once", fields=["patient", "source_id"]),
            models.CheckConstraint(
                name="result_says_something", condition=Q(value__isnull=False) | ~Q(finding="")
            ),
        ]

    def __str__(self) -> str:
        return f"TestResult {self.id}"


class Vaccination(models.Model):
    """A vaccine given or planned. `is_live` is null when its CVX code is not in our table."""

    class Status(models.TextChoices):
        GIVEN = "given", _("given")
        PLANNED = "planned", _("planned")
        NOT_DONE = "not_done", _("not done")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="vaccinations")
    source_id = models.CharField(max_length=64)
    cvx = models.CharField(max_length=10, blank=True)
    name = models.CharField(max_length=200)
    is_live = models.BooleanField(null=True)
    status = models.CharField(max_length=10, choices=Status.choices)
    occurred_on = models.DateField()

    class Meta:
        indexes = [models.Index(name="vaccination_by_day", fields=["patient", "-occurred_on"])]
        constraints = [
            models.UniqueConstraint(name="vaccination_source_once", fields=["patient", "source_id"])
        ]

    def __str__(self) -> str:
        return f"Vaccination {self.id}"


class Condition(models.Model):
    """A state that matters to a rule, from a day until a day (open-ended while it lasts)."""

    class Kind(models.TextChoices):
        INFECTION = "infection", _("Active infection")
        PREGNANCY = "pregnancy", _("Pregnancy")
        LACTATION = "lactation", _("Lactation")
        MALIGNANCY = "malignancy", _("Malignancy")
        SUSPECTED_PML = "suspected_pml", _("Suspected PML")
        CONFIRMED_PML = "confirmed_pml", _("Confirmed PML")
        HEPATITIS_B = "hepatitis_b", _("Hepatitis B, active")
        LIVER_INJURY = "liver_injury", _("Signs of liver injury")
        RENAL_MODERATE = "renal_moderate", _("Kidney impairment, moderate to severe")
        RENAL_MILD = "renal_mild", _("Kidney impairment, mild")
        IMMUNOCOMPROMISE = "immunocompromise", _("Severely immunocompromised")
        COLITIS = "colitis", _("New or persistent diarrhoea")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="conditions")
    source_id = models.CharField(max_length=64)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    from_date = models.DateField()
    until_date = models.DateField(null=True, blank=True)
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(name="condition_source_once", fields=["patient", "source_id"]),
            models.CheckConstraint(
                name="condition_forward",
                condition=Q(until_date__isnull=True) | Q(until_date__gte=F("from_date")),
            ),
        ]

    def __str__(self) -> str:
        return f"Condition {self.id}"


class SignOff(models.Model):
    """A named person's decision on one rule for one patient, until a day."""

    class Decision(models.TextChoices):
        MAY_PROCEED = "may_proceed", _("may proceed")
        MUST_NOT = "must_not", _("must not proceed")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="sign_offs")
    rule_id = models.CharField(max_length=60)
    decision = models.CharField(max_length=12, choices=Decision.choices)
    reason = models.CharField(max_length=500)
    signed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    signed_at = models.DateTimeField()
    until_date = models.DateField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(name="sign_off_latest", fields=["patient", "rule_id", "-signed_at"])
        ]
        constraints = [
            models.UniqueConstraint(
                name="sign_off_once", fields=["patient", "rule_id", "signed_at"]
            ),
            models.CheckConstraint(name="sign_off_reasoned", condition=~Q(reason="")),
        ]

    def __str__(self) -> str:
        return f"SignOff {self.rule_id}"


class ImportRun(models.Model):
    """One file that somebody asked to import, and how far that has come."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="import_runs")
    requested_at = models.DateTimeField()
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    file_name = models.CharField(max_length=200)
    size_bytes = models.PositiveBigIntegerField()
    state = models.CharField(max_length=7, choices=State.choices, default=State.WAITING)
    alive_at = models.DateTimeField()  # moved on by whoever works on it, chunk by chunk
    finished_at = models.DateTimeField(null=True, blank=True)
    lines_read = models.PositiveIntegerField(default=0)
    counts = models.JSONField(default=dict)  # resource -> outcome -> how many
    problem = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes = [models.Index(name="import_run_latest", fields=["clinic", "-requested_at"])]
        constraints = [
            models.UniqueConstraint(
                name="import_run_one_at_a_time",
                fields=["clinic"],
                condition=Q(state__in=["waiting", "running"]),
            ),
            models.CheckConstraint(
                name="import_run_finished_whole",
                condition=Q(state__in=["waiting", "running"], finished_at__isnull=True)
                | Q(state__in=["done", "failed"], finished_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"ImportRun {self.id}"

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen to this run."""
        return self.state in {self.State.DONE, self.State.FAILED}


class ImportNote(models.Model):
    """One line that was refused, or how many lines were left out for one reason."""

    class Outcome(models.TextChoices):
        REFUSED = "refused", _("Refused")
        SKIPPED = "skipped", _("Left out")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    run = models.ForeignKey(ImportRun, on_delete=models.PROTECT, related_name="notes")
    number = models.PositiveIntegerField()
    outcome = models.CharField(max_length=7, choices=Outcome.choices)
    place = models.CharField(max_length=300)  # file and line, or the file alone
    resource = models.CharField(max_length=40)
    reason = models.CharField(max_length=300)
    times = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [models.UniqueConstraint(name="import_note_once", fields=["run", "number"])]

    def __str__(self) -> str:
        return f"ImportNote {self.id}"
