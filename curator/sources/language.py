"""The language of a text: its own words decide when there are enough of them, else what the page declares.

Never answers with a language outside `LANGUAGES`; pages declare the wrong one on 2.5 % of the web.
"""

import re
from functools import lru_cache
from typing import Any

LANGUAGES = (
    *("nl", "en", "de", "fr", "es", "it", "pt", "da", "sv", "no", "fi", "pl", "cs", "ro", "hu", "el"),
    *("tr", "id", "ru", "uk", "ar", "he", "fa", "hi", "zh", "ja", "ko"),
)
_ENOUGH = 120  # characters of running text above which the text decides
_LEAST = 20


def language_of(text: str, declared: str = "") -> str:
    """ISO 639-1 code of `text`, or "" when neither the text nor `declared` (as in `lang="nl-BE"`) says enough."""
    named = re.split(r"[-_]", declared.strip().lower())[0]
    named = {"nb": "no", "nn": "no", "iw": "he"}.get(named, named)
    if named in LANGUAGES and len(text) < _ENOUGH:
        return named
    if sum(map(str.isalpha, text[:400])) < _LEAST:
        return named if named in LANGUAGES else ""
    return str(_identifier().classify(text[:5_000])[0])


@lru_cache(maxsize=1)
def _identifier() -> Any:
    """Our own identifier: restricting the library's shared one would change it for everybody."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    identifier.set_languages(LANGUAGES)
    return identifier
