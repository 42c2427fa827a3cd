"""Arguments of a call: whole JSON objects and nothing else."""

import doctest

import pytest

from swe_agent.core.errors import ContextExceeded, ModelFault
from swe_agent.models import calls, faults
from swe_agent.models.calls import arguments_of
from swe_agent.models.faults import Refusal, fault_of, redacted, retry_after_s


@pytest.mark.parametrize(
    "raw",
    [
        "{",
        '{"a": 1',
        "[]",
        "null",
        '"a"',
        '{"a": NaN}',
        '{"a": 1e999}',
        '{"a": "\\ud800"}',
        '{"a":' * 100_000,
    ],
    ids=["open", "cut", "list", "null", "text", "nan", "infinite", "surrogate", "deep"],
)
def test_arguments_that_are_not_a_whole_object_are_refused(raw):
    with pytest.raises(ValueError, match=r"\w"):
        arguments_of(raw)


@pytest.mark.parametrize("raw", ["", "  ", "{}"])
def test_no_arguments_are_an_empty_object(raw):
    assert arguments_of(raw) == {}


@pytest.mark.parametrize(
    "said",
    [
        "prompt is too long: 210000 tokens > 200000 maximum",
        "context_length_exceeded",
        "This model's maximum context length is 8192 tokens",
        "the request exceeds the available context size",
        "input length and `max_tokens` exceed context limit",
    ],
)
def test_vendors_words_for_a_prompt_that_does_not_fit_are_known(said):
    assert isinstance(fault_of("m", Refusal(400, said)), ContextExceeded)


def test_an_oversized_max_tokens_is_not_a_prompt_that_does_not_fit():
    fault = fault_of("m", Refusal(400, "max_tokens: 99999 > 64000, the maximum allowed"))
    assert type(fault) is ModelFault


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after": "Thu, 01 Jan 1970 00:00:10 GMT"}, 0.0),
    ],
    ids=["none", "words", "negative", "infinite", "milliseconds", "past"],
)
def test_a_wait_is_read_from_the_headers_or_not_at_all(headers, seconds):
    assert retry_after_s(headers, now=50.0) == seconds


def test_a_vendors_message_is_shown_short_and_harmless():
    shown = redacted("sk-proj-abcdef1234 \x1b[2J" + "x" * 5000)
    assert shown.startswith("[key] <U+001B>[2J")
    assert len(shown) < 700


@pytest.mark.parametrize("module", [calls, faults], ids=["calls", "faults"])
def test_examples_in_docstrings_hold(module):
    assert doctest.testmod(module).failed == 0
