"""Codes of units as templates of measures take them in, units as readers see them out."""

from __future__ import annotations

import re

_MICRO = re.compile(r"u(?:m|g|s|L|l|W|V|A|F|Pa)")

RANGE_WORDS = {
    ",": ", ",
    ", and": ", and ",
    ", or": ", or ",
    "to": " to ",
    "to(-)": " to ",
    "to about": " to about ",
    "and": " and ",
    "and(-)": " and ",
    "or": " or ",
    "by": " by ",
    "x": " × ",
    "xx": " × ",
    "*": "×",
    "-": "–",
    "+": " + ",
    "+/-": " ± ",
    "plusminus": " ± ",
    "до": " до ",
    "bis": " bis ",
    "a": " a ",
    "à": " à ",
    "do": " do ",
    "til": " til ",
    "till": " till ",
    "tot": " tot ",
    "y": " y ",
    "e": " e ",
    "et": " et ",
    "и": " и ",
    "і": " і ",
}
"""Words between two amounts of `{{convert}}`."""

SAME_RANGES = {"&": "and", "–": "-", "×": "x", "±": "+/-", "to-": "to(-)", "by(x)": "by"}
"""Other ways to write these words."""

SMALLER_UNITS = {
    "mi": frozenset(["ch", "chain", "ft", "furlong", "yd"]),
    "ch": frozenset(["ft", "yd"]),
    "chain": frozenset(["ft", "yd"]),
    "yd": frozenset(["ft"]),
    "ft": frozenset(["in"]),
    "foot": frozenset(["in"]),
    "st": frozenset(["lb"]),
    "lb": frozenset(["oz"]),
    "acre": frozenset(["rood", "sqperch"]),
    "rood": frozenset(["sqperch"]),
}
"""Units that a measure such as 5 ft 8 in has behind the first."""

MULTIPLES = {"e3": "thousand", "e6": "million", "e9": "billion", "e12": "trillion"}
"""What stands before a unit's code for a multiple of it, and its word."""

UNITS = {
    "km2": "km²",
    "m2": "m²",
    "cm2": "cm²",
    "mm2": "mm²",
    "km3": "km³",
    "m3": "m³",
    "cm3": "cm³",
    "m3/s": "m³/s",
    "/km2": "/km²",
    "pd/km2": "/km²",
    "pd/sqmi": "/sq mi",
    "sqkm": "km²",
    "sqm": "m²",
    "sqmi": "sq mi",
    "sqft": "sq ft",
    "sqyd": "sq yd",
    "sqin": "sq in",
    "cuin": "cu in",
    "cuft": "cu ft",
    "cuyd": "cu yd",
    "cumi": "cu mi",
    "cuft/s": "cu ft/s",
    "kph": "km/h",
    "km/h": "km/h",
    "c": "°C",
    "f": "°F",
    "k": "K",
    "c-change": "°C",
    "f-change": "°F",
    "nmi": "nmi",
    "ftin": "ft",
    "usgal": "US gal",
    "impgal": "imp gal",
    "usflbbl": "bbl",
    "lbf.ft": "lb⋅ft",
    "ftlb": "ft⋅lb",
    "ftlbf": "ft⋅lbf",
    "inlb": "in⋅lb",
    "inlbf": "in⋅lbf",
    "hph": "hp⋅h",
    "n.m": "N⋅m",
    "w.h": "W⋅h",
    "kW.h": "kW⋅h",
    "MW.h": "MW⋅h",
    "GW.h": "GW⋅h",
    "TW.h": "TW⋅h",
    "kt(TNT)": "kt",
    "Mt(TNT)": "Mt",
    "ktonTNT": "kt",
    "MtonTNT": "Mt",
    "deg": "°",
    "t": "t",
    "T": "T",
    "shtn": "sh tn",
    "smi": "mi",
    "royal cubit": "cu",
    "solar radius": "R☉",
    "solar mass": "M☉",
    "PD/acre": "/acre",
    "PD/ha": "/ha",
    "LT": "long tons",
    "ST": "short tons",
    "lt": "LT",
    "in2": "in²",
    "in3": "in³",
    "/sqmi": "/sq mi",
    "/sqkm": "/km²",
    "pd/sqkm": "/km²",
    "lbft": "lb⋅ft",
    "acre ft": "acre⋅ft",
    "Nm": "N⋅m",
    "oilbbl": "bbl",
    "usoz": "US fl oz",
    "impoz": "imp fl oz",
    "uspt": "US pt",
    "imppt": "imp pt",
    "usqt": "US qt",
    "usbsh": "US bsh",
    "mpgus": "mpg‑US",
    "mpgimp": "mpg‑imp",
    "sqnmi": "sq nmi",
}
"""Codes of units that readers see otherwise; in lower case where no other code differs by its capitals alone."""

UNIT_WORDS = {
    "acre": "acres",
    "hectare": "hectares",
    "mile": "miles",
    "foot": "feet",
    "inch": "inches",
    "yard": "yards",
}
UNIT_WORDS |= {
    "pound": "pounds",
    "ounce": "ounces",
    "gallon": "gallons",
    "barrel": "barrels",
    "kilometre": "kilometres",
}
UNIT_WORDS |= {
    "metre": "metres",
    "meter": "meters",
    "kilometer": "kilometers",
    "tonne": "tonnes",
    "ton": "tons",
}
UNIT_WORDS |= {
    "league": "leagues",
    "furlong": "furlongs",
    "fathom": "fathoms",
    "ly": "light-years",
    "stone": "stone",
}
"""Units that are words, and their plurals."""


def unit_symbol(code: str) -> str | None:
    """The symbol of a unit whose code is none; None for all others."""
    return UNITS.get(code) or UNITS.get(code.lower())


def unit_text(code: str, amount: str, is_multiple: bool) -> str:
    """A unit as readers see it, in the plural where it is a word and the amount is not one."""
    word = UNIT_WORDS.get(code)
    if word is not None:
        return code if amount == "1" and not is_multiple and code != "ly" else word
    if code in ("K", "F", "C") and not amount:
        return code
    known = unit_symbol(code)
    if known is None and "/" in code:
        return "/".join(unit_text(part, "2", False) if part else "" for part in code.split("/"))
    if known is None and _MICRO.fullmatch(code):
        return "μ" + code[1:]
    return code if known is None else known
