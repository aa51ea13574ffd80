"""Values of templates of prices and currencies in, the amount with its sign or its word out.

https://en.wikipedia.org/wiki/Template:Currency/doc, Template:GBP/doc, Template:US$/doc, Template:Format price/doc.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from stages.ingest.wikipedia.template_patterns import LocalForm
from stages.ingest.wikipedia.template_values import Values, local_number

_CURRENCY_SIGNS = {
    "USD": "US$",
    "GBP": "£",
    "EUR": "€",
    "JPY": "¥",
    "INR": "₹",
    "AUD": "A$",
    "CAD": "C$",
    "NZD": "NZ$",
    "KRW": "₩",
    "RUB": "₽",
    "UAH": "₴",
    "ILS": "₪",
    "PHP": "₱",
    "BRL": "R$",
    "CNY": "CN¥",
    "HKD": "HK$",
    "TRY": "₺",
    "NGN": "₦",
}
_OTHER_CODES = {
    "US": "USD",
    "UNITED STATES": "USD",
    "EURO": "EUR",
    "EU": "EUR",
    "POUND": "GBP",
    "STERLING": "GBP",
}
_ENGLISH = (None, "en", "simple")
_THOUSANDS = {
    "en": "thousand|million|billion|trillion|quadrillion|quintillion|sextillion|septillion",
    "sl": "tisoč|milijonov|milijard|bilijonov|bilijard|trilijonov|trilijard|kvadriljonov",
    "sr": "хиљаде|милиона|милијарди|билиона|билијарди|трилиона|трилијарди|квадрилиона",
}
"""What stands behind a price of three digits for each thousand of it; of sr, four of these are on the wiki's page."""

_ONE_MILLION = {"sr": "милион"}


def currency(language: str | None, values: Values) -> str:
    """`{{currency|1000|GBP}}` is £1,000; other wikis write the sign behind the amount."""
    amount = values.get("amount") or values.get("Amount") or values.get("1", "")
    place = "1" if "amount" in values or "Amount" in values else "2"
    code = (
        values.get("code")
        or values.get("type")
        or values.get("Type")
        or values.get(place)
        or values.get("cur")
        or "USD"
    )
    code = _OTHER_CODES.get(code.upper(), code)
    sign = _CURRENCY_SIGNS.get(code.upper())
    if language not in _ENGLISH:
        return f"{amount} {_CURRENCY_SIGNS.get(code.upper(), code)}".strip()
    amount = local_number(amount, "en")
    return f"{sign}{amount}" if sign and amount else f"{amount} {code}".strip()


def pounds(language: str | None, values: Values) -> str:
    """`{{GBP|5|long=yes}}` is GB£5, without `long` £5."""
    return ("GB£" if values.get("long") == "yes" else "£") + values.get("1", "")


def us_dollars(language: str | None, values: Values) -> str:
    """`{{US$|5|long=no}}` is $5, without `long` US$5."""
    return ("$" if values.get("long") == "no" else "US$") + values.get("1", "")


def format_price(language: str | None, values: Values) -> str:
    """`{{Format price|12345}}` is 12.3 thousand: three digits and a word; below a thousand with two decimals."""
    try:
        price = Decimal(values.get("1", ""))
        digits = int(values.get("2") or 2)
    except (InvalidOperation, ValueError):
        return values.get("1", "")
    words = _THOUSANDS.get(language or "en", _THOUSANDS["en"] if language == "simple" else "").split("|")
    if not price.is_finite() or not 0 <= price < Decimal(10) ** (3 * len(words) + 3) or not words[0]:
        return values["1"]
    if price < 1000:
        rounded = price.quantize(Decimal(1).scaleb(-max(min(digits, 9), -3)), ROUND_HALF_UP)
        return local_number(f"{rounded:.2f}" if digits > 0 else f"{rounded:.0f}", language or "en")
    thousands = (price.adjusted()) // 3
    shown = price.scaleb(-3 * thousands)
    shown = shown.quantize(Decimal(1).scaleb(shown.adjusted() - 2), ROUND_HALF_UP)
    text = f"{shown:f}".rstrip("0").rstrip(".") if "." in f"{shown:f}" else f"{shown:f}"
    word = words[thousands - 1]
    if text == "1" and thousands == 2:
        word = _ONE_MILLION.get(language or "", word)
    return f"{local_number(text, language or 'en')} {word}"


PRICES: dict[str, LocalForm] = {
    "currency": currency,
    "pounds": pounds,
    "us_dollars": us_dollars,
    "format_price": format_price,
}
"""What the table of templates names."""
