"""Variables in the texts of a release.yaml: what they stand for, and what is wrong with them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bigpanda_provider.release.file.document import Problem
from bigpanda_provider.release.file.variables import Substitution, Variables

ENVIRON = {"N": "7", "EMPTY": "", "BIGPANDA_API_TOKEN": "t0ken", "COPY": "t0ken", "BIGPANDA_APP_KEY": "k3y"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${N}", "7"),
        ("v${N}.${N}-rc", "v7.7-rc"),
        ("$${N}", "${N}"),
        ("$$${N}", "$${N}"),
        ("$N $ 5$ $$", "$N $ 5$ $$"),
        ("${EMPTY}", ""),
        ("${EMPTY:-1.0}", "1.0"),
        ("${GONE:-1.0}", "1.0"),
        ("${GONE:-}", ""),
        ("${N:-1.0}", "7"),
        ("${GONE:-a: b, $5}", "a: b, $5"),
    ],
)
def test_a_text_with_its_variables_replaced(text: str, value: str) -> None:
    """A name in braces alone counts; a default is for what is not set, or empty."""
    made = Substitution.of({"version": text}, Variables({}, ENVIRON))
    assert (made.content, made.problems) == ({"version": value}, [])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("${GONE}", "GONE is not set; set it, or pass --var GONE=..."),
        ("${}", "${ does not begin a variable; write ${NAME}, ${NAME:-default}, or $${ for a literal ${"),
        ("${1}", "${ does not begin a variable; "),
        ("${N", "${ does not begin a variable; "),
        ("${N:?why}", "${ does not begin a variable; "),
        ("${GONE:-${N}}", "${ does not begin a variable; "),
        ("${BIGPANDA_API_TOKEN}", "BIGPANDA_API_TOKEN holds a secret that no release may show (BIGPANDA_API_TOKEN)"),
        ("${BIGPANDA_APP_KEY:-x}", "BIGPANDA_APP_KEY holds a secret that no release may show (BIGPANDA_APP_KEY)"),
        ("${COPY}", "COPY holds a secret that no release may show (BIGPANDA_API_TOKEN)"),
    ],
)
def test_what_is_wrong_is_told_without_a_value(text: str, told: str) -> None:
    """With the place; the text stays as it is."""
    made = Substitution.of({"hosts": ["a", f"{text} ${{N}}"]}, Variables({}, ENVIRON))
    (problem,) = made.problems
    assert problem.path == ("hosts", 1)
    assert problem.sentence.startswith(f": {told}")
    assert made.content == {"hosts": ["a", f"{text} ${{N}}"]}
    assert not {"t0ken", "k3y"} & set(problem.sentence.split())


def test_each_name_is_told_once() -> None:
    """Of one text."""
    made = Substitution.of("${A} ${A} ${B}", Variables())
    sentences = [f": {name} is not set; set it, or pass --var {name}=..." for name in "AB"]
    assert made.problems == [Problem((), sentence) for sentence in sentences]
    assert made.used == {"A", "B"}


@given(st.text(alphabet="${}AB:- \n"))
def test_a_value_is_never_read_again(value: str) -> None:
    """Whatever it holds, it is put in as it is."""
    assert Substitution.of("<${X}>", Variables({"X": value})).content == f"<{value}>"
