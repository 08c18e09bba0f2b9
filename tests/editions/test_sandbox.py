import os
import resource
import time
from pathlib import Path
from typing import Any

import pytest

from curator.editions import sandbox
from curator.editions.designs import design_files
from curator.editions.sandbox import render_limited as render_files
from curator.errors import TemplateFailed, Unavailable

STOPPED = (TemplateFailed, Unavailable)
"""What ends a design that never does: its own limit, or on a machine that others keep busy the clock."""


def computed() -> float:
    """Seconds the children have computed: what an idle machine would take, whatever else this one does."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def render_limited(source: str, data: dict[str, Any], **options: Any) -> str:
    """A design that is one page, as it comes out of Jinja2."""
    return render_files({"issue.html": source}, data, is_inlined=False, **options)


def test_data_prints_literally_and_escaped() -> None:
    text = render_limited("<p>{{ title }}</p>{{ intro_html }}", {"title": "{{7*7}} <b>", "intro_html": "<i>ja</i>"})
    assert text == "<p>{{7*7}} &lt;b&gt;</p><i>ja</i>"


@pytest.mark.parametrize(
    "source",
    [
        "{{ title.__class__.__mro__ }}",
        "{{ ''['__class__'] }}",
        "{{ title|attr('__class__') }}",
        "{{ '{0.__class__}'.format(title) }}",
        "{{ cycler.__init__.__globals__.os }}",
        "{{ self._TemplateReference__context.eval_ctx.__class__ }}",
        "{% include '/etc/passwd' %}",
        "{% import 'os' as os %}{{ os.environ }}",
        "{{ missing }}",
    ],
)
def test_a_template_reaches_nothing_but_its_data(source: str) -> None:
    with pytest.raises(TemplateFailed):
        print(render_limited(source, {"title": "x"}))


@pytest.mark.parametrize(
    "source",
    [
        "{{ (9**99999999)|string|length }}",
        "{{ 'a' * 10**9 }}",
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "{% set ns = namespace(x='a'*1000) %}{% for i in range(60) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
        "{% for a in range(9999) %}{{ 'a' * 9999 }}{% endfor %}",
    ],
)
def test_a_template_that_never_ends_is_stopped(source: str) -> None:
    with pytest.raises(TemplateFailed) as raised:
        render_limited(source, {}, seconds=1, megabytes=128, clock=60)
    assert raised.value.facts["template"] == "design"


@pytest.mark.parametrize("source", ["{{ (9**99999999)|string|length }}", "{{ 'a' * 10**9 }}"])
def test_the_answer_comes_within_five_seconds_as_it_is_used(source: str) -> None:
    before = computed()
    with pytest.raises(STOPPED):
        render_limited(source, {})
    assert computed() - before < 5


def test_on_a_starved_machine_the_clock_ends_it_and_nothing_is_left_running(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A child that hardly gets to compute is not the design's fault, one that does is."""
    child, pid = tmp_path / "child.py", tmp_path / "pid"
    monkeypatch.setattr(sandbox, "_CHILD", child)
    note = f"import os, time; open({str(pid)!r}, 'w').write(str(os.getpid()))\n"
    child.write_text(f"{note}time.sleep(60)")
    began = time.monotonic()
    with pytest.raises(Unavailable, match="busy"):
        render_limited("x", {}, clock=0.8)
    assert time.monotonic() - began < 5
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)
    computed = iter((10.0, 12.9))
    monkeypatch.setattr(sandbox, "_computed", lambda: next(computed))
    with pytest.raises(TemplateFailed, match="computed longer"):
        render_limited("x", {}, clock=0.8)
    assert sandbox.SECONDS < sandbox.CLOCK_SECONDS < 5


def test_styles_that_never_end_are_stopped_too() -> None:
    rules = "".join(f"div div div div .c{number} div {{ color: #000001; }}" for number in range(3000))
    page = f"<html><head><style>{rules}</style></head><body>{'<div>' * 200}x{'</div>' * 200}</body></html>"
    before = computed()
    with pytest.raises(STOPPED):
        render_files({"issue.html": page}, {}, seconds=2)
    assert computed() - before < 4


def test_styles_are_not_multiplied_without_end() -> None:
    page = f"<html><head><style>p {{ color: {'y' * 60_000}; }}</style></head><body>{'<p>x</p>' * 60}</body></html>"
    with pytest.raises(TemplateFailed, match="more than 2,000,000 characters with its styles"):
        render_files({"issue.html": page}, {})


def test_a_design_that_writes_nothing_says_so() -> None:
    with pytest.raises(TemplateFailed) as raised:
        render_files({"issue.html": "{# nothing #}"}, {})
    assert raised.value.facts["line"] is None


def test_an_error_names_its_file_and_its_line() -> None:
    files = design_files("magazine")
    files["parts.html"] = files["parts.html"].replace("{{ item.facts }}", "{{ item.fakts }}")
    item = {"title": "x", "address": "", "facts": "y", "direction": "ltr", "id": 1, "picture": None}
    page = '{% from "design/parts.html" import words %}\n\n{{ words(item, "headline") }}'
    with pytest.raises(TemplateFailed) as raised:
        render_files({**files, "issue.html": page}, {"item": item}, based_on="magazine")
    lines = files["parts.html"].splitlines()
    assert raised.value.facts["template"] == "parts.html"
    assert "item.fakts" in lines[raised.value.facts["line"] - 1]
    assert "docs/designs.md" in raised.value.message


def test_what_a_design_lacks_it_borrows_from_the_one_it_began_as() -> None:
    page = '{% include "design/inline.css" %}'
    data = {"fonts": {"heading": "", "text": ""}, "direction": "ltr", "start": "left", "end": "right"}
    with pytest.raises(TemplateFailed) as raised:
        render_limited(page, data, based_on="letter")
    assert "light" in raised.value.message
    own = render_files({"issue.html": page, "inline.css": "mine"}, data, based_on="letter", is_inlined=False)
    assert own == "mine"


def test_an_error_names_its_line() -> None:
    with pytest.raises(TemplateFailed) as raised:
        render_limited("one\ntwo\n{% if %}", {})
    assert raised.value.facts["line"] == 3
    with pytest.raises(TemplateFailed) as raised:
        render_limited("one\n{{ 1 // 0 }}", {})
    assert raised.value.facts["line"] == 2
