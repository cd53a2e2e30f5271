"""Every code that edgectl says or understands: one enum, one sentence each. docs/codes.md is made from it."""

from collections.abc import Mapping

from edgectl.model.codes.alarms import ALARMS
from edgectl.model.codes.code import Code
from edgectl.model.codes.commands import COMMANDS, error_of
from edgectl.model.codes.meaning import Kind, Meaning
from edgectl.model.codes.reasons import REASONS, not_required, required
from edgectl.model.codes.refusals import REFUSALS
from edgectl.model.codes.workflows import WORKFLOWS

__all__ = ["MEANINGS", "SENTENCES", "Code", "Kind", "Meaning", "error_of", "not_required", "required"]


def _one_table(*tables: Mapping[Code, Meaning]) -> dict[Code, Meaning]:
    told = {code: meaning for table in tables for code, meaning in table.items()}
    assert len(told) == sum(map(len, tables)), "a code is explained in two tables"
    return {code: told[code] for code in Code}


MEANINGS: dict[Code, Meaning] = _one_table(REASONS, WORKFLOWS, COMMANDS, REFUSALS, ALARMS)
SENTENCES: dict[Code, str] = {code: meaning.sentence for code, meaning in MEANINGS.items()}
