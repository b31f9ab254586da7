"""Text from outside: what of it may be sent and shown."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bigpanda_provider.bigpanda.text import clean, name, one_line, sendable

ANY = st.text(st.characters(exclude_categories=()), max_size=50)
TERMINAL = st.lists(
    st.sampled_from(
        ["\x1b", "\x1b[", "\x1b]", "\x9b", "\x9d", "\x9c", "\x07", "\\", "0;1", "m", "K", "(B", "a", "\n", "\r"]
    )
).map("".join)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31;1mred\x1b[0m and \x1b[2K\x1b[1Agone", "red and gone"),
        ("\x9b31mred\x9b0m", "red"),
        ("a \x1b]8;;https://evil.example\x07link\x1b]8;;\x1b\\ b", "a link b"),
        ("\x1b]0;title\x07\x1bP1$q\x1b\\\x1b(B\x1bcdone", "done"),
        ("\x1b]an end that never comes", "an end that never comes"),
        ("bell\x07 null\x00 back\x08 delete\x7f next\x84", "bell null back delete next"),
        ("user\u202eexe.txt\u2066\u2069", "userexe.txt"),
        ("one\r\ntwo\rthree\x85four\u2028five\tsix\n", "one\ntwo\nthree\nfour\nfive\tsix\n"),
        ("lone \ud83d, pair \ud83d\ude00", "lone \N{REPLACEMENT CHARACTER}, pair \U0001f600"),
        (
            "Grüße, \u05e9\u05dc\u05d5\u05dd, \U0001f600, a\u200db",
            "Grüße, \u05e9\u05dc\u05d5\u05dd, \U0001f600, a\u200db",
        ),
    ],
)
def test_escape_sequences_and_control_characters_are_removed(text: str, shown: str) -> None:
    """Text stays, also that of other scripts; what a terminal would obey does not."""
    assert clean(text) == shown


@given(ANY | TERMINAL)
def test_no_text_is_dangerous(text: str) -> None:
    """Whatever comes in, what is shown is UTF-8 without control characters; cleaned again it is the same."""
    for cleaned in (clean(text), one_line(text), name(text)):
        cleaned.encode("utf-8")
        assert {character for character in cleaned if unicodedata.category(character) == "Cc"} <= {"\n", "\t"}
        assert not set(cleaned) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
        assert clean(cleaned) == cleaned
    assert one_line(one_line(text)) == one_line(text)
    assert name(name(text)) == name(text)
    assert not set(name(text) + one_line(text)) & {"\n", "\t"}


@given(st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Zl", "Zp")), max_size=50))
def test_other_text_stays_as_it_is(text: str) -> None:
    """Nothing is taken from a text without control characters."""
    assert clean(text) == name(text) == sendable(text) == text or set(text) & set(map(chr, range(0x202A, 0x206A)))


@given(ANY, st.integers(1, 40))
def test_what_is_too_long_is_cut_and_marked(text: str, limit: int) -> None:
    """A text within its limit stays as it is; a longer one is cut and says so."""
    for function in (clean, one_line, name):
        cut = function(text, limit)
        assert len(cut) <= limit
        assert cut == function(text) or cut.endswith("…")
        assert function(cut, limit) == cut


@pytest.mark.parametrize(
    ("text", "shown"),
    [("1.2.3\n", "1.2.3"), ("\tweb 1\r\n", "web 1"), ("a\nb", "a b"), (" a ", " a "), ("a\x1b[m", "a")],
)
def test_a_name_is_one_line(text: str, shown: str) -> None:
    """The last newline of a file is no part of a version."""
    assert name(text) == shown


@pytest.mark.parametrize("part", ["\x1b]", "\x1b[", "\x9d", "\x9b", "\x1b[0", "\x1b ", "\x1b]\\", "\r", "\ud83d"])
def test_long_text_takes_no_time(part: str) -> None:
    """No text makes it slow."""
    began = time.process_time()
    clean(part * 100_000)
    assert time.process_time() - began < 2
