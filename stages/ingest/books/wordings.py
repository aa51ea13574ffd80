"""What those who make electronic texts write about them, as patterns: credits, titles of notes, appeals."""

from __future__ import annotations

import re

MAX_CREDIT_CHARS = 1_500
_E_TEXT = r"(?:e-?text|e-?book|electronic (?:text|edition|version)|html(?: version)?|file)"
_MADE = (
    r"(?:produced|prepared|transcribed|digiti[sz]ed|scanned|(?:re-?)?proof(?:ed|read|-read)|typed|converted"
    r"|(?:re-?)?formatted|entered|encoded|keyed|key-entered|input|submitted|contributed|provided"
    r"|donated|marked up|ocr[' ]?e?d|spell-?checked|updated)"
)
_EDITED = r"(?:created|compiled|edited|corrected|revised)"
"""Which people did to printed books too: a credit only where the sentence names an electronic text."""

_BEING = r"\s*(?:was |were |has been )?(?:originally |first )?"
_TO_WHOM = r"(?:,? (?:and|&) \w+)?\s+(?:by|from|for|using|in|to|with|on)\b"
_BY_WHOM = r"(?:,? (?:and|&) \w+)?\s+(?:(?:by|from|using)\b|(?:for|in|to|with|on)\b[^.]{0,100}?\bby\b)"
"""What is said without a noun: "Converted to Islam" is a book's own line, "Converted to a page by J. Doe" is not."""


BOOK_CREDIT = re.compile(
    r"[\s*\[(_]*(?:"
    r"(?:this )?(?:updated |original |additional )?(?:project gutenberg )?"
    rf"(?:(?:(?:{_E_TEXT}|text|edition|book)s?{_BEING}{_MADE}|{_E_TEXT}s?{_BEING}{_EDITED}){_TO_WHOM}"
    rf"|{_BEING}{_MADE}{_BY_WHOM})"
    r"|(?:e-?texts?|e-?book|electronic (?:text|edition|version)|transcription|ocr|scan(?:s|ning)?|mark-?up|digiti[sz]ation"
    r"|proof(?:ing|-?reading)|updates?)(?:,? (?:and|&) [\w-]+)? by\b"
    r"|(?:transcribers?|proof-?readers?|(?:page |book )?(?:scans?|images?) sources?|image sources?(?:\(s\))?)\s*:"
    r"|produced at\b"
    r"|(?:(?:ce|cet|le|texte|livre|ouvrage|fichier|dit|boek|livro|libro|este|texto|e-?text[oe]?|edizione|elettronica|dieser|dieses"
    r"|text|buch|e-?kirja|a été|foi|fue|ha sido|è stat[oa]|is|wurde|électronique)\s+){0,5}"
    r"(?:produit|préparé|numérisé|saisi|produzido|producido|preparado|digitali[sz]ado|produziert|erstellt|hergestellt"
    r"|gescannt|digitalisiert|geproduceerd|gescand|prodott[oa]|digitalizzat[oa])\s+(?:par|por|von|durch|door|da|dal)\b"
    r"|diese[rs] (?:text|buch|e-?\w+) wurde (?:von|durch)\b"
    r"|(?:toimittanut ja |e-?kirjan |tekstin )?(?:tuottanut|tuottaneet)\b|e-?kirja tuotettu\b"
    r"|an? anonymous (?:project gutenberg )?volunteer"
    r"|(?:special|many|our|with) thanks (?:are )?(?:also )?(?:to|go|due|for)\b|thanks (?:are )?(?:also )?(?:to|go|due)\b"
    r"|(?:credits?|produced|updated|last updated|most recently updated|revised|posting date|release date)\s*:"
    r"|note: (?:project gutenberg|images of|this file|see also|file)"
    r"|(?:the )?(?:original )?html (?:file|version)"
    r"|(?:html|text) file produced"
    r")",
    re.IGNORECASE,
)
_ADDRESS = r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,64}\.[a-z]|\bhttps?://|\bwww\.[a-z]"
CREDIT_WORDS = re.compile(
    r"project\s+gutenberg|gutenberg\.(?:org|net)|gutenberg-tm|pgdp\.net|distributed\s+proofread|pglaf\.org|gallica\.bnf\.fr"
    r"|archive\.org/(?:details|stream)|widger@|\[e-?(?:book|text) #|\binternet archive\b|\bgoogle books\b|hathitrust"
    rf"|caere corporation|\be-?texts?\b|{_ADDRESS}",
    re.IGNORECASE,
)
"""Of paragraphs before a book's first own one."""

E_TEXT_NAMED = re.compile(
    r"\be-?(?:text|book)s?\b|project\s+gutenberg|\belectronic (?:text|edition|version)|distributed\s+proofread"
    rf"|{_ADDRESS}",
    re.IGNORECASE,
)
MAKERS_WORDS = re.compile(rf"{E_TEXT_NAMED.pattern}|\b(?:scanned|digiti[sz]ed|ocr)\b", re.IGNORECASE)
"""What a credit says that stands among a book's own lines; "Produced by" alone may speak of a play."""

NOTE_TITLE = (
    r"(?:(?:(?:original|additional)\s+)?transcri(?:ber|ption)(?:['’]s|s['’]|s)?\s+"
    r"(?:(?:(?:end|foot)\s?)?notes?|amendments?|corrections?|errata|changes|comments?|remarks?)"
    r"|(?:proof-?reader|redactor|digiti[sz]er|scanner|typist|(?:e-?text )?preparer)(?:['’]s|s['’])\s+(?:notes?|comments?)"
    r"|notes?\s+(?:by|of|from)\s+(?:the\s+)?(?:transcriber|redactor|digiti[sz]er|e-?text)"
    r"|(?:errata|errors(?:\s+and\s+inconsistencies)?|corrections|changes|inconsistencies)\s+\(?"
    r"(?:noted|made|listed|corrected|supplied)\s+by\s+(?:the\s+)?(?:e-?text\s+)?transcriber"
    r"|(?:anmerkung|hinweis|bemerkung)(?:en?)?\s+(?:zur|der|des)\s+(?:transkri|bearbeit)"
    r"|notes? d(?:u|e la)\s+transcri|notes? (?:sur la|de) transcri|notes? (?:au|aux) lecteur"
    r"|(?:au lecteur\W{1,4})?(?:cette version|ce (?:livre|texte|document|fichier)) (?:électronique|numérique)"
    r"|notas? d(?:el?|o|a)\s+transcri|not[ae] d(?:i|el(?:la)?)\s+trascri|lista de erros corrigidos"
    r"|(?:opmerking(?:en)?|aantekening(?:en)?|noot|noten) van de (?:bewerker|transcri)|transcriptie-?opmerking"
    r"|(?:avskrivarens|transkriberarens|utskrivarens)\s+(?:an|not)|(?:transkriptørens|afskriverens)\s+(?:an|be|not)"
    r")\w*"
)
"""What notes of those who made the text begin with, in the languages that the archive has most books in."""

MAKERS_NOTE = re.compile(
    rf"[ \t*+|\-=_~\[({{/#:.]*(?:{NOTE_TITLE}"
    r"|(?<=\[)\s*(?:tn|tr\. note|trans\. note|transcriber)\s*:"
    r"|typographical errors corrected in|(?:corrections|changes) made (?:to|in) (?:the|this) (?:e-?text|text|book)\b"
    r"|(?:e-?text |electronic )?(?:editor['’]?s |producer['’]?s )?(?:a )?(?:production |publisher['’]s )?notes? "
    r"(?:on|about|to|for|regarding|concerning|in) (?:the|this) "
    r"(?:e-?text|e-?book|electronic (?:text|edition|version)|digital (?:text|edition))"
    r"|e-?text (?:editor|producer|transcriber|preparer)['’]?s['’]? notes?)",
    re.IGNORECASE,
)
READERS_TITLE = re.compile(
    r"\W*(?:notes? aux? lecteur(?! d[eu](?: \w+){1,2} (?:digital|électronique|numérique))"
    r"|anmerkung\w* (?:zur|der|des) bearbeit|transcription notes)",
    re.IGNORECASE,
)
"""Titles that authors and editors of printed books gave too."""

LETTER_TITLE = re.compile(r"\W*(?:executive director|scanner)['’]s notes?\b", re.IGNORECASE)
LETTER_END = re.compile(
    r"project gutenberg\s+executive director\W*$|\bemail\b.{0,80}@", re.IGNORECASE | re.DOTALL
)
"""What the letters end with that the archive put before the plays of Shakespeare's first folio."""

ENCODING_NOTE = re.compile(
    r"[\s*\[(_]*this (?:(?:e-?text|e-?book"
    r"|(?:electronic|digital|ascii|plain[- ]text|utf-?8|html) (?:text|edition|version|book))\b"
    r"|(?:text|file|book|version)\b(?=.{0,600}?\b(?:utf-?8|unicode|latin-?1|ascii|iso-?8859|text readers?|your browser)\b))",
    re.IGNORECASE | re.DOTALL,
)
"""What a file says of itself, its letters and those who read it."""

NOTE_REFERENCE = re.compile(
    r"[\s*\[(_]*(?:(?:please|for|also)\s+)?(?:see|refer|a (?:(?:detailed|full|complete|more)\s+)?(?:list|transcriber)"
    r"|(?:more|further)?\s?details?"
    r"|additional|further)\b(?=.{0,200}?\btranscriber['’]?s?['’]? (?:end)?notes?\b)",
    re.IGNORECASE | re.DOTALL,
)
COVER_NOTE = re.compile(
    r"[\s*\[(_]*(?:(?:the|this|a|new|original|book)\s+){0,3}(?:front\s+)?cover(?:\s+(?:image|art|page|design|illustration))?\b"
    r"(?=.{0,200}?\b(?:transcriber|public\s+domain|e-?(?:book|text))\b)",
    re.IGNORECASE | re.DOTALL,
)
EDITION_LINE = re.compile(
    r"\s*Edition \d{1,2},? \([A-Z][a-z]{2,8} \d{1,2}, (?:199|20\d)\d\)\s*|\s*Edition \d{1,2}, \((?:199|20\d)\d-\d\d-\d\d\)\s*"
)
"""What the archive's TEI masters put under the title."""

ARCHIVE_TITLE_LINE = re.compile(
    r"[\s*_=\[(]*(?:this (?:is|was) )?(?:the )?project gutenberg(?:['’]s)?[\s,]+e-?(?:text|book)\b",
    re.IGNORECASE,
)
"""The line that a Gutenberg file without marks begins with, and at times ends with."""
APPEAL = re.compile(
    r"[\s*\[(_]*(?:we need your (?:donations|help)|please (?:consider (?:a |making a )?donat|help (?:us|support)|donate)"
    r"|to hear about our"
    r"|(?=.{0,400}?(?:e-?text|e-?book|gutenberg|\be-?mail|@|\btypos?\b))"
    r"(?:please report (?:any )?(?:errors|mistakes|typos)"
    r"|if you (?:find|notice|spot|see) (?:any )?(?:errors?|mistakes?|typos?)"
    r"|corrections? (?:may|can|should) be sent|(?:comments|corrections|errors) (?:are )?welcome)\b)",
    re.IGNORECASE | re.DOTALL,
)
"""Of those who hear of errors, those of an electronic text."""

END_OF_E_TEXT = re.compile(
    r"\W*(?:this is )?(?:the )?end of (?:the |this )?(?:e-?text|electronic text)\b", re.IGNORECASE
)
PICTURE = re.compile(r"\s*\[(?:illustration|frontispiece|cover|image)\b[^\[\]]{0,500}\]\s*", re.IGNORECASE)
SEPARATOR = re.compile(r"[\s*\-=_~+.#·•]*")
ABOUT_A_TEXT = re.compile(
    r"\b(?:p|pp|page|pages|line|lines|pág|seite|s)\b[.:]?[ \t]*\d|->|=>"
    r"|\b(?:typo|mis-?(?:print|spell)|spel[lt]|punctuat|hyphen|quotation|err(?:or|at)|correct|changed|replaced|printe"
    r"|original|e-?(?:text|book)|italic|foot-?note|illustration|underscore|incons|obvious|retained|preserved|scan|accent"
    r"|fehler|faute|orthogra|corrig|cambi|wijzig|rechtschreib|zeichensetz|schreibweise|remplac)",
    re.IGNORECASE,
)
"""What notes on a text speak of."""

OF_CHANGES = re.compile(
    r"\b(?:hyphenat|typograph|mis-?(?:print|spel)|punctuat|italic|underscore|macron|ligature|diacritic|small[- ]cap|e-?text"
    r"|html|unicode|utf-?8|transcri|proofread|scann|ascii|orthogra|rechtschreib|zeichensetz)"
    r"|\b(?:has|have|had|was|were|been|is|are)\b[^.]{0,60}\b(?:retained|preserved|corrected|changed|moved|moderni[sz]ed"
    r"|standardi[sz]ed|normali[sz]ed|replaced|regulari[sz]ed|omitted|removed|repaired|amended|left (?:as|un))"
    r"|\b(?:we|I)(?: have)? (?:substituted|changed|corrected|omitted|added|replaced|retained|left)\b"
    r"|\b(?:ont été|wurden?|sono stat[ie]|han sido|foram)\b[^.]{0,60}"
    r"\b(?:corrig|conserv|korrigier|beibehalten|correg|modifi)",
    re.IGNORECASE,
)
"""What only the one who made the text says of it: that a note goes on."""

LIST_OF_ERRATA = re.compile(
    r"^[ \t_*]*+(?:errata|errors|(?:typographical|spelling) errors|inconsistencies|errors and inconsistencies|corrections)"
    r"[ \t_*:.]*+$",
    re.IGNORECASE | re.MULTILINE,
)
NOT_PRINTED = re.compile(
    r"(?<![a-z])(?:unchanged(?![a-z])|transcriber|e-?text(?![a-z])|text (?:reads|has)(?![a-z]))",
    re.IGNORECASE,
)
"""What tells such a list from one that a printer made."""

PART_OF_BOOK = re.compile(
    r"\n[ \t]*\n[ \t*_=]*+(?P<heading>(?:chapter|chapitre|kapitel|cap[ií]tulo|capitolo|hoofdstuk|act|scene|canto"
    r"|appendi(?:x|ces)|index|foot-?notes|end-?notes|notes|glossary|bibliography|epilogue|advertisements?|anhang|register|fußnoten|anmerkungen"
    r"|notas|table des matières)\b[ \t]*[\dIVXLC]*[.:]?[ \t*_=]*)(?=\n[ \t]*\n)",
    re.IGNORECASE,
)
PARAGRAPH = re.compile(r"\s*?(?P<text>\S[^\n]*(?:\n[ \t]*\S[^\n]*)*)")


def is_makers_credit(words: str) -> bool:
    """A credit that says itself that it speaks of an electronic text: no producer's of a play."""
    return BOOK_CREDIT.match(words) is not None and MAKERS_WORDS.search(words) is not None
