"""DMARC policies (RFC 9989, and RFC 7489 before it): read, found by walking up the names, and alignment judged.

Pure: who asks DNS hands in what stands at each name. The walk needs no list of public suffixes.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from curator.delivery.tag_list import parse_tags

_DEEPEST = 8  # RFC 9989 4.10: names of more labels are cut to seven after the first


@dataclass(frozen=True)
class Policy:
    """A policy record. `adkim` and `aspf` are `r` (same organisation) or `s` (same domain); `rua` who gets reports."""

    p: str
    sp: str
    adkim: str
    aspf: str
    rua: tuple[str, ...]
    psd: str


@dataclass(frozen=True)
class Walk:
    """What the walk up from a domain found: the policy that holds for it, where it stands, and the organisation."""

    domain: str
    policy: Policy | None
    place: str
    organisation: str


def parse_dmarc(text: str) -> Policy:
    """The policy of a record; `ValueError` says what is wrong with it."""
    tags = parse_tags(text)
    if next(iter(tags.items()), None) != ("v", "DMARC1"):
        raise ValueError("it does not begin with v=DMARC1")
    rua = tuple(address.strip() for address in tags.get("rua", "").split(",") if address.strip())
    p = tags.get("p", "").lower()
    if not p and rua:
        p = "none"  # RFC 9989 4.7: reports are wanted, so it counts
    sp = tags.get("sp", p).lower()
    alignment = [tags.get(name, "r").lower() for name in ("adkim", "aspf")]
    if not {p, sp} <= {"none", "quarantine", "reject"}:
        raise ValueError("p= and sp= are none, quarantine or reject")
    if not set(alignment) <= {"r", "s"}:
        raise ValueError("adkim= and aspf= are r or s")
    return Policy(p, sp, alignment[0], alignment[1], rua, tags.get("psd", "u").lower())


def is_dmarc(text: str) -> bool:
    """Is this TXT record meant as a policy?"""
    return text.partition(";")[0].replace(" ", "") == "v=DMARC1"


def names_of_walk(domain: str) -> list[str]:
    """The domains whose `_dmarc` is asked, from this one up (RFC 9989 4.10)."""
    labels = domain.lower().rstrip(".").split(".")
    start = max(1, len(labels) - _DEEPEST + 1) if len(labels) > _DEEPEST else 1
    return [".".join(labels), *(".".join(labels[at:]) for at in range(start, len(labels)))]


def walk(domain: str, found: Mapping[str, Policy]) -> Walk:
    """What follows from the policies found at `names_of_walk(domain)`."""
    names = names_of_walk(domain)
    organisation = _organisation(names, found)
    place = next((name for name in (names[0], organisation, *names) if name in found), "")
    return Walk(names[0], found.get(place), place, organisation)


def is_aligned(from_walk: Walk, other: Walk, mode: str) -> bool:
    """Does a domain count as the one in From? `mode` is the policy's adkim or aspf."""
    if mode == "s":
        return from_walk.domain == other.domain
    return from_walk.organisation == other.organisation


def _organisation(names: list[str], found: Mapping[str, Policy]) -> str:
    """The organisation's own domain (RFC 9989 4.10.2): what the walk says, or the domain itself."""
    best = names[0]
    for position, name in enumerate(names):
        if name not in found:
            continue
        if found[name].psd == "n":
            return name
        if found[name].psd == "y" and position:
            return _one_below(names[0], name)
        best = name
    return best


def _one_below(domain: str, suffix: str) -> str:
    """The name one label longer than a public suffix, on the way to the domain."""
    rest = domain.removesuffix(f".{suffix}")
    return f"{rest.rpartition('.')[2]}.{suffix}"
