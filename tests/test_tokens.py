"""Tokens: what is signed is read back; anything altered, cut, for another purpose or by another key is nothing."""

import random
import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.tokens import LENGTH, Purpose, Signer, Token

KEY = bytes(range(32))
ids = st.integers(min_value=0, max_value=2**63 - 1)


@given(st.sampled_from(Purpose), ids, ids)
def test_a_token_reads_back(purpose: Purpose, a: int, b: int) -> None:
    text = Signer({1: KEY}).sign(purpose, a, b)
    assert len(text) == LENGTH
    assert Signer({1: KEY}).read(text, purpose) == Token(purpose, a, b)


def test_every_other_spelling_is_refused() -> None:
    signer = Signer({1: KEY})
    good = signer.sign(Purpose.CLICK, 12, 34)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/=é"
    others = {good[:i] + c + good[i + 1 :] for i in range(LENGTH) for c in alphabet} - {good}
    assert not [text for text in others if signer.read(text, *Purpose)]
    assert not [n for n in range(LENGTH) if signer.read(good[:n], *Purpose)]
    assert signer.read(good + "A", *Purpose) is None


@pytest.mark.parametrize("other", [p for p in Purpose if p is not Purpose.LEAVE])
def test_a_purpose_does_not_stand_for_another(other: Purpose) -> None:
    signer = Signer({1: KEY})
    assert signer.read(signer.sign(Purpose.LEAVE, 5), other) is None


def test_keys_rotate_and_old_tokens_keep_working() -> None:
    old = Signer({1: KEY})
    new = Signer({1: KEY, 2: secrets.token_bytes(32)})
    assert new.read(old.sign(Purpose.OPEN, 7, 8), Purpose.OPEN) == Token(Purpose.OPEN, 7, 8)
    assert old.read(new.sign(Purpose.OPEN, 7, 8), Purpose.OPEN) is None


def test_random_text_is_never_a_token() -> None:
    signer, dice = Signer({1: KEY}), random.Random(20260101)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    assert not any(signer.read("".join(dice.choices(alphabet, k=LENGTH)), *Purpose) for _ in range(20_000))
