"""Trouble with a name of its own: a mistake, damage, a failed read, a machine in trouble, lost documents, a failed task."""

from __future__ import annotations


class UserError(Exception):
    """A mistake that the user can mend: one line that says what, where and how; the CLI exits with 2."""


class EmptyInputError(UserError):
    """What a stage needs was dropped before it: all else of the run is finished; the CLI exits with 3."""


class DamagedInputError(Exception):
    """A raw file cannot be read past `offset` (bytes of the raw file); what came before it is kept.

    Ingest turns it into a ledger row with this `rule`.
    """

    def __init__(self, reason: str, offset: int, rule: str = "damaged") -> None:
        super().__init__(f"{reason} at byte {offset}")
        self.reason = reason
        self.offset = offset
        self.rule = rule


class ReadFaultError(Exception):
    """A raw file's bytes could not be read whole: nothing is known of them, so no ledger row is made; try again.

    No OSError, since decoders and their callers take those for a judgement on the bytes.
    """


class RecordTimeoutError(BaseException):
    """A raw record took longer than the watchdog allows. No Exception: no reader may take it for damage."""


class MachineError(Exception):
    """The machine cannot go on (a full disk, no memory, a folder that is gone): one line that says what to mend."""


class ConservationError(Exception):
    """A shard's documents do not add up: some were lost or made without a ledger row."""


class StageFailedError(Exception):
    """A task kept failing: node, task, attempts and the last attempt's traceback."""

    def __init__(self, node: str, task: str, attempts: int, trace: str) -> None:
        super().__init__(f"stage {node}, task {task} failed {attempts} times")
        self.trace = trace
