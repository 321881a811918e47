"""Laboratory screening: hepatitis B, immunoglobulins, liver tests."""

from clinical.facts import Facts, HepatitisB, TestResult
from clinical.findings import Finding
from clinical.model import IgRequirement, Protocol


def _is_active(screen: HepatitisB) -> bool:
    """A clinician's word first; without one, both markers positive count as active (PP)."""
    if screen.active is not None:
        return screen.active
    return screen.hbsag is TestResult.POSITIVE and screen.anti_hbc is TestResult.POSITIVE


def _marker_findings(protocol: Protocol, screen: HepatitisB) -> list[Finding]:
    missing = [
        words
        for words, done in (
            ("a hepatology opinion", screen.hepatology_opinion),
            ("an HBV DNA monitoring plan", screen.dna_monitoring_plan),
        )
        if not done
    ]
    if missing:
        words = f"A hepatitis B marker is positive; needed: {' and '.join(missing)}."
        return [protocol.finding("HBV-POSITIVE", words)]
    words = "A hepatitis B marker is positive: HBV DNA is monitored through the course."
    return [protocol.finding("HBV-MONITOR", words)]


def hepatitis_b_findings(protocol: Protocol, facts: Facts) -> list[Finding]:
    """Return what the hepatitis B screen says: active is a contraindication (HCP, PP), a positive
    marker needs a liver expert and HBV DNA monitoring (S19), both results are needed at all."""
    screen = facts.hepatitis_b
    if _is_active(screen):
        return [protocol.finding("HBV-ACTIVE", "Hepatitis B is active.")]
    findings: list[Finding] = []
    if screen.hbsag is None or screen.anti_hbc is None:
        missing = [
            name
            for name, result in (("HBsAg", screen.hbsag), ("anti-HBc", screen.anti_hbc))
            if result is None
        ]
        words = f"No result on record for {' and '.join(missing)}."
        findings.append(protocol.finding("HBV-SCREEN-MISSING", words))
    if screen.dna_detected:
        findings.append(protocol.finding("HBV-DNA-DETECTED", "HBV DNA was detected."))
    if TestResult.POSITIVE in {screen.hbsag, screen.anti_hbc}:
        findings += _marker_findings(protocol, screen)
    return findings


def liver_findings(protocol: Protocol, facts: Facts) -> list[Finding]:
    """Return what liver tests and symptoms say (S16; CH for the transaminase and bilirubin
    pattern, both limits exclusive)."""
    rules, liver = protocol.eligibility, facts.liver
    results = {name: value for name, value in liver.results().items() if value is not None}
    findings: list[Finding] = []
    if liver.injury_unexplained:
        words = "Liver injury without another cause: discontinue."
        findings.append(protocol.finding("LIVER-INJURY", words))
    if liver.symptoms:
        words = "Symptoms of liver injury: stop every visit, test the liver."
        findings.append(protocol.finding("LIVER-SYMPTOMS", words))
    cells = max(results.get("ALT", 0), results.get("AST", 0))
    bilirubin = results.get("bilirubin", 0)
    listed = ", ".join(f"{name} {float(value):g}" for name, value in results.items())
    if cells > rules.hys_law_transaminase_x_uln and bilirubin > rules.hys_law_bilirubin_x_uln:
        words = f"{listed} times the upper limit of normal: evaluate for liver injury."
        findings.append(protocol.finding("LIVER-HYS-LAW", words))
    elif any(value > rules.liver_caution_x_uln for value in results.values()):
        words = f"{listed} times the upper limit of normal."
        findings.append(protocol.finding("LIVER-RAISED", words))
    return findings


def _immunoglobulin_findings(protocol: Protocol, facts: Facts) -> list[Finding]:
    values = facts.immunoglobulins
    low = values.is_low()
    if low is None:
        words = "No immunoglobulin result is on record."
        return [protocol.finding("IG-MISSING", words)]
    if not low:
        return []
    if protocol.eligibility.ig_requirement is IgRequirement.IMMUNOLOGY:
        done, needed = values.immunology_consultation, "an immunology consultation"
    else:
        done = values.risk_assessment or values.immunology_consultation
        needed = "an infection risk assessment"
    if done:
        words = "IgG is below its lower limit: keep monitoring."
        return [protocol.finding("IG-MONITOR", words)]
    return [protocol.finding("IG-LOW", f"IgG is below its lower limit; needed: {needed}.")]


def baseline_findings(protocol: Protocol, facts: Facts) -> list[Finding]:
    """Return what the tests before the first infusion say: liver tests on record (S16),
    immunoglobulins known, and a low IgG assessed (S20)."""
    findings = _immunoglobulin_findings(protocol, facts)
    results = facts.liver.results()
    missing = [name for name in protocol.eligibility.liver_tests if results.get(name) is None]
    if missing and not facts.liver.tests_recorded:
        words = f"No baseline on record for {', '.join(missing)}."
        findings.append(protocol.finding("LIVER-TESTS-MISSING", words))
    return findings
