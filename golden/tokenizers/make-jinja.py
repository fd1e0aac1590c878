"""Writes jinja.json: what Jinja, set up as Hugging Face's transformers does it, makes of small templates.

    pip install jinja2==3.1.6 && python3 golden/tokenizers/make-jinja.py > golden/tokenizers/jinja.json

An entry is [template, output], or [template, null] where Jinja fails. All see the variables that the file begins with.
"""
import datetime
import json

import jinja2
import jinja2.ext
import jinja2.nodes
import jinja2.sandbox

VARIABLES = {
    "s": "Hello World", "ws": "  a b\t\n", "es": "", "n": 5, "f": 2.5, "t": True, "none": None,
    "big": 12345678901234567890123, "fl": 1e22, "sm": 1e-7,
    "l": [3, 1, 2], "e": [], "d": {"b": 1, "a": "x", "items": 3},
    "m": [
        {"role": "user", "content": "hi \u00e9 \U0001F600 <b>"},
        {"role": "assistant", "content": None, "tool_calls": [
            {"id": "1", "function": {"name": "f", "arguments": {"x": 1.0, "y": [1, 2, {"z": None}], "q": "a\"b\n\u00e9"}}}]},
    ],
    "tree": [{"v": 1, "c": [{"v": 2, "c": []}, {"v": 3, "c": [{"v": 4, "c": []}]}]}],
}

EXPRESSIONS = r"""
1 + 2 * 3
[7 // 2, -7 // 2, 7 % -3, -7 % 3, 7.5 // 2, -7.5 % 2]
[2 ** 10, 2 ** -1, -2 ** 2, 2 ** 3 ** 2]
[7 / 2, 6 / 2]
s + '!'
s ~ 1 ~ none ~ true ~ 1.0
[s * 2, 2 * 'ab', [1] * 3, 'a' * -1, '1' * 0, 3 * [1,2]]
[n == 5.0, n == '5', true == 1, 1 == true, 0 == false, '' == false]
[1 < 2 < 3, 3 > 2 > 2, 'a' < 'b', [1,2] < [1,3], [1] < [1,2], (1,) < (2,)]
[n in l, 3 in l, 'ell' in s, 'x' not in s, 'a' in d]
[not n, not none, not not n]
[n and s, es or 'dflt', none and 1]
[s if t else 'no']
s if not t
(s if not t) is defined
[l[0], l[-1], l[5] is defined, l[::-1], l[1:], l[:-1], s[::2], s[1:4], s[-3:], s[::-1]]
[m[0].content[5], m[0].content|length, m[0]['content'][-1]]
[d.a, d['a'], d.items is defined, d['items'], d.b]
d.items()|list
[s.upper(), s.lower(), s.title(), s.swapcase(), s.capitalize()]
[ws.strip(), ws.lstrip() , ws.rstrip()]
['xxaxx'.strip('x'), 'abcabc'.lstrip('ab')]
['a,b,c'.split(','), 'a b  c'.split(), 'a,b,c'.split(',', 1), 'a,b,c'.rsplit(',', 1), ' a b '.split(' ')]
['  x y z '.split(none, 1), '  x y z '.rsplit(none,1), 'abc'.split('b')[-1], ' x '.rsplit(none, 0), ' x y '.split(none, 0)]
[s.startswith('Hel'), s.endswith(('ld','x')), s.find('o'), s.rfind('o'), s.count('l'), s.index('W')]
[s.replace('l','L'), s.replace('l','L',1), 'ab'.replace('','-'), 'ab'.replace('','-',2)]
[','.join(['a','b']), 'abc'.isdigit(), '12'.isdigit(), 'ab'.isalpha(), ' '.isspace(), 'A'.isupper(), 'ab1'.isalnum()]
['a\nb\r\nc'.splitlines(), 'a-b-c'.partition('-'), 'a-b-c'.rpartition('-'), 'x'.zfill(3), '-5'.zfill(4), 'x'.center(6,'*'), 'xy'.center(5), 'x'.ljust(3), 'x'.rjust(3)]
['pre-x'.removeprefix('pre-'), 'x.py'.removesuffix('.py')]
[s|length, l|length, d|length, es|length]
[l|sort, l|sort(reverse=true), ['b','A','c']|sort, ['b','A','c']|sort(case_sensitive=true)]
[l|join, l|join(', '), [1,none,true]|join('-'), m|join(',', attribute='role')]
[l|first, l|last, e|first is defined, s|first, s|last]
[l|reverse|list, s|reverse]
[l|max, l|min, l|sum]
[m|map(attribute='role')|list, l|map('string')|list, ['a','b']|map('upper')|join]
[m|selectattr('role','equalto','user')|list|length, m|rejectattr('role','eq','user')|map(attribute='role')|list]
[l|select('odd')|list, l|reject('odd')|list, [0,1,'']|select|list, l|select('greaterthan', 1)|list]
[m|selectattr('tool_calls')|list|length, m|selectattr('tool_calls','defined')|list|length]
[d|dictsort, d|dictsort(reverse=true), {'B':1,'a':2}|dictsort, {'x':2,'y':1}|dictsort(by='value'), {'B':1,'a':2}|dictsort(true)]
d|items|list
d|tojson
m|tojson
s|tojson
m|tojson(indent=2)
d|tojson(sort_keys=true)
m[0]|tojson(ensure_ascii=true)
[d|tojson(separators=(',',':')), l|tojson(indent=4), []|tojson(indent=2), {}|tojson(indent=2), l|tojson(indent=0), l|tojson(indent='--')]
[1.0,1e22,1e-7,0.1,123456789.123,1e16,1e15,-0.0,100.0,1.5e300]
[1.0,1e22,1e-7]|tojson
[fl, sm, big, 0.1+0.2, 1e100, 5e-324, 123456.789e3]
['abc'|upper, 'ABC'|lower, 'heLLo wOrld-foo (bar) [baz'|title, 'heLLO'|capitalize, "they're"|title, "they're x2y".title()]
['a\nb\n\nc'|indent, 'a\nb'|indent(2, true), 'a\n\nb'|indent(2,false,true), 'a\nb\n'|indent(width='>>'), ''|indent, '\n'|indent]
[s|replace('o','0'), s|replace('o','0',1), 5|replace(5,6)]
['5'|int, '5.7'|int, 'x'|int, 'x'|int(3), '0x1f'|int(base=16), 5.9|int, none|int, '5.5'|float, 'x'|float, true|int, ' 7 '|int]
[2.5|round, 3.5|round, 2.567|round(2), 2.1|round(method='ceil'), 2.9|round(0,'floor'), 5|round, -2.5|round, 1234|round(-2), 2.675|round(2)]
[-5|abs, (-5)|abs, (-2.5)|abs]
[undefinedx|default('d'), none|default('d'), none|default('d', true), es|d('x', true), undefinedx|d]
[undefinedx is defined, undefinedx is none, undefinedx|length, undefinedx|list, undefinedx|string, undefinedx ~ 'a', undefinedx == undefinedy, undefinedx|join, undefinedx|upper]
[undefinedx]
d.missing
d['missing']
[none.x is defined, none['x'] is defined, n.x is defined]
[s is string, n is number, t is number, n is integer, t is integer, f is float, f is integer, t is boolean, d is mapping, l is mapping, l is iterable, s is iterable, n is iterable, d is iterable, l is sequence, d is sequence, s is sequence, d.items() is sequence, none is none, t is true, t is false, 1 is true]
[undefinedx is sequence, undefinedx is iterable, undefinedx is mapping, (l|map('string')) is sequence, (l|map('string')) is iterable, namespace() is mapping, range(3) is sequence]
[n is odd, n is even, n is divisibleby 5, n is divisibleby(3), n is eq 5, n is in [5], n is ne 4, n is gt 4, n is lessthan 6, n is not in [5], s is not none]
['A' is upper, 'a' is lower, n is sameas n, none is sameas none, l is sameas l, [1] is sameas [1]]
[range(5)|list, range(2,8,3)|list, range(5,0,-2)|list, range(3), range(0)|list, range(10)[2], range(10)[::3]|list, range(-3)|list]
[dict(a=1,b=2), dict(d, c=3)]
[(1,2), (1,), (), [1,[2,3]], {'a':{'b':[1]}}, {1:2,none:3}]
['a\'b', 'a"b', 'a\'b"c', 'tab\t\n\\', 'é\u200b\x00\x7f😀\u2028\xa0']
['%s is %d' % ('a', 3), '%5.2f|%-5s|%05d|%x|%%' % (1.234, 'ab', 42, 255), '%s' % n, '%r' % 'x', '%s %s'|format(1,'b'), '%(a)s' % {'a':1}]
['{} {}'.format(1,'b'), '{0}{1}{0}'.format(1,2), '{a}-{b:>5}|{c:.2f}|{d:05d}|{e:,}'.format(a=1,b='x',c=3.14159,d=42,e=1234567), '{{}}'.format(), '{:<6}|{:^6}|{:>6}|{:*^7}'.format('a','b','c','d')]
['{:x} {:b} {:%} {:e} {:g}'.format(255,5,0.25,12345.678,0.0001), '{0[a]} {1[0]}'.format(d, l), '{!r}'.format('a'), '{:+d} {: d} {:08.3f}'.format(3,4,3.14159), '{:5}|{:<5}|'.format(1,2), '{:>4}'.format(true)]
['<b>'|e, '<b>'|safe, '<a>'|safe + '<b>', '<b>' + '<a>'|safe, ('<a>'|safe)|upper, ('a'|safe) ~ '<', ['<']|join('a'|safe), ('<a> '|safe)|trim + '<', "'"|escape, ('x'|safe) is escaped, ['x'|safe]]
'<a>'|safe + '<b>' ~ '<'
"Use '"|safe + s + "'\n"|safe + d|tojson
[l|unique|list, [1,1,2]|unique|list, ['a','A']|unique|list]
[l|batch(2)|list, l|batch(2,0)|list, m|groupby('role')|list|length, 'a b c'|wordcount]
[m[1].tool_calls[0].function.arguments|string, m[1].tool_calls|tojson]
[strftime_now('%d %b %Y'), strftime_now('%Y-%m-%d %H:%M:%S %A %B %j %p %I %y %a %% %e %-d %F %T %D %U %W %V %u %w')]
namespace(a=1).a
[namespace(a=1)['a'], namespace().zz is defined]
[s.foo is defined, s['upper'] is defined, s.upper is callable]
'x' if l is defined and l|length > 2 else 'y'
l|length > 2 and s|length == 11
not l|length == 3
'a' 'b' "c"
[1_000, 0x1f, 0b11, 0o17, 1e3, 1.5e-3, 00]
[-1|abs, -n, +n, --n]
[(l)[0], l.0, m.0.role]
'\u00e9\x41\101\n\q\''
foo()
s()
none()
1 + 'a'
'a' + 1
'a' + none
[] + {}
1 < 'a'
none < 1
1 in 5
1 in 'a'
none in 'a'
d[[1]] is defined
1/0
5 % 0
5.0 // 0
undefinedx.y
undefinedx + 1
undefinedx['a']
undefinedx()
-undefinedx
undefinedx < 1
undefinedx|tojson
undefinedx|int
undefinedx[1:]
l|map('string')|length
(l|map('string'))[0] is defined
(l|map('string')|list)[0]
l|nosuch
l is nosuch
[none|upper, none|trim, 5|trim]
none|length
5|length
5|list
none|list
[d|list, d|first, d|join(','), s|list, s|sort]
l|sort(attribute='x')
m|sort(attribute='role')|map(attribute='role')|list
[{'a':1}.get('b'), d.get('a'), d.get('zz', 7), d.get('a', 1)]
[{'a':1} == {'a':1.0}, [1,2]==(1,2), [1]==[1], 'a' in ['a'], 1 in (1,2), none in [none], d == d]
s == 'Hello World' and n >= 5 or false
[true and false or 1, 1 if 0 else 2 if 0 else 3]
['abc'[10:], 'abc'[-10:2], 'abc'[5] is defined, ''[0] is defined, [1,2,3][-5:2], [1,2,3][2:0:-1], [1,2,3][:-5:-1], 'abcdef'[4:1:-2]]
[m[-1:][0].role, m[:1][0]['role'], m[0:2:1]|length]
['aXbX'.split('X'), ''.split(','), ''.split(), 'é😀x'|length, 'é😀x'[1], 'é😀x'[::-1], '😀'.find('x'), 'a😀x'.find('x'), 'a😀x'[2:], 'a😀x'[-2]]
"a" ~ ("b" if false)
[[1,2,3]|sum(start=10)]
[[1,2],[3]]|sum(start=[])
[[3,1]|min, ([]|min) is defined]
['ab'|list|tojson, ('a','b')|tojson]
d.items()|tojson
range(2)|tojson
[l.index(1), l.count(3)]
l.index(99)
l|string|length
['%d' % 3.7, '%s' % none, '%s' % [l]]
'%s %s' % 'a'
'%d' % 'a'
'{}'.format()
'{a}'.format(b=1)
[true + true, -true, true * 3]
2 is even and 3 is odd
'a' is in 'abc'
s.title().lower().split()[0]
m|length - 1
(m|length) - 1
-m|length
'a' ~ 'b' * 2 ~ 'c'
[1 - 1 - 1, 8 / 4 / 2]
10 - 2 ~ 3
[[1,2,][0], {'a':1,}.a, (1,2,)|length, dict(a=1,).a]
1,2
[1,2]|map('string')|map('upper')|join
'a' if
1 +
[1
foo.
'abc
a b
{'a' 1}
f(a=1, 2)
l[
-'a'
'a' - 'b'
{} < {}
{[1]: 2}
l[none:2]
l['a'] is defined
s[1.5] is defined
l[true]
range(1000000)
9**9**9**9
'x'.split('')
[1]|join(none)
none ~ none
m|map(attribute='tool_calls.0.function.name')|list
m|map(attribute='zz', default='q')|list
[{'a':{'b':[5]}}]|map(attribute='a.b.0')|list
dict([['a',1],['b',2]])
['a'|capitalize|center(5), 'ab'|format]
d|dictsort|first|first
d|length|string + 'x'
(l|first)|string
l | first ~ 'x'
s is string and s|length
s.split(' ')|map('length')|list
s.split()|first|lower
['x'] is iterable and ['x'] is not mapping
"\"" ~ '\\' ~ "\/"
-1 ** 2
1 is number is defined
d.items()|first
loop is defined
[none, true, false, None, True, False]
m[0].content.split('<')[0]|trim|length
m[1].content is none
m[1].content or 'alt'
m[1].missing or 'alt'
m[1]['tool_calls'][0]['function']['arguments']['y'][2].z is none
('a' in d and d.a) ~ ''
'a'.join('xyz')
'é'.upper() ~ 'ÀÉ'|lower ~ 'straße'|lower
'a\tb'|tojson ~ '\x01\x1f\x7f\u2028'|tojson
{'a':1,'b':{'c':[]}}|tojson(indent=2)
big * big
[7.0 % 3, 2**0.5, 10**20, 1e3|int, 1e20|int]
(1,2) + (3,)
[1] + (2,)
s|list|unique|join
'%s' % ('a',)
'%c%i' % ('x', 3)
'a' * 3 ~ 'b'
'x' is sameas 'x'
l|sort|first
"{}".format(1.0) ~ "{:.3}".format('abcdef') ~ "{:.3g}".format(1234.5)
"""

TEMPLATES = r"""
{% for x in l %}{{ x }},{% endfor %}
{% for x in e %}{{ x }}{% else %}none{% endfor %}
{% for x in l if x > 1 %}{{ loop.index }}/{{ loop.length }}:{{ x }} {% endfor %}
{% for k, v in d.items() %}{{k}}={{v}};{% endfor %}
{% for k, v in d|items %}{{k}}={{v}};{% endfor %}{% for a, (b, c) in [(1,(2,3))] %}{{a}}{{b}}{{c}}{% endfor %}
{% for x in l %}{{ loop.index }}{{ loop.index0 }}{{ loop.first }}{{ loop.last }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.previtem }}|{{ loop.nextitem }}{{ loop.depth }}{{ loop.cycle('a','b') }}{{ loop.changed(x > 1) }} {% endfor %}
{% for x in tree recursive %}{{ x.v }}({{ loop(x.c) }}){{ loop.depth }}{% endfor %}
{% set x = 1 %}{% for i in l %}{% set x = x + i %}{{ x }} {% endfor %}{{ x }}
{% set ns = namespace(x=1) %}{% for i in l %}{% set ns.x = ns.x + i %}{% endfor %}{{ ns.x }}
{% set a, b = 1, 2 %}{{ a }}{{ b }}{% set (c, d2) = (3, 4) %}{{c}}{{d2}}
{% set x %}block {{ n }}{% endset %}[{{ x }}]{% set y | upper %}abc{{ s }}{% endset %}{{ y }}{% set z | upper | replace('A','_') %}abc{% endset %}{{ z }}
{% macro f(a, b=2, c='z') %}{{ a }}{{ b }}{{ c }}{% endmacro %}{{ f(1) }} {{ f(1, c=3) }} {{ f(b=5, a=4) }} {{ f() }} {{ f(1,2,3)|upper }}
{% macro f(a) %}{{ a }}{% endmacro %}{{ f(1, 2) }}
{% macro f(a) %}{{ a }}{% endmacro %}{{ f(b=2) }}
{% macro f(a, b=a) %}{{ b }}{% endmacro %}{{ f(3) }}
{% macro fact(n) %}{% if n <= 1 %}1{% else %}{{ n }}*{{ fact(n - 1) }}{% endif %}{% endmacro %}{{ fact(5) }}
{% macro outer() %}<{{ caller() }}>{% endmacro %}{% call outer() %}in {{ n }}{% endcall %}
{% macro outer() %}<{{ caller(1, 2) }}>{% endmacro %}{% call(a, b) outer() %}{{ a }}+{{ b }}{% endcall %}
{% filter upper %}abc {{ s }}{% endfilter %}{% filter replace('a','b')|trim %} a {% endfilter %}|
{% with a = 1, b = 2 %}{{ a }}{{ b }}{% set n = 9 %}{{ n }}{% endwith %}{{ n }}{{ a }}
{% for x in l %}{% if x == 1 %}{% continue %}{% endif %}{{ x }}{% endfor %}{% for x in l %}{% if x == 1 %}{% break %}{% endif %}{{ x }}{% else %}no{% endfor %}
{% if n == 1 %}a{% elif n == 2 %}b{% else %}c{% endif %}
{% if n %}{% set q = 1 %}{% endif %}{{ q }}{{ zz }}
{% generation %}{{ s }}{% set g = 1 %}{{ g }}{% endgeneration %}{{ g }}
{% raw %}{{ x }}{% y %}{% endraw %}|{%- raw -%}  a {%- endraw -%}  b
{# comment {{ x }} #}a{#- c -#} b {#+ d +#}
{% set x = 1 -%}   a   {%- if true %} b {% endif -%}   c
{{ "}}" }}{{ '%}' }}{{ {'a':{'b':1}}.a }}
{% macro f() %}{{ x }}{% endmacro %}{% set x = 1 %}{{ f() }}{% set x = 2 %}{{ f() }}
{% macro f() %}{% set x = 5 %}{{ x }}{% endmacro %}{% set x = 1 %}{{ f() }}{{ x }}
{% for i in l %}{% macro g() %}{{ i }}{% endmacro %}{{ g() }}{% endfor %}
{% for i in l %}{{ loop.index }}{% for j in l %}{{ loop.index }}{{ i }}{% endfor %}{% endfor %}
{% set loop = 5 %}{{ loop }}{% for i in l %}{{ loop.index }}{% endfor %}{{ loop }}
{% print 1, 2 %}{% print s %}
{% for m2 in m %}{{ m2.role }}{% if not loop.last %}, {% endif %}{% endfor %}
{% for m2 in m[::-1] %}{{ m2.role }}{{ m2 == m[0] }}{% endfor %}
{% for x in s %}{{ x }}.{% endfor %}{% for x in d %}{{ x }}{% endfor %}
{% for x in 5 %}{% endfor %}
{% for x in none %}{% endfor %}
{% for x in undefinedx %}{% else %}E{% endfor %}
{% for a, b in [1] %}{% endfor %}
{% for a, b in [(1,2,3)] %}{% endfor %}
{% set d.x = 1 %}
{% set q.x = 1 %}
{% if %}{% endif %}
{% if x %}
{% endif %}
{% for x in l %}{% endif %}
{% foo %}
{{ x
{% set x = %}
{# open
{% raw %} open
{% endmacro %}
{% macro f(a=1, b) %}{% endmacro %}
{% break %}
{% set true = 1 %}
{{ raise_exception('no way') }}
{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}
{% set x = namespace() %}{% set x.a = [] %}{% for i in l %}{% set x.a = x.a + [i * 2] %}{% endfor %}{{ x.a }}
{% set it = l|map('string') %}{% for i in it %}{{ i }}{% endfor %}{% for i in it %}{{ i }}{% endfor %}{{ 1 if it }}
{%- for x in l -%} {{ x }} {%- endfor -%}
  {% if true %}  
  a
  {% endif %}  
b
{%+ if true +%}
x{% endif %}
a
    {# c #}
  b
    {{ n }}
{% if true -%}
   x
{%- endif %}
{% set x = [1,2,
3] %}{{ x }}
{{ [x for x in l] }}
{% set f = joiner(', ') %}{% for x in l %}{{ f() }}{{ x }}{% endfor %}
{{ {'a': 1, 'b': [1, 2]}['b'][1] }}
{{ (1 if n else 2) ~ ('a' if not n else 'b') }}
{% if s is string and s not in ['a'] and not (n > 5) %}ok{% endif %}
{% for x in range(3) %}{% for y in range(3) %}{% if y == 1 %}{% break %}{% endif %}{{ x }}{{ y }} {% endfor %}{% endfor %}
{% set a = 1 %}{% set b = a %}{% if b %}{% for i in [1] %}{% set b = 7 %}{% endfor %}{% endif %}{{ b }}
{%- set messages = m -%}{{ messages|length }}{% for mm in messages %}{% set messages = [] %}{{ messages|length }}{% endfor %}{{ messages|length }}
{{ n is defined }}{{- n is not defined -}} {{ loop }}
{% for x in l %}{{ x if loop.first else '-' ~ x }}{% endfor %}
{% macro a(x) %}[{{ x }}]{% endmacro %}{% macro b(x) %}{{ a(x) }}{{ a(x ~ 1) }}{% endmacro %}{{ b('q') }}
{% macro f(x, kw={}) %}{{ kw.get('a', 'none') }}{% endmacro %}{{ f(1) }}{{ f(1, {'a': 2}) }}{{ f(1, kw={'a': 3}) }}
{{ '\n' }}{{ "a\
b" }}
{% if n == 2 %}{{ '' }}
two
{% endif %}
end
   {{- n -}}   x
{{ '''a''' }}
{%-if true-%} a {%-endif-%}
{{-1}}{{ -1}}{{+1}}
{%if n%}a{%else%}b{%endif%}
{{ 1.5.x }}
{{ [1,2].0 }}{{ m.0.role }}{{ m[0].role.0 }}
{{ '{{' }}{{ '#}' }}{# '}}' #}
{% set x = '%}' %}{{ x }}
"""

LINES = [
    '  {% if true %}  \n  a\n  {% endif %}  \nb\n',
    '{%+ if true +%}\nx{% endif %}\n\n',
    'a\n    {# c #}\n  b\n    {{ n }}\n  {% set x=1 %}\n\n',
    '{% if true -%}\n\n   x\n{%- endif %}\n\n',
    '{% set x = [1,2,\n3] %}{{ x }}',
    "{% if n == 2 %}{{ '' }}\n\ntwo\n{% endif %}\nend\n\n",
    'a\r\nb\rc\n{% if true %}\r\nx\r\n{% endif %}',
    '\n\n{%- set x=1 -%}\n\n a',
    '{% for x in l %}\n  {{ x }}\n{% endfor %}\n',
    '\t{% for x in l %}\n\t\t{%- if x %}\n\t{{ x }}\n\t\t{%- endif %}\n{% endfor %}\n',
    '{{ "a\\\nb" }}',
    'x {%- raw %} a {% endraw %} y\n  {% raw %}\n q\n  {% endraw %}\n z',
    '{#- a -#}\n\n  b\n {#- c #}\n d',
    '{% for x in l -%}\n {{ x }}\n{% endfor -%}\n.',
    'a {% if true %} b {% endif %} c\n   {%+ if true %} d {% endif %}\n',
    '{{ n }}\n{{ n }}\n\n{{ n }}',
    "{{ 'a' if n == 2 else\n 'b' }}",
    "{{ {\n'a': 1\n} }}",
]


class Generation(jinja2.ext.Extension):
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_pass"), [], [], body).set_lineno(line)

    def _pass(self, caller):
        return caller()


def tojson(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def raise_exception(message):
    raise jinja2.TemplateError(message)


def main():
    environment = jinja2.sandbox.ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols])
    environment.filters["tojson"] = tojson
    environment.globals["raise_exception"] = raise_exception
    environment.globals["strftime_now"] = datetime.datetime(2026, 3, 5, 14, 7, 9).strftime
    sources = ["{{ " + line + " }}" for line in EXPRESSIONS.strip("\n").split("\n")] + TEMPLATES.strip("\n").split("\n") + LINES
    cases = []
    for source in sources:
        try:
            cases.append([source, environment.from_string(source).render(json.loads(json.dumps(VARIABLES)))])
        except Exception:
            cases.append([source, None])
    print("{\n\"variables\": " + json.dumps(VARIABLES) + ",\n\"cases\": [")
    print(",\n".join(json.dumps(case) for case in cases))
    print("]}")


main()
