import { createElement } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { describe, expect, test } from 'vitest';
import Markdown from './markdown.tsx';

const render = (text: string) => renderToStaticMarkup(createElement(Markdown, { text }));

describe('F52: notes in Markdown', () => {
  test('show headings, lists, code and links', () => {
    const html = render('# Site\n\n- one\n- `two`\n\n[runbook](https://wiki.example.org/web)');
    expect(html).toContain('<h3>Site</h3>');
    expect(html).toContain('<li>one</li>');
    expect(html).toContain('<code>two</code>');
    expect(html).toContain('href="https://wiki.example.org/web" target="_blank" rel="noopener noreferrer nofollow"');
  });

  // D9: what others have got into such a field, or tried to.
  test.each([
    '<script>alert(1)</script>',
    '<img src=x onerror=alert(1)>',
    '<svg/onload=alert(1)>',
    '<iframe src="javascript:alert(1)"></iframe>',
    '<a href="javascript:alert(1)">x</a>',
    '[x](javascript:alert(1))',
    '[x](JaVaScRiPt:alert(1))',
    '[x](java\nscript:alert(1))',
    '[x](&#106;avascript:alert(1))',
    '[x](data:text/html,<script>alert(1)</script>)',
    '[x](vbscript:msgbox(1))',
    '[x](//evil.example.org)',
    '![x](javascript:alert(1))',
    '![x](https://evil.example.org/track.png)',
    '<https://evil.example.org" onmouseover="alert(1)>',
    '[x]: javascript:alert(1)\n\n[x]',
    '<style>body{display:none}</style>',
    '<form action=https://evil.example.org><input></form>',
    '`<script>alert(1)</script>`',
    '```html\n<script>alert(1)</script>\n```',
  ])('D9: are harmless as %j', text => {
    const html = render(text);
    expect(html).not.toMatch(/<(script|img|svg|iframe|style|form|input|object|embed)/i);
    expect(html).not.toMatch(/(href|src)="(?!https?:|mailto:)/i);
    expect(html).not.toMatch(/<[^>]+\son\w+=/i);
  });
});
