"""Records as lines of a zone file, for a person to paste."""


def zone_line(name: str, kind: str, value: str) -> str:
    """One record. A TXT value is cut into strings, none over 255 bytes, which DNS joins again (RFC 1035 3.3.14)."""
    if kind != "TXT":
        return f"{name}. IN {kind} {value}"
    strings = " ".join(f'"{value[at : at + 255]}"' for at in range(0, len(value), 255))
    return f"{name}. IN TXT {strings}"
