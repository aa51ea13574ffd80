"""Main text of plain text: lines as WET has them, the ones that the model keeps, and what it must not do to any script."""

from __future__ import annotations

import io

import numpy as np
import pytest

from stages.ingest.common_crawl.boilerplate.text_lines import main_lines, text_page
from stages.ingest.common_crawl.boilerplate.text_model import (
    fitted_text_model,
    text_model_bytes,
    text_model_of,
)
from stages.ingest.work import TooMuchWorkError
from stages.kernels.page.columns import START, STOP

MENU = ["Home", "News", "Sport", "Weather", "Shop", "Contact us", "Log in", "Register"]
FOOT = ["Share", "Tweet", "Related articles", "Terms of use", "Privacy policy", "© 2019 The Gazette"]
STORY = [
    f"The ferry to the northern islands leaves at dawn on day {n}, and it takes the mail, two cars and a cow, which nobody"
    " in the village had ever seen swim before that winter."
    for n in range(8)
]
CHINESE = [
    f"第{n}天，船在黎明时分驶向北方的岛屿，带着邮件、两辆车和一头牛，村里的人在那个冬天之前从来没有见过它游泳，所以大家都来看了。"
    for n in range(8)
]
JAPANESE = [
    f"{n}日目、船は夜明けに北の島々へ向かい、郵便物と二台の車と一頭の牛を運びます。その冬まで村の誰も牛が泳ぐのを見たことがありませんでした。"
    for n in range(8)
]
THAI = [
    f"ในวันที่ {n} เรือออกเดินทางไปยังหมู่เกาะทางเหนือในตอนเช้ามืด โดยบรรทุกจดหมาย รถสองคัน และวัวหนึ่งตัว"
    "ซึ่งไม่มีใครในหมู่บ้านเคยเห็นมันว่ายน้ำมาก่อนในฤดูหนาวปีนั้น"
    for n in range(8)
]


def test_lines_are_those_that_are_not_blank_without_white_space_around() -> None:
    page = text_page(" a b\r\n\n\t\n\xe9 \n")
    data = page.text.tobytes()
    assert [data[a:b].decode() for a, b in page.lines[:, (START, STOP)].tolist()] == ["a b", "é"]


@pytest.mark.parametrize("text", ["", "\n \n"])
def test_nothing_of_nothing(text: str) -> None:
    assert main_lines(text, fitted_text_model()).text == ""


@pytest.mark.parametrize("story", [STORY, CHINESE, JAPANESE, THAI], ids=["en", "zh", "ja", "th"])
def test_the_story_stays_and_its_frame_goes(story: list[str]) -> None:
    main = main_lines("\n".join(["The Gazette", *MENU, *story, *FOOT]), fitted_text_model())
    kept = main.text.split("\n")
    assert [line for line in story if line not in kept] == []
    assert not {*MENU, *FOOT} & set(kept)
    assert main.page_chars - main.cut_chars == len(main.text)


def test_lines_of_some_probability() -> None:
    text = "\n".join(["The Gazette", *MENU, *STORY])
    assert main_lines(text, fitted_text_model(), 0.0).text == text
    assert main_lines(text, fitted_text_model(), 1.0).text == ""


def test_more_lines_than_there_is_room_for_are_too_much_work() -> None:
    with pytest.raises(TooMuchWorkError):
        main_lines("a\n" * 100_001, fitted_text_model())


def test_a_model_for_other_features_is_refused() -> None:
    model = fitted_text_model()
    data = text_model_bytes(model)
    assert text_model_bytes(text_model_of(data)) == data
    other = io.BytesIO()
    np.savez(other, features=np.array(["chars"]))
    with pytest.raises(ValueError, match="fit it anew"):
        text_model_of(other.getvalue())
