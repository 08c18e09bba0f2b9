import pytest

from curator.editions.sandbox import render_limited
from curator.errors import TemplateFailed


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
        render_limited(source, {}, seconds=1, megabytes=128)
    assert raised.value.facts["template"] == "design"


def test_an_error_names_its_line() -> None:
    with pytest.raises(TemplateFailed) as raised:
        render_limited("one\ntwo\n{% if %}", {})
    assert raised.value.facts["line"] == 3
    with pytest.raises(TemplateFailed) as raised:
        render_limited("one\n{{ 1 // 0 }}", {})
    assert raised.value.facts["line"] == 2
