"""The questions asked before every infusion, and what counts as an answer. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

from core.errors import Invalid


class Question(StrEnum):
    """What the patient is asked, in the order of the page."""

    INFECTION = "infection"
    PREGNANCY = "pregnancy"
    CONTRACEPTION = "contraception"
    NEUROLOGICAL = "neurological"
    DIARRHOEA = "diarrhoea"
    VACCINATION = "vaccination"
    LIVER = "liver"


class Answer(StrEnum):
    """What can be answered; some questions do not apply to everybody."""

    YES = "yes"
    NO = "no"
    NOT_APPLICABLE = "not_applicable"


MAY_NOT_APPLY = frozenset({Question.PREGNANCY, Question.CONTRACEPTION})
# A yes to one of these is a worry, and a worry is written down in words.
WORRIES = frozenset(Question) - {Question.CONTRACEPTION}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """Every question with its answer, and a note where there was something to say."""

    answers: Mapping[Question, Answer]
    notes: Mapping[Question, str]

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> Self:
        """Return the answers of an event."""
        return cls(
            answers={Question(name): Answer(said) for name, said in values["answers"].items()},
            notes={Question(name): note for name, note in values["notes"].items()},
        )

    def says(self, question: Question) -> bool | None:
        """Return yes or no; None when the question does not apply."""
        said = self.answers[question]
        return None if said is Answer.NOT_APPLICABLE else said is Answer.YES

    def worries(self) -> list[Question]:
        """Return the questions whose answer is a worry."""
        return [each for each in Question if each in WORRIES and self.says(each)]


def check_answers(
    answers: Mapping[str, str], notes: Mapping[str, str], *, before: Answers | None
) -> dict[str, Any]:
    """Return the answers as an event carries them.

    Raises Invalid, by question, for one left out, a worry without a note, and a worry of the
    answers `before` these that is gone without a note on what became of it.
    """
    problems: dict[str, list[str]] = {}
    said: dict[str, str] = {}
    kept = {name: " ".join(note.split()) for name, note in notes.items()}
    for question in Question:
        answer = answers.get(question, "")
        if not _answers(question, answer):
            problems[question] = ["Answer this question."]
        elif not kept.get(question):
            needed = _note_needed(question, Answer(answer), before)
            problems |= {f"{question}_note": [needed]} if needed else {}
        said[question] = answer
    if problems:
        raise Invalid("The questions are not all answered.", problems)
    return {
        "answers": said,
        "notes": {
            question.value: kept[question]
            for question in Question
            if question in WORRIES and kept.get(question)
        },
    }


def _answers(question: Question, answer: str) -> bool:
    if answer == Answer.NOT_APPLICABLE:
        return question in MAY_NOT_APPLY
    return answer in set(Answer)


def _note_needed(question: Question, answer: Answer, before: Answers | None) -> str:
    if question not in WORRIES:
        return ""
    if answer is Answer.YES:
        return "Say what it is."
    if before is not None and before.says(question):
        return "This was a yes before. Say what became of it."
    return ""
