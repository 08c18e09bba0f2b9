"""The public pages speak each of their languages completely."""

import re
import tomllib
from pathlib import Path

import pytest

from curator.assets import templates_directory

FOLDER = templates_directory() / "web" / "public" / "wording"


def read(name: str) -> dict[str, str]:
    return tomllib.loads((FOLDER / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.toml")), ids=lambda path: Path(path).stem)
def test_a_language_has_every_phrase_with_the_same_names_in_it(path: Path) -> None:
    english, ours = read("en.toml"), read(path.name)
    assert set(ours) == set(english)
    assert len(ours["months"].split()) == 12
    for key, phrase in english.items():
        assert set(re.findall(r"\{\w+\}", ours[key])) == set(re.findall(r"\{\w+\}", phrase)), key
