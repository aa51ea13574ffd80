"""A Gutenberg book's text in, the same without credits, transcriber's notes and appeals at its two ends out."""

from __future__ import annotations

import re

MAX_CREDIT_CHARS = 1_500
_MAX_CREDIT_PARAGRAPHS = 12
_MAX_NOTES_CHARS = 20_000
_MIN_SEARCHED_CHARS = 3_000
"""At the end of a short book, of which notes can be more than a tenth."""

_MAX_END_PARAGRAPHS = 8

_CREDIT = re.compile(
    r"[\s*\[(_]*(?:"
    r"(?:this )?(?:updated |original |additional )?(?:project gutenberg )?"
    r"(?:e-?text|e-?book|electronic (?:text|edition|version)|html(?: version)?|text|file|edition|book)?s?\s*"
    r"(?:was |were |has been )?(?:originally |first )?"
    r"(?:produced|prepared|transcribed|digiti[sz]ed|scanned|(?:re-?)?proof(?:ed|read|-read)|typed|created|converted|compiled"
    r"|(?:re-?)?formatted|edited|corrected|entered|encoded|keyed|key-entered|input|submitted|contributed|provided"
    r"|donated|marked up|ocr[' ]?e?d|spell-?checked|updated|revised)"
    r"(?:,? (?:and|&) \w+)?\s+(?:by|from|for|using|in|to|with|on)\b"
    r"|(?:e-?texts?|e-?book|electronic (?:text|edition|version)|transcription|ocr|scan(?:s|ning)?|mark-?up|digiti[sz]ation"
    r"|proof(?:ing|-?reading))(?:,? (?:and|&) [\w-]+)? by\b"
    r"|(?:transcribers?|proof-?readers?|(?:page |book )?(?:scans?|images?) sources?|image sources?(?:\(s\))?)\s*:"
    r"|produced at\b"
    r"|(?:(?:ce|cet|le|texte|livre|ouvrage|fichier|dit|boek|livro|libro|este|texto|e-?text[oe]?|edizione|elettronica|dieser|dieses"
    r"|text|buch|e-?kirja|a été|foi|fue|ha sido|è stat[oa]|is|wurde|électronique)\s+){0,5}"
    r"(?:produit|préparé|numérisé|saisi|produzido|producido|preparado|digitali[sz]ado|produziert|erstellt|hergestellt"
    r"|gescannt|digitalisiert|geproduceerd|gescand|prodott[oa]|digitalizzat[oa])\s+(?:par|por|von|durch|door|da|dal)\b"
    r"|diese[rs] (?:text|buch|e-?\w+) wurde (?:von|durch)\b"
    r"|(?:toimittanut ja |e-?kirjan |tekstin )?(?:tuottanut|tuottaneet)\b|e-?kirja tuotettu\b"
    r"|an? anonymous (?:project gutenberg )?volunteer"
    r"|(?:(?:special|many|our|with) )?thanks (?:are )?(?:also )?(?:to|go|due|for)\b"
    r"|(?:credits?|produced|updated|last updated|most recently updated|revised|posting date|release date)\s*:"
    r"|note: (?:project gutenberg|images of|the original|this file|see also|file)"
    r"|(?:the )?(?:original )?html (?:file|version)"
    r"|(?:html|text) file produced"
    r")",
    re.IGNORECASE,
)
_CREDIT_WORDS = re.compile(
    r"gutenberg|pgdp\.net|distributed proofread|pglaf\.org|gallica\.bnf\.fr|archive\.org/(?:details|stream)"
    r"|widger@|\[e-?(?:book|text) #|\binternet archive\b|\bgoogle books\b|hathitrust|caere corporation|\be-?texts?\b",
    re.IGNORECASE,
)
NOTE_TITLE = (
    r"(?:transcri(?:ber|ption)(?:['’]s|s['’]|s)?\s+(?:end\s?)?notes?"
    r"|(?:proof-?reader|redactor)(?:['’]s|s['’])\s+notes?"
    r"|(?:anmerkung|hinweis|bemerkung)(?:en?)?\s+(?:zur|der|des)\s+(?:transkri|bearbeit)"
    r"|notes? d(?:u|e la)\s+transcri|notes? (?:sur la|de) transcri|notes? (?:au|aux) lecteur"
    r"|(?:au lecteur\W{1,4})?cette version électronique"
    r"|notas? d(?:el?|o|a)\s+transcri|not[ae] d(?:i|el(?:la)?)\s+trascri"
    r"|(?:opmerking(?:en)?|aantekening(?:en)?|noot|noten) van de bewerker|transcriptie-?opmerking|avskrivarens\s+(?:an|not)"
    r")\w*"
)
"""What notes of those who made the text begin with, in the languages that the archive has most books in."""
_NOTE = re.compile(
    rf"[ \t*+|\-=_~\[({{/#:.]*(?:{NOTE_TITLE}"
    r"|(?<=\[)\s*(?:tn|tr\. note|trans\. note|transcriber)\s*:"
    r"|typographical errors corrected in|(?:corrections|changes) made (?:to|in) (?:the|this) (?:e-?text|text|book)\b"
    r"|(?:e-?text |electronic )?(?:editor['’]?s |producer['’]?s )?(?:a )?(?:production |publisher['’]s )?notes? "
    r"(?:on|about|to|for|regarding|concerning|in) (?:the|this) "
    r"(?:e-?text|e-?book|electronic (?:text|edition|version)|digital (?:text|edition))"
    r"|e-?text (?:editor|producer|transcriber|preparer)['’]?s['’]? notes?)",
    re.IGNORECASE,
)
_NOTE_LINE = re.compile(rf"^{_NOTE.pattern}", re.IGNORECASE | re.MULTILINE)
ARCHIVE_TITLE_LINE = re.compile(
    r"[\s*_=\[(]*(?:this (?:is|was) )?(?:the )?project gutenberg(?:['’]s)?[\s,]+e-?(?:text|book)\b",
    re.IGNORECASE,
)
"""The line that a Gutenberg file without marks begins with, and at times ends with."""
_APPEAL = re.compile(
    r"[\s*\[(_]*(?:we need your (?:donations|help)|please (?:consider (?:a |making a )?donat|help (?:us|support)|donate"
    r"|report (?:any )?(?:errors|mistakes|typos))|if you (?:find|notice|spot|see) (?:any )?(?:errors?|mistakes?|typos?)\b"
    r"|to hear about our|corrections? (?:may|can|should) be sent|(?:comments|corrections|errors) (?:are )?welcome)",
    re.IGNORECASE,
)
_END_OF_TEXT = re.compile(
    r"\W*(?:this is )?(?:the )?end of (?:the |this )?(?:e-?text|electronic text)\b", re.IGNORECASE
)
_PICTURE = re.compile(r"\s*\[(?:illustration|frontispiece|cover|image)\b[^\[\]]{0,500}\]\s*", re.IGNORECASE)
_SEPARATOR = re.compile(r"[\s*\-=_~+.#·•]*")
_BRACKET = re.compile(r"[\[\]]")
_ABOUT_A_TEXT = re.compile(
    r"\b(?:p|pp|page|pages|line|lines|pág|seite|s)\b[.:]?[ \t]*\d|->|=>"
    r"|\b(?:typo|mis-?(?:print|spell)|spel[lt]|punctuat|hyphen|quotation|err(?:or|at)|correct|changed|replaced|printe"
    r"|original|e-?(?:text|book)|italic|foot-?note|illustration|underscore|incons|obvious|retained|preserved|scan|accent"
    r"|fehler|faute|orthogra|corrig|cambi|wijzig|rechtschreib|zeichensetz|schreibweise)",
    re.IGNORECASE,
)
"""What notes on a text speak of."""

_MAX_UNASKED_PARAGRAPHS = 2
_MIN_SHARE_OF_NOTES = 1 / 3
_PART_OF_BOOK = re.compile(
    r"\n[ \t]*\n[ \t*_=]*+(?P<heading>(?:chapter|chapitre|kapitel|cap[ií]tulo|capitolo|hoofdstuk|act|scene|canto"
    r"|appendi(?:x|ces)|index|foot-?notes|end-?notes|notes|glossary|bibliography|epilogue|advertisements?|anhang|register|fußnoten|anmerkungen"
    r"|notas|table des matières)\b[ \t]*[\dIVXLC]*[.:]?[ \t*_=]*)(?=\n[ \t]*\n)",
    re.IGNORECASE,
)
PARAGRAPH = re.compile(r"\s*?(?P<text>\S[^\n]*(?:\n[ \t]*\S[^\n]*)*)")


def without_title_at_end(body: str) -> str:
    """Drop the archive's own line, and appeals, where they are the last paragraphs."""
    for _ in range(_MAX_END_PARAGRAPHS):
        body = body.rstrip()
        words = body[body.rfind("\n\n") + 1 :] if "\n\n" in body else ""
        if (
            not words
            or len(words) > MAX_CREDIT_CHARS
            or not any(sign.match(words) for sign in (ARCHIVE_TITLE_LINE, _APPEAL, _END_OF_TEXT))
        ):
            break
        body = body[: len(body) - len(words)]
    return body


def without_leading_credits(body: str) -> str:
    """Drop credit lines and transcriber's notes that stand before the book's first own paragraph, or behind its pictures."""
    position = place = 0
    kept: list[str] = []
    pictures: list[str] = []
    for _ in range(_MAX_CREDIT_PARAGRAPHS):
        paragraph = PARAGRAPH.match(body, place)
        if paragraph is None:
            break
        if _PICTURE.fullmatch(paragraph["text"]):
            pictures.append(paragraph["text"])
            place = paragraph.end()
            continue
        end = _end_of_front_matter(body, paragraph)
        if end is None:
            break
        kept, pictures = kept + pictures, []
        position = place = end
    rest = body[position:]
    return "\n\n".join([*kept, rest.lstrip("\n")]) if position else body


def _end_of_front_matter(body: str, paragraph: re.Match[str]) -> int | None:
    words = paragraph["text"]
    if _SEPARATOR.fullmatch(words):
        return _end_behind_separator(body, paragraph.end())
    if _NOTE.match(words.lstrip("+-=|* \t\n")):
        return _end_of_note(body, paragraph)
    if len(words) <= MAX_CREDIT_CHARS and any(
        (
            _CREDIT.match(words),
            _CREDIT_WORDS.search(words),
            _APPEAL.match(words),
            ARCHIVE_TITLE_LINE.match(words),
        )
    ):
        return paragraph.end()
    return None


def _end_behind_separator(body: str, position: int) -> int | None:
    """A line of asterisks goes only together with a credit or note that follows it."""
    following = PARAGRAPH.match(body, position)
    if following is None or _SEPARATOR.fullmatch(following["text"]):
        return None
    return _end_of_front_matter(body, following)


def _end_of_note(body: str, paragraph: re.Match[str]) -> int:
    """A note in brackets goes up to the closing bracket; a title of its own takes what follows along."""
    words = paragraph["text"]
    if words.lstrip().startswith("[") and "]" not in words:
        closing = body.find("]", paragraph.end(), paragraph.end() + 5_000)
        return paragraph.end() if closing < 0 else closing + 1
    end = paragraph.end()
    if _NOTE.sub("", words.lstrip("+-=|* \t\n"), count=1).strip(" \t\n:.*+-=_~|]") != "":
        return end
    for count in range(_MAX_CREDIT_PARAGRAPHS):
        following = PARAGRAPH.match(body, end)
        if following is None or len(following["text"]) > MAX_CREDIT_CHARS:
            break
        indented = body[following.start("text") - 1] in " \t"
        if count and not indented:
            break
        end = following.end()
        if not indented:
            break
    return end


def without_trailing_notes(body: str) -> str:
    """Drop the transcriber's notes that stand behind the book, up to their end or a part of the book behind them."""
    text = body.rstrip()
    searched = min(_MAX_NOTES_CHARS, max(len(text) // 10, _MIN_SEARCHED_CHARS))
    tail = max(0, len(text) - searched)
    for note in _NOTE_LINE.finditer(text, tail):
        if not _begins_paragraph(text, note.start()):
            continue
        end = _end_of_trailing_note(text, note)
        rest = text[end:].lstrip("\n")
        if _SEPARATOR.fullmatch(rest) is None and "[" in note[0]:
            continue  # about one place of the book
        kept = text[: _end_before_separators(text, note.start())]
        return kept if _SEPARATOR.fullmatch(rest) else f"{kept}\n\n\n{rest}"
    return text


def _end_of_trailing_note(text: str, note: re.Match[str]) -> int:
    """Behind the bracket that closes a note; of one without brackets where the next part of the book begins."""
    bracket = note[0].find("[")
    if bracket >= 0:
        depth = 0
        for found in _BRACKET.finditer(text, note.start() + bracket):
            depth += 1 if found[0] == "[" else -1
            if depth == 0:
                return found.end()
    part = _PART_OF_BOOK.search(text, note.end())
    end = len(text) if part is None else part.start("heading")
    paragraphs = [found["text"] for found in PARAGRAPH.finditer(text, note.start(), end)]
    about = sum(_ABOUT_A_TEXT.search(words) is not None for words in paragraphs)
    if len(paragraphs) <= _MAX_UNASKED_PARAGRAPHS or about >= len(paragraphs) * _MIN_SHARE_OF_NOTES:
        return end
    paragraph = PARAGRAPH.match(text, note.start())
    return end if paragraph is None else _end_of_note(text, paragraph)


def _end_before_separators(text: str, start: int) -> int:
    """Where the text ends that stands before `start`, without lines of asterisks or dashes."""
    end = len(text[:start].rstrip())
    while (line_start := text.rfind("\n", 0, end) + 1) and _SEPARATOR.fullmatch(text, line_start, end):
        end = line_start
        while end and text[end - 1].isspace():
            end -= 1
    return end


def _begins_paragraph(text: str, line_start: int) -> bool:
    before = text.rfind("\n", 0, max(0, line_start - 1)) + 1
    return _SEPARATOR.fullmatch(text[before : max(0, line_start - 1)].strip(" |")) is not None
