"""Parser functions: what a sentence has in their place."""

from __future__ import annotations

import pytest

from stages.ingest.wikipedia.marks import NO_NUMBER
from stages.ingest.wikipedia.template_functions import PARSER_FUNCTION, calculated, parser_function_text
from stages.ingest.wikipedia.template_values import values_behind


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5+3", "8"),
        ("10/4 round 1", "2.5"),
        ("2.5 round 0", "3"),
        ("(1 + 2) * 3", "9"),
        ("7 - 2 - 1", "4"),
        ("-2 ^ 2", "4"),
        ("17 mod 5", "2"),
        ("3 > 2", "1"),
        ("1/0", None),
        ("2 ^ 9999", None),
        ("5 +", None),
        ("(5", None),
        ("5 km", None),
        ("", None),
        ("1" + "+1" * 100, None),
        ("1" + "0" * 400, None),
    ],
)
def test_expressions(text: str, value: str | None) -> None:
    assert calculated(text) == value


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        ("#if:x|yes|no", "yes"),
        ("#if: |yes|no", "no"),
        ("#if:|yes", ""),
        ("#ifeq:1|1.0|same|other", "same"),
        ("#ifeq:a|b|same|other", "other"),
        ("#ifexpr:2>1|more|less", "more"),
        ("#ifexpr:1>2|more|less", "less"),
        ("#switch:b|a|b=one|c=two|three", "one"),
        ("#switch:a|a|b=one|c=two|three", "one"),
        ("#switch:z|a|b=one|c=two|three", "three"),
        ("#switch:z|a=one|#default=four", "four"),
        ("#expr:12*100", "1200"),
        ("#expr:oops", NO_NUMBER),
    ],
)
def test_functions(inner: str, expected: str) -> None:
    name, _, rest = inner.partition("|")
    found = PARSER_FUNCTION.fullmatch(name)
    assert found is not None
    assert parser_function_text(found[1], found[2], values_behind(rest)) == expected


def test_other_functions_are_not_computed() -> None:
    assert PARSER_FUNCTION.fullmatch("#invoke:x") is None
