"""Cut-offs: ours, CCNet's table, and what is neither."""

from __future__ import annotations

from pathlib import Path

import pytest

from stages.core.errors import UserError
from stages.models.perplexity_files import Cutoffs, find_cutoffs, has_cutoffs, languages_in

TABLE = "percentile,en,fr\n30,340.1,220\n60,520.5,330\n90,900,800\n"


def test_ccnet_s_table_gives_the_30th_and_the_60th_percentile(tmp_path: Path) -> None:
    (tmp_path / "cutoff.csv").write_text(TABLE)
    assert find_cutoffs(str(tmp_path), "en").cutoffs == (340.1, 520.5)
    assert has_cutoffs(str(tmp_path), "fr")
    assert not has_cutoffs(str(tmp_path), "de")
    with pytest.raises(UserError, match="no cut-offs of language 'de' at percentiles"):
        find_cutoffs(str(tmp_path), "de")


def test_our_own_file_comes_before_the_table(tmp_path: Path) -> None:
    (tmp_path / "cutoff.csv").write_text(TABLE)
    own = Cutoffs(language="en", cutoffs=(1.5, 2.5), sentences="lines", documents=9)
    (tmp_path / "en.cutoffs.json").write_text(own.model_dump_json())
    assert find_cutoffs(str(tmp_path), "en") == own


@pytest.mark.parametrize("content", ["", "{}", '{"language": "en", "cutoffs": [5, 2]}', '{"cutoffs": [1, 2'])
def test_a_damaged_file_is_one_line(tmp_path: Path, content: str) -> None:
    (tmp_path / "en.cutoffs.json").write_text(content)
    with pytest.raises(UserError, match=r"en\.cutoffs\.json: damaged") as error:
        find_cutoffs(str(tmp_path), "en")
    assert "\n" not in str(error.value)


def test_no_cutoffs_say_how_to_give_some(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"set the rule's `cutoffs`, as in \{en: \[340, 520\]\}"):
        find_cutoffs(str(tmp_path), "en")


def test_a_language_needs_both_models(tmp_path: Path) -> None:
    for name in ("en.sp.model", "en.arpa.bin", "de.sp.model", "fr.arpa", "hu.sp.model", "hu.arpa"):
        (tmp_path / name).touch()
    assert languages_in(str(tmp_path)) == ["en", "hu"]
