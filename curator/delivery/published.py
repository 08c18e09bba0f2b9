"""What DNS says about a newsletter's mail, held against how it is sent: SPF, DKIM, DMARC, alignment, return path.

Every finding has a next step when it is not well. `ok` is None where nobody can know from here: what the relay adds, or
which addresses it sends from. Changes nothing; a DNS that does not answer is a finding.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy.orm import Session

from curator.delivery.dkim_record import Match, match_key
from curator.delivery.dmarc import Policy, Walk, is_aligned, is_dmarc, names_of_walk, parse_dmarc, walk
from curator.delivery.domain_keys import active_key, record_line, record_name, record_value
from curator.delivery.relays import pool_for
from curator.delivery.resolver import Silent
from curator.delivery.spf import LIMIT, Names, Verdict, check_host, is_spf, parse_spf
from curator.editions.compile import sender_domain
from curator.errors import Unavailable
from curator.issues.models import Newsletter
from curator.settings import Settings


class Asking(Names, Protocol):
    """Who asks DNS: `Resolver`, or a test's own."""


@dataclass(frozen=True)
class Finding:
    """One thing looked at. `ok` is None when it cannot be known from here."""

    code: str
    ok: bool | None
    message: str
    next_step: str = ""


@dataclass(frozen=True)
class Record:
    """A record as it should be published. Words in capitals are for a person to fill in."""

    name: str
    type: str
    value: str


@dataclass(frozen=True)
class OurKey:
    """The key a domain signs with, as it should be published."""

    name: str
    value: str
    line: str
    public_key: bytes


@dataclass(frozen=True)
class Sending:
    """How a newsletter's mail leaves: domains of From and return path, hosts of its relays, its key if it has one."""

    from_domain: str
    return_domain: str
    hosts: tuple[str, ...]
    key: OurKey | None


def sending_of(session: Session, newsletter: Newsletter, settings: Settings) -> Sending:
    """How this newsletter's mail leaves, as set up now."""
    domain = sender_domain(newsletter.from_address)
    key = active_key(session, domain)
    try:
        hosts: tuple[str, ...] = tuple(dict.fromkeys(relay.host for relay in pool_for(session, newsletter.id)))
    except Unavailable:
        hosts = ()
    return Sending(
        from_domain=domain,
        return_domain=settings.inbound_domain.lower() or domain,
        hosts=hosts,
        key=OurKey(record_name(key), record_value(key), record_line(key), key.public_key) if key else None,
    )


def wanted_records(sending: Sending) -> list[Record]:
    """What should stand in DNS."""
    domain = sending.from_domain
    spf = "v=spf1 include:THE-NAME-YOUR-RELAY-GIVES ~all"
    return [
        *(Record(name, "TXT", spf) for name in dict.fromkeys((sending.return_domain, domain))),
        *([Record(sending.key.name, "TXT", sending.key.value)] if sending.key else []),
        Record(f"_dmarc.{domain}", "TXT", f"v=DMARC1; p=none; rua=mailto:YOUR-MAILBOX@{domain}"),
        Record(sending.return_domain, "MX", "10 THE-HOST-THAT-TAKES-ITS-MAIL"),
    ]


def check_published(sending: Sending, dns: Asking) -> list[Finding]:
    """Every finding, in the order of SPF, DKIM, DMARC, alignment, return path."""
    checks: list[tuple[str, Callable[[Sending, Asking], Iterator[Finding]]]] = [
        ("relay", _relay),
        ("spf", _spf),
        ("dkim", _dkim),
        ("dmarc", _dmarc),
        ("alignment", _alignment),
        ("return_path", _return_path),
    ]
    findings: list[Finding] = []
    silences: list[str] = []
    for code, check in checks:
        try:
            findings += check(sending, dns)
        except Silent as silent:
            silences.append(str(silent))
            findings.append(Finding(code, None, f"Not known: {silent}."))
    if silences:
        step = "Try again. If it stays silent, name another server in CURATOR_DNS_SERVER, like 9.9.9.9:53."
        findings.append(Finding("dns_silent", False, f"DNS did not answer every question: {silences[0]}.", step))
    return findings


def _relay(sending: Sending, dns: Asking) -> Iterator[Finding]:
    if not sending.hosts:
        step = "Set one: curator relays set default --host HOST --port PORT."
        yield Finding("no_relay", None, "There is no relay whose addresses could be looked for in SPF.", step)


def _spf(sending: Sending, dns: Asking) -> Iterator[Finding]:
    for domain in dict.fromkeys((sending.return_domain, sending.from_domain)):
        records = [text for text in dns.texts(domain) if is_spf(text)]
        if not records:
            step = f"Publish at {domain}, TXT: v=spf1 with the include that your relay's operator names, then ~all."
            yield Finding("spf_record", False, f"{domain} has no SPF record.", step)
            continue
        whole = check_host(None, domain, dns)
        if whole.verdict is Verdict.PERMERROR:
            step = "Correct the record: receivers take one with an error for none."
            yield Finding("spf_record", False, f"The SPF record of {domain} is wrong: {whole.reason}.", step)
            continue
        if whole.verdict is Verdict.UNKNOWN:
            yield Finding("spf_record", True, f"{domain} has one SPF record; {whole.reason}.")
        else:
            counted = f"{whole.lookups} of {LIMIT} questions to DNS"
            yield Finding("spf_record", True, f"{domain} has one SPF record, which needs {counted}.")
        yield from _relays_in_spf(sending, domain, records[0], dns)


def _relays_in_spf(sending: Sending, domain: str, record: str, dns: Asking) -> Iterator[Finding]:
    """Are the relays' addresses covered? A relay may send from others than it takes mail at; only a person knows."""
    parsed = parse_spf(record)
    has_others = bool(parsed.redirect) or any(mechanism.name == "include" for mechanism in parsed.mechanisms)
    if any(m.name == "all" and m.verdict is Verdict.PASS for m in parsed.mechanisms):
        step = "Put ~all or -all in place of +all."
        yield Finding("spf_open", False, f"The SPF record of {domain} lets everybody send (+all).", step)
    for host in sending.hosts:
        if host == "localhost" or host.endswith(".localhost"):
            addresses = []
        elif not (addresses := dns.addresses(host)):
            step = "Correct the host: curator relays set NAME --host HOST."
            yield Finding("spf_relay", False, f"The relay {host} has no address in DNS.", step)
            continue
        if not addresses or not all(address.is_global for address in addresses):
            message = f"The relay {host} is on your own network: the address it sends from is not known here."
            yield Finding("spf_relay", None, message, f"See to it that {domain} covers the relay's public address.")
            continue
        verdicts = {address: check_host(address, domain, dns) for address in addresses}
        open_ones = [str(address) for address, result in verdicts.items() if result.verdict is not Verdict.PASS]
        if not open_ones:
            yield Finding("spf_relay", True, f"{domain} covers every address of the relay {host}.")
            continue
        undecided = has_others or any(result.verdict is Verdict.UNKNOWN for result in verdicts.values())
        message = f"{domain} does not cover {', '.join(open_ones)} of the relay {host}."
        step = "Ask the relay's operator which addresses it sends from, and add its include or ip4: and ip6: terms."
        yield Finding("spf_relay", None if undecided else False, message, step)


def _dkim(sending: Sending, dns: Asking) -> Iterator[Finding]:
    key = sending.key
    if key is None:
        step = f"Let the relay sign as {sending.from_domain}, or make a key: curator dkim create {sending.from_domain}."
        message = f"Curator does not sign for {sending.from_domain}; whether the relay does is not known here."
        yield Finding("dkim_key", None, message, step)
        return
    yield Finding("dkim_key", True, f"Curator signs for {sending.from_domain}.")
    match = match_key(dns.texts(key.name), key.public_key)
    message = f"The record {key.name} {match.value}."
    if match is Match.SAME:
        yield Finding("dkim_record", True, message)
    elif match is Match.TESTING:
        yield Finding("dkim_record", None, message, "Take t=y out of it when you are done testing.")
    else:
        step = f"Publish {key.line} – until it is there, stop signing: curator dkim off {sending.from_domain}."
        yield Finding("dkim_record", False, message, step)


def _dmarc(sending: Sending, dns: Asking) -> Iterator[Finding]:
    domain = sending.from_domain
    records = [text for text in dns.texts(f"_dmarc.{domain}") if is_dmarc(text)]
    if len(records) > 1:
        step = "Leave one of them: receivers heed none."
        yield Finding("dmarc_record", False, f"_dmarc.{domain} has {len(records)} DMARC records.", step)
        return
    for text in records:
        try:
            parse_dmarc(text)
        except ValueError as error:
            step = f"Correct it, like: v=DMARC1; p=none; rua=mailto:YOUR-MAILBOX@{domain}."
            yield Finding("dmarc_record", False, f"The DMARC record of {domain} is wrong: {error}.", step)
            return
    found = _walk(domain, dns)
    if found.policy is None:
        step = f"Publish at _dmarc.{domain}, TXT: v=DMARC1; p=none; rua=mailto:YOUR-MAILBOX@{domain}."
        yield Finding("dmarc_record", False, f"{domain} has no DMARC record; large receivers want one.", step)
        return
    policy = found.policy
    asked = policy.p if found.place == domain else policy.sp
    words = f"p={asked}, adkim={policy.adkim}, aspf={policy.aspf}, from _dmarc.{found.place}"
    yield Finding("dmarc_record", True, f"DMARC holds for {domain}: {words}.")
    if policy.rua:
        yield Finding("dmarc_reports", True, f"Reports go to {', '.join(policy.rua)}.")
    else:
        step = "Add rua=mailto:… with a mailbox that somebody reads, to hear of mail that fails."
        yield Finding("dmarc_reports", None, "Nobody gets reports about mail that fails DMARC.", step)


def _alignment(sending: Sending, dns: Asking) -> Iterator[Finding]:
    ours, theirs = _walk(sending.from_domain, dns), _walk(sending.return_domain, dns)
    if sending.key is not None:
        yield Finding("dkim_alignment", True, f"Our signatures are by {sending.from_domain}, the domain of From.")
    names = f"The return path is at {sending.return_domain}, From at {sending.from_domain}"
    mode = ours.policy.aspf if ours.policy else "r"
    if is_aligned(ours, theirs, mode):
        yield Finding("spf_alignment", True, f"{names}: SPF counts for DMARC.")
    else:
        rests = "our signature" if sending.key else "the relay's signature, which is not known here"
        step = f"Use a CURATOR_INBOUND_DOMAIN under {ours.organisation}" + (", and not aspf=s." if mode == "s" else ".")
        yield Finding("spf_alignment", None, f"{names}: SPF does not count, so DMARC rests on {rests}.", step)


def _return_path(sending: Sending, dns: Asking) -> Iterator[Finding]:
    """Can bounces come back? Without MX the domain's own address takes the mail (RFC 5321 5.1)."""
    domain = sending.return_domain
    exchanges = dns.exchanges(domain)
    step = f"Publish an MX record at {domain} that names the host which takes its mail."
    if exchanges == [""]:
        yield Finding(
            "return_path_mx", False, f"{domain} says that it takes no mail (null MX): bounces are lost.", step
        )
    elif missing := [name for name in exchanges if not dns.addresses(name)]:
        message = f"The mail exchanger {', '.join(missing)} of {domain} has no address."
        yield Finding("return_path_mx", False, message, step)
    elif exchanges:
        yield Finding("return_path_mx", True, f"Bounces to {domain} go to {', '.join(exchanges)}.")
    elif dns.addresses(domain):
        yield Finding("return_path_mx", True, f"{domain} has no MX record; bounces go to its own address.")
    else:
        yield Finding("return_path_mx", False, f"{domain} has neither MX nor address: bounces are lost.", step)


def _walk(domain: str, dns: Asking) -> Walk:
    """The DMARC walk up from a domain. Several records at a name, or one that is wrong, count as none."""
    found: dict[str, Policy] = {}
    for name in names_of_walk(domain):
        records: Sequence[str] = [text for text in dns.texts(f"_dmarc.{name}") if is_dmarc(text)]
        if len(records) == 1:
            try:
                found[name] = parse_dmarc(records[0])
            except ValueError:
                continue
    return walk(domain, found)
