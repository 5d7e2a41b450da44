"""XSD patterns as Python ones, judged by libxml2's own."""

from __future__ import annotations

import re

import pytest
from lxml import etree

from adapter.contract.wsdl_pattern import UnknownPattern, to_python

XSD = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:element name="v"><xs:simpleType><xs:restriction base="xs:string">
<xs:pattern value="{}"/></xs:restriction></xs:simpleType></xs:element></xs:schema>"""
PROBES = ["", "a", "A", "é", "Ω", "5", "-", "_", ":", ".", "^", "$", "a1", "12", "abc", "x-1", "a b", " "]
PROBES += ["AbC", "{}", "[", "]", "a]", "-a", "~", "|", "&&"]
PATTERNS = [
    "[0-9]+",
    "a|bc?",
    "(ab){1,2}c?",
    "[a-z-[aeiou]]+",
    "[^a-z]+",
    "[^a-z-[0-9]]+",
    r"\d+",
    r"\D",
    r"\i\c*",
    r"[\i-[:]][\c-[:]]*",
    r"\I",
    r"\s|\S\s\S",
    r"\p{L}+",
    r"\P{L}+",
    r"\p{Lu}\p{Ll}?\p{Lu}?",
    r"[\p{L}\p{Nd}]+",
    r"[^\p{L}]+",
    r"\^|\$|\.|\-",
    "^",
    "$",
    ".",
    r"[.\-\]\[^]+",
    "[~|&amp;]+",
    r"[\s\d]*",
]


def libxml2(pattern: str, text: str) -> bool:
    schema = etree.XMLSchema(etree.fromstring(XSD.format(pattern)))
    element = etree.Element("v")
    element.text = text
    return bool(schema.validate(element))


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_translated_pattern_takes_what_libxml2_takes(pattern: str) -> None:
    python = re.compile(to_python(pattern.replace("&amp;", "&")))
    ours = {text for text in PROBES if python.fullmatch(text)}
    theirs = {text for text in PROBES if libxml2(pattern, text)}
    assert ours == theirs


@pytest.mark.parametrize(
    ("pattern", "fits", "fails"),
    [(r"[\P{L}a]+", "a1-", "b"), (r"[^\P{Lu}]", "AÉ", "aé1"), (r"\d", "5٣", "x"), (r"\t\n", ["\t\n"], ["tn"]), ("[\\n]", "\n", "n\\")],
)
def test_patterns_that_libxml2_takes_otherwise_than_the_recommendation(pattern: str, fits: str, fails: str) -> None:
    python = re.compile(to_python(pattern))
    assert all(python.fullmatch(text) for text in fits)
    assert not any(python.fullmatch(text) for text in fails)


def test_the_ends_of_lines_are_no_ends_of_the_text() -> None:
    assert not re.fullmatch(to_python("[0-9]+"), "12\n")
    assert not re.fullmatch(to_python("a.b"), "a\nb")


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        (r"\p{IsGreek}", r"\\p\{IsGreek\} is not known"),
        (r"\p{L", "without"),
        (r"\pL", "without"),
        (r"\y", r"the unknown escape \\y"),
        ("a\\", "the unknown escape"),
        ("[a", r"a '\[' without '\]'"),
        ("[a-[b]c]", "goes on after a class subtraction"),
        ("(?i)a", r"a group '\(\?'"),
        ("a{2,1}", "cannot be compiled"),
    ],
)
def test_what_is_not_translated_is_named(pattern: str, words: str) -> None:
    with pytest.raises(UnknownPattern, match=words):
        to_python(pattern)
