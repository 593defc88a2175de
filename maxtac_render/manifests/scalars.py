"""What a YAML scalar means to Kubernetes, whose decoder turns YAML 1.1 with its own rules into JSON.

The rules are those of sigs.k8s.io/yaml and of the JSON decoder behind it: numbers are Go's, not YAML's, whole floats
become integers, integers beyond 64 bits become floats, and dates and base-60 numbers stay text.
"""

from __future__ import annotations

import binascii
import math
import re
import struct
from datetime import date
from typing import Final

from maxtac_render.manifests.faults import NoJSON

Scalar = str | int | float | bool | None

TAGS = "tag:yaml.org,2002:"
MERGE: Final = "<<"

_TRUE = ("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON")
_FALSE = ("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF")
_NULL = ("", "~", "null", "Null", "NULL")
_NAN = (".nan", ".NaN", ".NAN")
_INFINITY = tuple(sign + word for sign in ("", "+") for word in (".inf", ".Inf", ".INF"))
_MINUS_INFINITY = tuple("-" + word for word in (".inf", ".Inf", ".INF"))
_WORDS: dict[str, bool | float | None] = {
    **dict.fromkeys(_TRUE, True),
    **dict.fromkeys(_FALSE, False),
    **dict.fromkeys(_NULL),
    **dict.fromkeys(_NAN, math.nan),
    **dict.fromkeys(_INFINITY, math.inf),
    **dict.fromkeys(_MINUS_INFINITY, -math.inf),
}
_HINTS = frozenset("0123456789+-.yYnNtTfFoO~")
_DIGITS = {"0x": 16, "0b": 2, "0o": 8}
_INTEGER = re.compile(r"([-+]?)(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO][0-7]+|0[0-7]*|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_BINARY = re.compile(r"(-?)0b([-+]?)([01]+)")
_TIMESTAMP = re.compile(
    r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})"
    r"(?:(?:[Tt]([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})([.,][0-9]+)?(?:Z|[-+][0-9]{2}:[0-9]{2}))"
    r"|(?: +([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})([.,][0-9]+)?))?"
)
_LONGEST_INTEGER = 70  # digits of -0b and 64 bits, and room for a leading 0

INT64 = range(-(2**63), 2**63)
UINT64 = range(2**64)


def json_number(number: float) -> int | float:
    """The number that a reader of Go's JSON text for this one sees.

    Raises:
        NoJSON: it is not finite.
    """
    if isinstance(number, int):
        return number if number in INT64 else float(number)
    if not math.isfinite(number):
        raise NoJSON("a number that is not finite")
    if not number.is_integer():
        return number
    from decimal import Decimal  # noqa: PLC0415 - whole floats are rare

    whole = int(Decimal(repr(number)))
    return whole if whole in INT64 else number


def plain(text: str) -> Scalar:
    """The value of a scalar without quotes and tag.

    Raises:
        NoJSON: JSON has no such value.
    """
    return _in_json(resolve(text))


def tagged(tag: str, text: str) -> Scalar:
    """The value of a scalar with a tag, quoted or not.

    Raises:
        NoJSON: the text is no value of that tag, or JSON has no such value.
    """
    return _in_json(resolve_tagged(tag, text))


def _in_json(value: Scalar) -> Scalar:
    if isinstance(value, str):
        return value
    return value if value is None or isinstance(value, bool) else json_number(value)


def resolve(text: str) -> Scalar:
    """The value that the YAML decoder sees, before JSON: whole floats are floats, and all of them may be infinite."""
    if not text:
        return None
    if text[0] not in _HINTS:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if len(text) < 19 and text.isascii() and text.isdecimal() and text[0] != "0":
        return int(text)
    if text[0] == ".":
        return _float(text)
    return _numeric(text.replace("_", ""), text) if text[0] in "0123456789+-" else text


def _float(text: str) -> float | str:
    if not _FLOAT.fullmatch(text):
        return text
    value = float(text)
    return text if math.isinf(value) else value


def _numeric(digits: str, text: str) -> int | float | str:
    integer = _integer(digits)
    if integer is not None:
        return integer
    value = _float(digits)
    if not isinstance(value, str):
        return value
    odd = _BINARY.fullmatch(digits) if len(digits) <= _LONGEST_INTEGER else None
    if odd is None or (odd[1] and odd[2]):
        return text
    number = int(f"{odd[1]}{odd[2]}{odd[3]}", 2)
    return number if number in INT64 else text


def _integer(digits: str) -> int | None:
    """What Go's ParseInt and ParseUint make of it with base 0; None if they refuse it."""
    match = _INTEGER.fullmatch(digits) if len(digits) <= _LONGEST_INTEGER else None
    if not match:
        return None
    sign, number = match.groups()
    octal = 8 if number.startswith("0") else 10
    value = int(number, _DIGITS.get(number[:2].lower(), octal))
    if sign == "-":
        value = -value
    return value if value in INT64 or (not sign and value in UINT64) else None


def key(text: str) -> str:
    """The key that Kubernetes makes of a mapping key without quotes and tag.

    Raises:
        NoJSON: it takes no such key.
    """
    return key_of(resolve(text))


def key_of(value: Scalar) -> str:
    """The key that Kubernetes makes of a resolved scalar.

    Raises:
        NoJSON: it takes no such key.
    """
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() if value in INT64:
            return str(value)
        case float():
            return _short(value)
    raise NoJSON("a key that is null" if value is None else "a key that is a number beyond 64 bits")


def _short(value: float) -> str:
    """A float key in the shortest form that keeps 32 bits, as Go's FormatFloat(v, 'g', -1, 32) writes it."""
    try:
        single = struct.unpack("f", struct.pack("f", value))[0]
    except OverflowError:
        single = math.copysign(math.inf, value)
    if not math.isfinite(single):
        return ".nan" if math.isnan(single) else ".inf" if single > 0 else "-.inf"
    digits = next(text for length in range(9) if _single(text := f"{single:.{length}e}") == single)
    mantissa, exponent = digits.split("e")
    if -4 <= int(exponent) < 6:
        from decimal import Decimal  # noqa: PLC0415 - and float keys are rarer

        return f"{Decimal(digits):f}"
    return f"{mantissa}e{exponent[0]}{int(exponent[1:]):02}"


def _single(text: str) -> float:
    value: float = struct.unpack("f", struct.pack("f", float(text)))[0]
    return value


def resolve_tagged(tag: str, text: str) -> Scalar:
    """The value that the YAML decoder sees in a scalar with a tag, before JSON.

    Raises:
        NoJSON: the text is no value of that tag.
    """
    name = tag.removeprefix(TAGS)
    if name == tag:
        return text
    if name == "binary":
        return _decoded(text)
    if name not in ("bool", "int", "float", "null", "timestamp"):
        return text
    if name == "timestamp" and _is_timestamp(text):
        return text
    return _as(name, resolve(text))


def _as(name: str, value: Scalar) -> Scalar:
    fits = {
        "bool": isinstance(value, bool),
        "int": isinstance(value, int) and not isinstance(value, bool),
        "float": isinstance(value, float),
        "null": value is None,
    }
    if fits.get(name):
        return value
    if name == "float" and isinstance(value, int) and not isinstance(value, bool) and value in INT64:
        return float(value)
    raise NoJSON(f"a scalar that is not of its type !!{name}")


def _decoded(text: str) -> str:
    """Base64 as Go reads it; bytes that are no UTF-8 become replacement characters, one for each."""
    text = text.replace("\n", "").replace("\r", "")
    try:
        data = binascii.a2b_base64(text.encode(), strict_mode=True)
    except (binascii.Error, ValueError) as error:
        raise NoJSON("!!binary that is no base64") from error
    if len(text) % 4:
        raise NoJSON("!!binary that is no base64")
    return replace_surrogates(data.decode("utf-8", "surrogateescape"))


def replace_surrogates(text: str) -> str:
    """The text with every lone surrogate replaced, as Go's JSON does."""
    return re.sub("[\ud800-\udfff]", "\ufffd", text)


def _is_timestamp(text: str) -> bool:
    match = _TIMESTAMP.fullmatch(text)
    if not match:
        return False
    year, month, day, *clock = (int(part) for part in match.groups("0") if part.isdigit())
    try:
        date(year or 2000, month, day)
    except ValueError:
        return False
    return all(part < limit for part, limit in zip(clock[:3], (24, 60, 60), strict=False))
