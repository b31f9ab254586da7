"""Secrets in a text: masked in whatever notation they stand there, and nothing else is."""

from __future__ import annotations

import base64
import html
import json
import time
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bigpanda_provider.bigpanda.masking import masked

SECRET = "Wohl#gehütet \\'\"<7>/a+b&c%41\U0001f600"
BEFORE, AFTER = "postgres|u|", "|h|x"
"""Texts that no notation changes, and of which no secret here has a character."""

Notation = Callable[[str], str]

WHOLE: dict[str, Notation] = {
    "as it is": str,
    "other case": str.swapcase,
    "a URL's component": lambda text: quote(text, safe=""),
    "a URL's path": quote,
    "a URL's path, lower case": lambda text: quote(text).replace("%C3%BC", "%c3%bc"),
    "a URL's query": quote_plus,
    "JSON": lambda text: json.dumps(text)[1:-1],
    "JSON with raw characters": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "JSON in JSON": lambda text: json.dumps(json.dumps(text))[3:-3],
    "JSON in a URL": lambda text: quote(json.dumps(text)[1:-1]),
    "Python": lambda text: repr(text)[1:-1],
    "Python's ASCII": lambda text: ascii(text)[1:-1],
    "Python's bytes": lambda text: repr(text.encode())[2:-1],
    "HTML": html.escape,
    "HTML without quotes": lambda text: html.escape(text, quote=False),
    "JSON in HTML": lambda text: html.escape(json.dumps(text)[1:-1]),
    "a URL in HTML": lambda text: html.escape(quote_plus(text)),
    "a URL in a URL": lambda text: quote(quote(text)),
    "hex": lambda text: text.encode().hex(),
    "hex, upper case": lambda text: text.encode().hex().upper(),
    "Base64": lambda text: base64.b64encode(text.encode()).decode().rstrip("="),
}

CHARACTER: list[Notation] = [
    str,
    str.upper,
    str.lower,
    lambda c: quote(c, safe="", errors="replace"),
    lambda c: quote(c, safe="/", errors="replace").lower(),
    lambda c: "".join(f"%{byte:02x}" for byte in c.encode()),
    lambda c: "+" if c == " " else c,
    lambda c: json.dumps(c)[1:-1],
    lambda c: json.dumps(c, ensure_ascii=False)[1:-1],
    lambda c: f"\\u{ord(c):04X}" if ord(c) < 0x10000 else f"\\U{ord(c):08x}",
    html.escape,
    lambda c: f"&#{ord(c)};",
    lambda c: f"&#x{ord(c):X};",
]
"""Notations of single characters: what one program escapes, another leaves as it is."""


def _is_common(text: str) -> bool:
    """Whether it is a number or a boolean, which are masked only as they are, where they stand alone."""
    if text.strip().lower() in ("true", "false"):
        return True
    try:
        float(text)
    except ValueError:
        return False
    return True


SECRETS = st.text(st.characters(codec="utf-8", exclude_characters="|*"), min_size=4, max_size=20).filter(
    lambda text: len(text.strip()) >= 4 and len(text.replace("\\", "").strip()) >= 4 and not _is_common(text)
)


@pytest.mark.parametrize("notation", WHOLE)
def test_a_secret_is_masked_in_every_notation(notation: str) -> None:
    """It is masked whole, and what stands around it stays."""
    assert masked(BEFORE + WHOLE[notation](SECRET) + AFTER, [SECRET]) == f"{BEFORE}***{AFTER}"


@given(
    st.lists(st.tuples(st.sampled_from(SECRET), st.sampled_from(CHARACTER)), min_size=4).filter(
        lambda pairs: len("".join(c for c, _ in pairs).replace("\\", "").strip()) >= 4
    )
)
def test_notations_may_be_mixed(pairs: list[tuple[str, Notation]]) -> None:
    """Each character may be in a notation of its own."""
    secret = "".join(character for character, _ in pairs)
    assume(secret.strip(" \\+") == secret and not _is_common(secret))
    assume(not any(notation(c) == c and c in "%&\\" for c, notation in pairs))  # what begins escapes is escaped itself
    written = "".join(notation(character) for character, notation in pairs)
    assert masked(f"{BEFORE}{written}{AFTER}", [secret]) == f"{BEFORE}***{AFTER}"


@given(SECRETS, st.sampled_from(sorted(WHOLE)), st.text(max_size=20), st.text(max_size=20))
def test_any_secret_in_any_surroundings(secret: str, notation: str, before: str, after: str) -> None:
    """Whatever stands around it, a secret as it is and in a usual notation is masked."""
    written = WHOLE[notation](secret)
    if len(written) >= 4 and notation != "other case":
        assert written not in masked(before + "|" + written + "|" + after, [secret]).replace("*", "")


@given(st.text(), st.lists(st.text(st.characters(exclude_categories=()))))
def test_it_never_fails(text: str, secrets: list[str]) -> None:
    """Any text and any secrets."""
    masked(text, secrets)
    masked(text + "".join(secrets), secrets)


@pytest.mark.parametrize("before", range(4))
def test_base64_of_what_holds_a_secret(before: int) -> None:
    """Wherever it begins in what is encoded, the characters that are of it are masked; so with a URL's alphabet."""
    secret = "h\xfcnter>>2??"
    whole = b"user:pass"[:before] + secret.encode() + b"@host"
    for encoded in (base64.b64encode(whole).decode(), base64.urlsafe_b64encode(whole).decode()):
        shown = masked(f"Basic {encoded}!", [secret])
        assert base64.b64encode(secret.encode()).decode()[4:8] not in shown
        assert len(shown) < len("Basic ***") + len(encoded) - len(secret)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("instance i-a0 has 10 of 1.5", "instance i-a0 has 10 of 1.5"),
        ("retries=1, flag a: web-1 at 10.0.0.1", "retries=***, flag ***: web-1 at 10.0.0.1"),
        ('{"retries": 1, "flag": "a"}', '{"retries": ***, "flag": "***"}'),
        ("a1 1a aa 11 v1.1 b-a a_1", "a1 1a aa 11 v1.1 b-a a_1"),
        ("it is True or true, not trueish", "it is *** or ***, not trueish"),
        ("no 5432 in 15432 or 5432x, but :5432/", "no *** in 15432 or 5432x, but :***/"),
    ],
)
def test_a_short_secret_a_number_and_a_boolean_are_masked_where_they_stand_alone(text: str, shown: str) -> None:
    """Reasons stay readable."""
    assert masked(text, ["1", "a", "true", "5432"]) == shown


def test_every_line_of_a_secret_is_one() -> None:
    """An error may show one line of a certificate; what is short there is no secret of its own."""
    secret = "-----BEGIN KEY-----\n  MIIEvQIBADAN\n}\nab\n"
    assert masked("key MIIEvQIBADAN is bad } ab", [secret]) == "key *** is bad } ab"
    assert masked(secret.strip() + " is bad", [secret]) == "*** is bad"


def test_what_is_no_secret_stays() -> None:
    """Without secrets, or with blank ones, nothing is masked."""
    assert masked("a %41 \\n &amp; b", ["", " ", "\n"]) == "a %41 \\n &amp; b"


@pytest.mark.parametrize(
    "text",
    [
        "x" * 100_000,
        "\\" * 100_000,
        "%41" * 33_000,
        "%25" * 33_000,
        "%" * 100_000,
        "\\xc3" * 25_000,
        "\\ud83d" * 16_000,
        "&amp;" * 20_000,
        "&" * 100_000,
        "A" * 100_000,
        "+" * 100_000,
    ],
)
def test_long_errors_take_no_time(text: str) -> None:
    """A secret of 4 kB and an error of 100 kB: no text makes it slow."""
    certificate = "\n".join([("MIIEvQIBADAN+/" * 5)[: 64 - n % 3] + chr(65 + n % 26) for n in range(64)])
    began = time.process_time()
    masked(text + certificate + text, [certificate, "\\" * 50 + "x", "A" * 400, "%2525" * 80, "1", "ab"])
    assert time.process_time() - began < 5
