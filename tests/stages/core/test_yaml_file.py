"""YAML that grows, nests, repeats or builds: values, or one line that names the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from stages.core.errors import UserError
from stages.core.mistakes import Mistakes, MistakesError
from stages.core.yaml_file import MAX_FILE_BYTES, Variables, parse_yaml, read_yaml, yaml_lines

LAUGHS = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 30)
)

BAD = {
    "billion laughs": (LAUGHS, "aliases"),
    "an alias of itself": ("name: &a [*a]", "aliases"),
    "a mapping in itself": ("a: &a {b: *a}", "aliases"),
    "merged laughs": (
        "a0: &a0 {"
        + ",".join(f"k{i}: 1" for i in range(400))
        + "}\n"
        + "".join(f"a{i}: &a{i} {{<<: [{','.join([f'*a{i - 1}'] * 50)}]}}\n" for i in range(1, 30)),
        "takes in more than",
    ),
    "a merge of no mapping": ("a: {<<: [1, 2]}", "<< takes a mapping"),
    "two merges": ("a: &a {b: c}\nd: {<<: *a, <<: *a}", "twice"),
    "lists in lists": ("a: " + "[" * 20_000, "levels deep"),
    "mappings in mappings": ("".join(" " * i + "a:\n" for i in range(500)), "levels deep"),
    "an object of Python": ("a: !!python/object/apply:os.system [true]", "constructor for the tag"),
    "a tag": ("a: !thing b", "constructor for the tag"),
    "no date": ("a: 2020-13-45", "month must be in 1..12"),
    "a number of many digits": ("a: " + "9" * 5000, "limit"),
    "a number of many hex digits": ("a: 0x" + "f" * 50_000, "63 are enough"),
    "a number of base 60": ("a: 1" + ":1" * 20_000, "63 are enough"),
    "no number": ("a: 0x_", "invalid literal"),
    "a key twice": ("a: 1\na: 2", "twice"),
    "a list as a key": ("? [a]\n: b", "unhashable"),
    "a text with a NUL": ('a: "b\\0"', "NUL"),
    "a long file": ("#" * (MAX_FILE_BYTES + 1), "KiB"),
    "half a string": ("a: 'b", "end of stream"),
    "two documents": ("a: 1\n---\nb: 1", "single document"),
}


@pytest.mark.parametrize("name", BAD)
def test_yaml_of_no_recipe_is_one_line(name: str, tmp_path: Path) -> None:
    text, reason = BAD[name]
    path = tmp_path / "recipe.yaml"
    path.write_text(text)
    with pytest.raises(UserError) as caught:
        read_yaml(str(path))
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert reason in message
    assert "\n" not in message
    assert len(message) < 700


def test_aliases_that_stay_small_are_read() -> None:
    value = parse_yaml(b"a: &a [1, 2]\nb: *a\nc: {d: *a}", "x")
    assert value == {"a": [1, 2], "b": [1, 2], "c": {"d": [1, 2]}}


def test_variables_that_double_each_other_end_in_one_line() -> None:
    variables = Variables({"v0": "x" * 10})
    with pytest.raises(UserError, match=r"v[0-9]+.* makes a text of more than"):
        for i in range(1, 60):
            variables.set(f"v{i}", f"${{v{i - 1}}}${{v{i - 1}}}")


def test_many_texts_with_a_long_variable_end_in_one_line() -> None:
    variables, mistakes = Variables({"v": "x" * 60_000}), Mistakes()
    variables.replace({"a": [{"b": "${v}"}] * 1000}, mistakes)
    with pytest.raises(UserError, match="all texts more than"):
        mistakes.end()


def test_variables_are_replaced_in_texts_at_any_depth() -> None:
    variables, mistakes = Variables({"name": "a"}), Mistakes()
    variables.set("data", "in/${name}")
    assert variables.replace([{"x": "${data}/*.gz", "y": 1}], mistakes) == [{"x": "in/a/*.gz", "y": 1}]
    mistakes.end()


def test_every_variable_that_is_not_set_is_told_with_its_place() -> None:
    mistakes = Mistakes()
    Variables({}).replace({"a": ["${x}", "b"], "c": "${y}"}, mistakes)
    with pytest.raises(MistakesError) as caught:
        mistakes.end()
    assert str(caught.value).split("\n") == [
        "a[0]: ${x} is not set; add it under `variables`",
        "c: ${y} is not set; add it under `variables`",
    ]


MERGED = """\
base: &base {input: x, steps: [a]}
more: &more {steps: [b], kind: c4}
sources:
  one:
    <<: *base
    kind: books
  two: {<<: [*more, *base], input: y}
"""


def test_merge_keys_take_in_mappings_and_the_own_keys_win() -> None:
    value = parse_yaml(MERGED.encode(), "x")
    assert value["sources"] == {
        "one": {"input": "x", "steps": ["a"], "kind": "books"},
        "two": {"input": "y", "steps": ["b"], "kind": "c4"},
    }


def test_the_lines_of_values_are_those_that_name_them_merged_ones_too() -> None:
    lines = yaml_lines(MERGED.encode())
    assert lines[("sources", "one")] == 4
    assert lines[("sources", "one", "kind")] == 6
    assert lines[("sources", "one", "steps", 0)] == 1
    assert lines[("sources", "two", "kind")] == 2
    assert lines[("sources", "two", "input")] == 7
