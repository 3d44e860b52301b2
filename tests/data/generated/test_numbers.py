"""Numbers in words against num2words, against a reader of Chinese, and against themselves."""

import random
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnbench.data.generated.numbers import chinese, english, french, german
from rnnbench.data.generated.numbers.word import join

GRAMMARS = {"en": english, "de": german, "fr": french, "zh": chinese}
EUROPEAN = ("en", "de", "fr")
_RANDOM = random.Random(3)
VALUES = [
    *range(2500),
    *(_RANDOM.randrange(10**digits) for digits in range(5, 13) for _ in range(150)),
    *(10**a + 10**b for a, b in combinations(range(12), 2)),
    *(figure * 10**place for place in range(3, 12) for figure in (1, 2, 80, 100, 200) if figure * 10**place < 10**12),
]
numbers = st.integers(0, 10**12 - 1)


@pytest.mark.parametrize("language", EUROPEAN)
def test_joined_numbers_are_those_of_num2words(language):
    num2words = pytest.importorskip("num2words").num2words
    for value in VALUES:
        assert join(GRAMMARS[language].number(value)) == num2words(value, lang=language)


@pytest.mark.parametrize("language", EUROPEAN)
def test_years_of_dates_are_those_of_num2words(language):
    num2words = pytest.importorskip("num2words").num2words
    for year in range(1100, 2100):
        said = join(GRAMMARS[language].date(year, 5, 2))
        assert said.endswith(f" {num2words(year, lang=language, to='year')}")


def test_days_of_dates_are_the_ordinals_of_num2words():
    num2words = pytest.importorskip("num2words").num2words
    for day in range(1, 32):
        assert join(english.date(1900, 3, day)).startswith(f"the {num2words(day, to='ordinal')} of March")
        assert join(german.date(1900, 3, day)).startswith(f"der {num2words(day, lang='de', to='ordinal')} März")


def read_chinese(text):
    """The number that a Chinese numeral names, by adding up: the reverse of how it is made."""
    total = section = figure = 0
    for character in text:
        if character in "零一二三四五六七八九":
            figure = "零一二三四五六七八九".index(character)
        elif character in "十百千":
            section += (figure or 1) * 10 ** ("十百千".index(character) + 1)
            figure = 0
        else:
            total = (total + section + figure) * (10**4 if character == "万" else 10**8)
            section = figure = 0
            if character == "万":
                total, below = divmod(total, 10**8)
                total = total * 10**8 + below
    return total + section + figure


def chinese_by_groups(text):
    """As `read_chinese`, group by group."""
    total = 0
    for sign, size in (("亿", 10**8), ("万", 10**4), ("", 1)):
        group, found, rest = text.partition(sign) if sign else (text, True, "")
        if found:
            total += read_chinese(group) * size
            text = rest
    return total


@given(numbers)
def test_chinese_numbers_read_back(value):
    text = join(chinese.number(value))
    assert chinese_by_groups(text) == value
    assert "零零" not in text
    assert value == 0 or not text.endswith("零")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "零"), (10, "十"), (12, "十二"), (20, "二十"), (101, "一百零一"), (110, "一百一十"), (1001, "一千零一"),
        (1010, "一千零一十"), (1100, "一千一百"), (10000, "一万"), (10001, "一万零一"), (10100, "一万零一百"),
        (11000, "一万一千"), (100010, "十万零一十"), (101000, "十万一千"), (20000300, "二千万零三百"),
        (100000001, "一亿零一"), (100010000, "一亿零一万"), (123456789, "一亿二千三百四十五万六千七百八十九"),
    ],
)  # fmt: skip
def test_chinese_numbers_as_they_are_written(value, text):
    assert join(chinese.number(value)) == text


@pytest.mark.parametrize("name", GRAMMARS)
@given(value=numbers)
def test_every_digit_is_said_once_and_by_all_languages(name, value):
    """Nothing is said that is not there, and every digit but zeros is; in French by two words or more from 70 to 99."""
    words = GRAMMARS[name].number(value)
    said = {meaning for word in words for meaning in word.meanings}
    places = [place for place in range(12) if value // 10**place % 10] or [0]
    assert {meaning for meaning in said if "ten" not in meaning} == {f"number {place}" for place in places}
    # A digit at place n stands for itself times n tens.
    tens = {f"number {place} ten {n}" for place in places for n in range(1, place + 1)}
    assert {meaning for meaning in said if "ten" in meaning} == tens


@given(numbers)
def test_numbers_that_differ_are_said_differently(value):
    for grammar in GRAMMARS.values():
        assert join(grammar.number(value)) != join(grammar.number((value + 1) % 10**12))


def links(source, target):
    return {(a.text, b.text) for a in source for b in target if a.meanings & b.meanings}


def test_units_before_tens_cross():
    assert [word.text for word in german.number(21)] == ["ein", "und", "zwanzig"]
    assert links(german.number(21), english.number(21)) == {("ein", "one"), ("zwanzig", "twenty")}


def test_words_that_say_the_same_are_linked_and_no_others():
    assert links(english.number(20_300), german.number(20_300)) == {
        ("twenty", "zwanzig"), ("thousand", "tausend"), ("three", "drei"), ("hundred", "hundert")
    }  # fmt: skip
    assert links(english.number(20_300), chinese.number(20_300)) == {
        ("twenty", "二"), ("twenty", "万"), ("thousand", "万"), ("three", "三"), ("hundred", "百")
    }  # fmt: skip
    assert links(french.number(97), english.number(97)) == {
        ("quatre", "ninety"), ("vingt", "ninety"), ("dix", "ninety"), ("sept", "seven")
    }  # fmt: skip
    assert links(german.date(1984, 3, 21), chinese.date(1984, 3, 21)) >= {
        ("März", "三"), ("März", "月"), ("ste", "日"), ("neun", "九"), ("vier", "四"), ("achtzig", "八")
    }  # fmt: skip
    assert links(german.time(9, 30), english.time(9, 30)) == {("halb", "half"), ("zehn", "nine")}
    assert links(french.time(3, 40), chinese.time(3, 40)) == {
        ("quatre", "三"), ("heures", "点"), ("vingt", "四"), ("vingt", "十")
    }  # fmt: skip


@pytest.mark.parametrize(
    ("hour", "minute", "texts"),
    [
        (1, 0, ("one o'clock", "ein Uhr", "une heure", "一点")),
        (2, 5, ("five past two", "fünf nach zwei", "deux heures cinq", "两点零五分")),
        (12, 15, ("quarter past twelve", "Viertel nach zwölf", "douze heures et quart", "十二点一刻")),
        (3, 30, ("half past three", "halb vier", "trois heures et demie", "三点半")),
        (12, 45, ("quarter to one", "Viertel vor eins", "une heure moins le quart", "十二点三刻")),
        (1, 1, ("one minute past one", "eine Minute nach eins", "une heure un", "一点零一分")),
        (11, 38, ("twenty-two minutes to twelve", "zweiundzwanzig Minuten vor zwölf",
                  "douze heures moins vingt-deux", "十一点三十八分")),
    ],
)  # fmt: skip
def test_times(hour, minute, texts):
    assert tuple(join(grammar.time(hour, minute)) for grammar in GRAMMARS.values()) == texts


@pytest.mark.parametrize("name", GRAMMARS)
def test_no_two_times_are_said_alike(name):
    said = {join(GRAMMARS[name].time(hour, minute)) for hour in range(1, 13) for minute in range(60)}
    assert len(said) == 720


@pytest.mark.parametrize(
    ("date", "texts"),
    [
        ((1984, 3, 21), ("the twenty-first of March nineteen eighty-four",
                         "der einundzwanzigste März neunzehnhundertvierundachtzig",
                         "le vingt et un mars mille neuf cent quatre-vingt-quatre", "一九八四年三月二十一日")),
        ((2001, 7, 1), ("the first of July two thousand and one", "der erste Juli zweitausendeins",
                        "le premier juillet deux mille un", "二零零一年七月一日")),
        ((1905, 10, 3), ("the third of October nineteen oh-five", "der dritte Oktober neunzehnhundertfünf",
                         "le trois octobre mille neuf cent cinq", "一九零五年十月三日")),
    ],
)  # fmt: skip
def test_dates(date, texts):
    assert tuple(join(grammar.date(*date)) for grammar in GRAMMARS.values()) == texts
