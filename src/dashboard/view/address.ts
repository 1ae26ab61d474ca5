/** An address with its parameters as people read them: commas, bars and colons need no escape. */
export function addressOf(path: string, search: URLSearchParams): string {
  const text = search.toString().replaceAll('%2C', ',').replaceAll('%7C', '|').replaceAll('%3A', ':');
  return text === '' ? path : `${path}?${text}`;
}
