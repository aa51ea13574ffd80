"""What a user is told of a name that is wrong."""

from __future__ import annotations

from stages.core.mistakes import MAX_SHOWN_NAMES, shown_names, suggest


def test_a_name_close_to_one_is_suggested_and_others_are_listed() -> None:
    assert suggest("wikipedja", ["books", "wikipedia"]) == "did you mean 'wikipedia'?"
    assert suggest("x", ["books", "wikipedia"]) == "known: books, wikipedia"


def test_of_many_names_the_first_are_listed_and_the_others_counted() -> None:
    names = [f"part_{number}" for number in range(MAX_SHOWN_NAMES + 1_000)]
    listed = ", ".join(names[:MAX_SHOWN_NAMES])
    assert shown_names(names[:MAX_SHOWN_NAMES]) == listed
    assert shown_names(names) == f"{listed} and 1,000 more"
    assert suggest("x", names) == f"known: {listed} and 1,000 more"
