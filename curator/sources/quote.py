"""The sentence of an article that says most: with names, numbers and words that few other texts have.

Pure. Never a sentence that is made up or shortened, never one of the opening, which the summary has already.
"""

import re
from collections.abc import Iterator
from math import sqrt

from curator.sources.prose import clean_line, count_words, sentences

_READ = 30_000  # characters
_SHORTEST, _LONGEST = 8, 45  # words
_MOST_CHARACTERS = 300
_OPENING = 2  # sentences
_NUMBER = re.compile(r"(?<!\w)[€$£¥]?\d[\d.,]*(?:\s?(?:%|‰|€|°C))?")
_YEAR = re.compile(r"(?:19|20)\d\d")
_NAME = re.compile(r"(?<=[\w,;)’'”\"] )(?:[^\W\d_a-zß-öø-ÿ]\w*[’']?\w*)")
_LONG_WORD = re.compile(r"\b[^\W\d_]{9,}\b")
_SAID = re.compile(r"[“„«][^“”„«»]{20,}[”“»]|(?<!\w)\"[^\"]{20,}\"(?!\w)|(?<!\w)‘[^‘]{20,}’(?!\w)")
_LEANING = re.compile(
    r"[\"'“„«‘(]*(?:he|she|it|they|we|this|that|these|those|there|here|his|her|their|its|and|but|or|so|also|yet|then|"
    r"however|for example|bijvoorbeeld|hij|zij|ze|het|die|dit|dat|deze|daar|hier|hun|haar|zijn|en|maar|of|dus|ook|"
    r"toch|er|bovendien|daarnaast|sie|es|das|dies\w*|und|aber|oder|auch|doch|dabei|dazu|il|elle|ils|elles|ce|cette|"
    r"ces|cela|et|mais|ou|donc)\b",
    re.IGNORECASE,
)
_NO_PROSE = re.compile(
    r"^[^\w\"'“„«‘(¿¡€$£]|(?:facebook|twitter|instagram).*(?:facebook|twitter|instagram)|cookie|https?://|www\.|@\w|©|"
    r"\b(?:subscribe|newsletter|sign up|log in|click|read more|advertis\w+|photo|image|getty|shutterstock|credit|"
    r"caption|comments|nieuwsbrief|abonne\w*|lees (?:ook|meer|verder)|klik\w*|foto|beeld|bron|advertentie|reacties|"
    r"bild|quelle|kommentare|crédit|commentaires|cliquez|comentários|comentarios)\b",
    re.IGNORECASE,
)
_ENDED = re.compile(r"[.!?…。！？][\"'”’»)\]]*$")
_PAIRS = (("“", "”"), ("(", ")"), ("«", "»"))


def quote_of(text: str) -> str:
    """The most specific sentence of `text`, whose paragraphs are parted by empty lines; "" when none stands out."""
    found = list(_sentences(text[:_READ]))
    candidates = [(n, sentence) for n, sentence in enumerate(found) if n >= _OPENING and _can_stand_alone(sentence)]
    scored = [(_score(sentence) * (1 - 0.25 * n / len(found)), -n, sentence) for n, sentence in candidates]
    best = max(scored, default=(0.0, 0, ""))
    return best[2] if best[0] > 0 else ""


def _sentences(text: str) -> Iterator[str]:
    """Sentences of the paragraphs that are prose; headings and captions have few words or no full stop."""
    for paragraph in text.split("\n\n"):
        line = clean_line(paragraph, 4_000)
        if count_words(line) >= _SHORTEST and _ENDED.search(line):
            yield from sentences(line, 50)


def _can_stand_alone(sentence: str) -> bool:
    is_fit = _SHORTEST <= count_words(sentence) <= _LONGEST and len(sentence) <= _MOST_CHARACTERS
    is_whole = bool(_ENDED.search(sentence)) and sentence.count('"') % 2 == 0
    is_paired = all(sentence.count(opening) == sentence.count(closing) for opening, closing in _PAIRS)
    return is_fit and is_whole and is_paired and not _NO_PROSE.search(sentence)


def _score(sentence: str) -> float:
    """Facts for its length; somebody's own words count as facts, leaning on the sentence before counts against it."""
    numbers = _NUMBER.findall(sentence)
    years = sum(1 for number in numbers if _YEAR.fullmatch(number))
    facts = (
        min(3.0, len(numbers) - years / 2)
        + 0.8 * min(4, len(_NAME.findall(sentence)))
        + 0.3 * min(4, len(_LONG_WORD.findall(sentence)))
        + (1.5 if _SAID.search(sentence) else 0)
        - (1.5 if _LEANING.match(sentence) else 0)
        - (0.5 if sentence.rstrip("\"'”’»)").endswith("?") else 0)
    )
    return facts / sqrt(count_words(sentence))
