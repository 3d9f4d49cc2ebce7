"""Strings that become a program, a request or another page where markup is made of them."""
ACT = 'window.canary=1'
HOST = '203.0.113.9'  # of a network for documentation: nobody answers
ESCAPE = '\x1b'

# What a name may hold, too: one line without control characters.
IN_NAMES = (
    f'<script>{ACT}</script>',
    f'<img src=x onerror={ACT}>',
    f'"><svg onload={ACT}>',
    f"'><iframe srcdoc=\"<script>parent.{ACT[7:]}</script>\">",
    f'javascript:{ACT}',
    f'<a href="javascript:{ACT}">open the results</a>',
    f'data:text/html,<script>{ACT}</script>',
    f'<style>@import "http://{HOST}/a.css";*{{background:url(http://{HOST}/b)}}</style>',
    f'<link rel=stylesheet href=http://{HOST}/c.css>',
    f'<meta http-equiv=refresh content="0;url=http://{HOST}/d">',
    f'<base href=http://{HOST}/>',
    f'<form action=http://{HOST}/e><button>Log in again</button></form>',
    f'</textarea><script>{ACT}</script>',
    f'</title><script>{ACT}</script>',
    f'</script><script>{ACT}</script>',
    f'<!--<img src="--><img src=x onerror={ACT}>',
    f'${{{ACT}}}',
    f"{{{{constructor.constructor('{ACT}')()}}}}",
    f'`;{ACT};//',
    f"');{ACT};//",
    f'\\u003cscript\\u003e{ACT}\\u003c/script\\u003e',
    f'&lt;script&gt;{ACT}&lt;/script&gt;',
    f'<math><mtext><table><mglyph><style><img src=x onerror={ACT}>',
    f'<details open ontoggle={ACT}>',
    f'<object data="javascript:{ACT}"></object>',
    f'<input autofocus onfocus={ACT}>',
    f'<svg><animate onbegin={ACT} attributeName=x dur=1s>',
    f'<template shadowrootmode=open><img src=x onerror={ACT}></template>',
    '__proto__',
    'constructor',
    '\u202egnp.exe',
    'W' * 200,  # nowhere to break the line
)
# What a log or a build's output may hold.
IN_LOGS = (
    f'{ESCAPE}]8;;javascript:{ACT}{ESCAPE}\\link{ESCAPE}]8;;{ESCAPE}\\',
    f'{ESCAPE}]8;;data:text/html,<script>{ACT}</script>\x07link{ESCAPE}]8;;\x07',
    f'{ESCAPE}]8;;http://{HOST}/"onmouseover="{ACT}{ESCAPE}\\link{ESCAPE}]8;;{ESCAPE}\\',
    f'{ESCAPE}]8;;\tjava\nscript:{ACT}{ESCAPE}\\link{ESCAPE}]8;;{ESCAPE}\\',
    f'{ESCAPE}]8;;//{HOST}/{ESCAPE}\\link{ESCAPE}]8;;{ESCAPE}\\',
    f'{ESCAPE}[38;2;url(http://{HOST}/f);0;0mred{ESCAPE}[0m',
    f'{ESCAPE}[38;5;999999999999999999999mcolour{ESCAPE}[0m',
    f'{ESCAPE}]0;title{ESCAPE}\\{ESCAPE}[2J{ESCAPE}[999;999H{ESCAPE}c{ESCAPE}P+q{ESCAPE}\\',
    f'::group::<img src=x onerror={ACT}>',
    f'--- <img src=x onerror={ACT}>',
    f'\r\r\r<img src=x onerror={ACT}>\r',
    '\x00\x01\x02\x7f\xff'.encode('latin-1').decode('latin-1'),
    f'Traceback (most recent call last): <img src=x onerror={ACT}>',
)
HARM = '''
return [window.canary, document.querySelector('script:not([src]), iframe, object, embed, base, ' +
	'[onerror], [onload], [onclick], [onfocus], [ontoggle], [onbegin], [onmouseover], [srcdoc], ' +
	'a[href^="javascript:" i], a[href^="data:" i], meta[http-equiv], form[action*="//"], style')
	?.outerHTML].filter((found) => found !== undefined);
'''


def as_file_name(text):
    """The same as a file's name: without slashes, of at most 120 bytes."""
    return text.replace('/', '\u2215').encode()[:120].decode('utf-8', 'ignore')
