/** `<target>` and its parameters, whose values may be quoted and then hold anything. */
const link = /<([^<>]*)>((?:\s*;\s*[\w*]+(?:\s*=\s*(?:"[^"]*"|[^\s;,"]*))?)*)/g;
const parameter = /;\s*([\w*]+)(?:\s*=\s*(?:"([^"]*)"|([^\s;,"]*)))?/g;

/**
 * The target of the link with `rel="next"` (RFC 8288), as it stands in the header: `<https://…?page=2>; rel="next"`. Undefined
 * where there is none.
 */
export function nextLink(header: string | readonly string[] | undefined): string | undefined {
  const text = typeof header === 'string' ? header : (header ?? []).join(', ');
  for (const [, target, parameters = ''] of text.matchAll(link)) {
    const relation = [...parameters.matchAll(parameter)].find(([, name]) => name?.toLowerCase() === 'rel');
    const relations = (relation?.[2] ?? relation?.[3] ?? '').toLowerCase().split(/\s+/);
    if (relations.includes('next')) return target;
  }
  return undefined;
}
