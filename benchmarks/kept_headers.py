"""`python -m benchmarks.kept_headers FOLDER ..`: source files below folders that keep a licence header, by language.

Headers of a machine's libraries (`/usr/include`, `site-packages`) are code that no rule was made on. A file counts where
its first 1,500 characters still state a copyright.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from cyclopts import App

from stages.ingest.github.headers import remove_license_header
from stages.ingest.github.languages import language_of_file

HEAD_CHARS, MAX_BYTES, EXAMPLES = 1_500, 300_000, 10
STATES = re.compile(
    r"copyright\s*(?:\(c\)|©|\d{4})|spdx-license|all rights reserved|licensed under", re.IGNORECASE
)
NO_CODE = frozenset([".txt", ".md", ".rst"])

app = App(name="kept_headers", help="Source files that keep a licence header.")


def source_files(folders: tuple[Path, ...]) -> Iterator[tuple[Path, str]]:
    """Files that are UTF-8, neither links nor large, with a language that has comments."""
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.suffix in NO_CODE or path.is_symlink() or not path.is_file():
                continue
            if language_of_file(path.name) is None or path.stat().st_size > MAX_BYTES:
                continue
            try:
                yield path, path.read_text("utf-8")
            except UnicodeDecodeError:
                continue


@app.default
def main(*folders: Path) -> None:
    """A line for each language: files, those with a header, those that keep one; then some of the last."""
    files, stated, kept = Counter[str](), Counter[str](), Counter[str]()
    examples: list[Path] = []
    for path, text in source_files(folders):
        language, style = language_of_file(path.name) or ("", None)
        files[language] += 1
        if style is None or STATES.search(text[:HEAD_CHARS]) is None:
            continue
        stated[language] += 1
        if STATES.search(remove_license_header(text, style)[:HEAD_CHARS]):
            kept[language] += 1
            examples.append(path)
    print("| language | files | state a copyright | keep it |\n|---|---|---|---|")
    for language, count in stated.most_common():
        print(f"| {language} | {files[language]:,} | {count:,} | {kept[language]:,} |")
    print(f"| all | {files.total():,} | {stated.total():,} | {kept.total():,} |\n")
    for path in examples[:: max(1, len(examples) // EXAMPLES)][:EXAMPLES]:
        print(path)


if __name__ == "__main__":
    app()
