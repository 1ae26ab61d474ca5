/** A form without scripts or styles of its own: it works under any content security policy that allows forms to this address. */
export const loginPage = (message: string | undefined): string => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>utmql: log in</title>
<h1>utmql</h1>
${message === undefined ? '' : `<p role="alert">${escapeHtml(message)}</p>\n`}<form method="post" action="/login">
<p><label>API key or token<br><input name="key" type="password" size="70" required autofocus autocomplete="current-password"></label></p>
<p><button type="submit">Log in</button></p>
</form>
<form method="post" action="/logout"><p><button type="submit">Log out</button></p></form>
</html>
`;

const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
