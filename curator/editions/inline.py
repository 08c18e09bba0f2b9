"""Styles moved into the elements, once per edition: for mail programs that drop style sheets.

Media queries and dark colours stay in their `<style data-premailer="ignore">` with every `!important`. Nothing is
fetched. Takes a few tenths of a second: never per reader, never in the process's import.
"""

import logging
import re

from lxml import etree

from curator.errors import TemplateFailed

_CLASS = re.compile(r"\.([A-Za-z][\w-]*)")


def inline(document: str, template: str) -> etree._Element:
    """The parsed page with its styles in its elements; `TemplateFailed` names `template` when that cannot be done."""
    from premailer import Premailer  # 0.2 s of imports that a command which renders nothing does not pay

    try:
        page = etree.fromstring(document.encode(), etree.HTMLParser(encoding="utf-8", remove_blank_text=True))
        if page is None or page.find("body") is None:
            raise ValueError("it has no body")
        Premailer(
            strip_important=False,
            allow_network=False,
            allow_loading_external_files=False,
            disable_validation=True,
            keep_style_tags=False,
            align_floating_images=False,
            disable_basic_attributes=["align", "bgcolor", "height", "valign", "width"],
            cssutils_logging_level=logging.CRITICAL,
        ).transform(page)
    except Exception as error:
        raise TemplateFailed(
            f"The styles of {template} could not be put into the mail: {error}. Use simple selectors, "
            'and keep media queries in <style data-premailer="ignore">.',
            template=template,
        ) from error
    _drop_unused_classes(page)
    return page


def parse(document: str) -> etree._Element:
    """The tree of a page whose styles are inlined already."""
    page = etree.fromstring(document.encode(), etree.HTMLParser(encoding="utf-8", remove_blank_text=True))
    if page is None:
        raise TemplateFailed("The design writes nothing. Start from a copy of one of ours.", template="")
    return page


def serialise(page: etree._Element) -> str:
    """The page as text, HTML5 doctype first; characters stand for themselves, template braces are neutralised."""
    text = etree.tostring(page, method="html", encoding="unicode", doctype="<!DOCTYPE html>")
    lines = (line.strip() for line in text.splitlines())
    return "\n".join(line for line in lines if line)


def _drop_unused_classes(page: etree._Element) -> None:
    """Classes that no remaining style names are weight only: a mail above 102 KB is clipped."""
    kept = set(_CLASS.findall(" ".join(style.text or "" for style in page.iter("style"))))
    for element in page.iter(etree.Element):
        names = [name for name in element.attrib.get("class", "").split() if name in kept]
        if names:
            element.attrib["class"] = " ".join(names)
        else:
            element.attrib.pop("class", "")
