"""Plain text of articles: cleaned of what no page or header may carry, counted, and quoted from.

Pure. Never shortens a body; only lines (titles, names) and summaries have a greatest length.
"""

import re
from html import escape

LONGEST_LINE = 500
_LONGEST_SUMMARY = 420

_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufeff\ufffe\uffff\ud800-\udfff]")
_BREAKS = re.compile("\r\n?|[\u2028\u2029]")
_SPACES = re.compile(r"\s+")
_WORD = re.compile(r"\w+(?:['’.-]\w+)*")
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u3040-\u30ff\u3400-\u9fff]")  # scripts written without spaces
_SENTENCE_END = re.compile(r"([.!?…]+[\"'”’»)]*)\s+(?=[\"'“‘„«(]*[^\W_a-zß-öø-ÿ])|([。！？])")
_ABBREVIATION = re.compile(
    r"(?:\b\w|\b(?:dr|mr|mrs|ms|ir|ing|prof|drs|nr|no|st|vs|bv|bijv|ca|resp|evt|incl|excl|inc|ltd|bzw|etc|jr|sr|"
    r"rep|gov|sen|gen|col|lt|sgt|rev|hon|pres))\.$",
    re.IGNORECASE,
)
_BEFORE_NUMBER = re.compile(r"\b[^\W\d_]{2,4}\.$")  # Nov. 5, art. 3, blz. 12


def clean_text(text: str) -> str:
    """Without NUL, control characters, byte order marks and lone surrogates; every line break is a line feed."""
    return _CONTROLS.sub("", _BREAKS.sub("\n", text))


def clean_line(text: str, longest: int = LONGEST_LINE) -> str:
    """One line: cleaned, white space collapsed, at most `longest` characters."""
    line = _SPACES.sub(" ", clean_text(text[: longest * 8])).strip()
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


def count_words(text: str) -> int:
    """Words as a reader counts them; in scripts without spaces two characters count as one word."""
    unspaced = len(_UNSPACED.findall(text))
    return len(_WORD.findall(_UNSPACED.sub(" ", text) if unspaced else text)) + (unspaced + 1) // 2


def sentences(text: str, most: int) -> list[str]:
    """The first `most` sentences of a running text; initials and common abbreviations do not end one."""
    found: list[str] = []
    start = 0
    for end in _SENTENCE_END.finditer(text):
        sentence = text[start : end.end()].strip()
        if end.group(1) and _ABBREVIATION.search(sentence[-8:]):
            continue
        if text[end.end() : end.end() + 1].isdigit() and _BEFORE_NUMBER.search(sentence[-8:]):
            continue
        found.append(sentence)
        start = end.end()
        if len(found) == most:
            return found
    rest = text[start:].strip()
    return [*found, rest] if rest else found


def first_words(text: str) -> str:
    """What stands in for a title where there is none: the first sentence, at most 160 characters."""
    return clean_line("".join(sentences(clean_line(text, 4_000), 1)), 160)


def summary_of(text: str) -> str:
    """The first two sentences of the first paragraphs that are prose, at most 420 characters."""
    opening = " ".join(clean_line(p, 2_000) for p in _prose(text)[:3])
    summary = ""
    for sentence in sentences(opening, 2):
        if summary and len(summary) + len(sentence) > _LONGEST_SUMMARY:
            break
        summary = f"{summary} {sentence}".strip()
    return clean_line(summary, _LONGEST_SUMMARY)


def paragraph(text: str, tag: str = "p") -> str:
    """One block of HTML whose text reads exactly as `text`."""
    return f"<{tag}>{escape(text, quote=False)}</{tag}>"


def _prose(text: str) -> list[str]:
    """The first paragraphs that are neither headings nor captions; the paragraphs as they are when none is."""
    paragraphs = [p for p in text[:20_000].split("\n\n") if p.strip()]
    return [p for p in paragraphs if count_words(p) >= 8] or paragraphs
