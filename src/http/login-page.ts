import { createHash } from 'node:crypto';
import type { Identity } from '../access/caller.ts';
import { escapeHtml } from './escape-html.ts';
import { type Language, loginTexts } from './login-texts.ts';

const styles = `
:root { color-scheme: light dark; --ground: #f4f5f7; --card: #fff; --text: #1c2330; --quiet: #596273; --line: #c3c9d3; --strong: #2f4fd0; --on-strong: #fff; --alert: #b3261e }
@media (prefers-color-scheme: dark) {
  :root { --ground: #12151c; --card: #1b2029; --text: #e8ebf1; --quiet: #a2abbb; --line: #454e5f; --strong: #9db1ff; --on-strong: #10162b; --alert: #ff9d94 }
}
* { box-sizing: border-box }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1rem; background: var(--ground); color: var(--text); font: 1rem/1.5 system-ui, sans-serif }
main { width: 100%; max-width: 26rem; padding: 2rem; background: var(--card); border: 1px solid var(--line); border-radius: .75rem }
h1 { margin: 0; font-size: 1.5rem; letter-spacing: -.01em }
p { margin: .25rem 0 0 }
.quiet { color: var(--quiet); font-size: .9rem }
[role=alert] { margin-top: 1rem; padding: .6rem .8rem; border-left: 4px solid var(--alert); background: var(--ground); overflow-wrap: anywhere }
form { margin-top: 1.5rem }
label { display: block; margin-bottom: .35rem; font-weight: 600 }
input, select, button, .button { width: 100%; min-height: 2.75rem; padding: .5rem .75rem; border: 1px solid var(--line); border-radius: .5rem; background: var(--card); color: inherit; font: inherit }
button, .button { display: block; margin-top: 1rem; border-color: var(--strong); background: var(--strong); color: var(--on-strong); font-weight: 600; text-align: center; text-decoration: none; cursor: pointer }
button.plain { margin: 0; border-color: var(--line); background: none; color: inherit }
a { color: var(--strong) }
:focus-visible { outline: 3px solid var(--strong); outline-offset: 2px }
`;

/** The pages have no scripts, and no styles but these. */
export const loginPolicy = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(styles).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

/** The form that asks for a key or token. */
export function loginPage(options: {
  readonly language: Language;
  /** Where to go then. */
  readonly next: string;
  /** What is wrong. */
  readonly message?: string | undefined;
  /** For those who are logged in. */
  readonly link?: { readonly href: string; readonly text: string } | undefined;
}): string {
  const { language, next, message, link } = options;
  const texts = loginTexts(language);
  return page(
    language,
    texts.login,
    `<p class="quiet">${texts.about}</p>
${message === undefined ? '' : `<p role="alert">${escapeHtml(message)}</p>`}
<form method="post" action="/login">
<input type="hidden" name="next" value="${escapeHtml(next)}">
<label for="key">${texts.key}</label>
<input id="key" name="key" type="password" required autofocus autocomplete="current-password" spellcheck="false" aria-describedby="hint">
<button type="submit">${texts.login}</button>
<p id="hint" class="quiet">${texts.keyHint}</p>
</form>
${link === undefined ? '' : `<p class="quiet"><a href="${escapeHtml(link.href)}">${link.text}</a></p>`}`,
  );
}

/** Who is logged in; lets them choose a workspace and log out. */
export function sessionPage(options: {
  readonly language: Language;
  readonly identity: Identity;
  /** Chosen before. */
  readonly workspace: string;
  readonly next: string;
}): string {
  const { language, identity } = options;
  const texts = loginTexts(language);
  return page(
    language,
    texts.yourLogin,
    `<p>${texts.loggedInAs} <strong>${escapeHtml(identity.name)}</strong> <span class="quiet">(${identity.role})</span></p>
${workspaceForm(options)}
<form method="post" action="/logout"><button type="submit" class="plain">${texts.logOut}</button></form>`,
  );
}

/** Says one thing. */
export const notePage = (language: Language, title: string, message: string): string =>
  page(language, title, `<p role="alert">${escapeHtml(message)}</p>`);

function workspaceForm(options: Parameters<typeof sessionPage>[0]): string {
  const { identity, workspace: chosen, next } = options;
  const { workspaces } = identity;
  const texts = loginTexts(options.language);
  const open = next.startsWith('/graphql') ? texts.openGraphiql : texts.openDashboard;
  if (workspaces !== 'all' && workspaces.length < 2)
    return `<p class="quiet">${texts.workspace}: ${escapeHtml(chosen)}</p>
<a class="button" href="${escapeHtml(next)}">${open}</a>`;
  const field =
    workspaces === 'all'
      ? `<input id="workspace" name="workspace" value="${escapeHtml(chosen)}" required autofocus spellcheck="false" autocomplete="off">`
      : `<select id="workspace" name="workspace" autofocus>${workspaces.map((name) => `<option${name === chosen ? ' selected' : ''}>${escapeHtml(name)}</option>`).join('')}</select>`;
  return `<form method="post" action="/workspace">
<input type="hidden" name="next" value="${escapeHtml(next)}">
<label for="workspace">${texts.workspace}</label>
${field}
<button type="submit">${open}</button>
</form>`;
}

const page = (language: Language, title: string, content: string): string => `<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · utmql</title>
<style>${styles}</style>
</head>
<body>
<main>
<h1>utmql</h1>
${content}
</main>
</body>
</html>
`;
