import { readFile } from 'node:fs/promises';
import { type Document, LineCounter, parseDocument } from 'yaml';
import { UtmqlError } from '../errors.ts';

/** Which file of the configuration it is. */
export interface FileName {
  /** The variable that names it. */
  readonly variable: string;
  /** What it is in sentences: `sources file`. */
  readonly what: string;
  readonly file: string;
}

/** A file without errors of syntax. */
export interface YamlFile {
  readonly content: unknown;
  /** The nodes, which know where they are. */
  readonly contents: unknown;
  lineAt(offset: number): number;
}

/** @throws UtmqlError CONFIGURATION that lists every error of syntax with its line, and quotes nothing of the file */
export async function readYamlFile(name: FileName): Promise<YamlFile> {
  const lines = new LineCounter();
  const document = parseDocument(await textOf(name), {
    lineCounter: lines,
    prettyErrors: false,
    merge: true,
  });
  const lineAt = (offset: number): number => lines.linePos(offset).line;
  if (document.errors.length > 0) {
    throw wrongFile(
      name,
      document.errors.map(
        ({ pos, code, message }) =>
          `line ${lineAt(pos[0])}: ${quotingErrors.has(code) ? `this is no YAML (${code})` : message}`,
      ),
    );
  }
  return { content: contentIn(document, name), contents: document.contents, lineAt };
}

/** Tells all problems of a file at once. */
export const wrongFile = (
  { what, file }: FileName,
  problems: readonly string[],
  cause?: unknown,
): UtmqlError =>
  new UtmqlError(
    'CONFIGURATION',
    `The ${what} ${file} is wrong:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`,
    { cause },
  );

async function textOf({ variable, file }: FileName): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
    const reason = code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${code})`;
    throw new UtmqlError('CONFIGURATION', `${variable} (${file}): ${reason}.`, { cause });
  }
}

function contentIn(document: Document.Parsed, name: FileName): unknown {
  try {
    return document.toJS() ?? {};
  } catch (cause) {
    // The library's message is not repeated: it quotes the file.
    throw wrongFile(
      name,
      ['an alias (*) has no anchor (&), or aliases of aliases grow beyond bounds'],
      cause,
    );
  }
}

/** Errors whose message quotes the file. */
const quotingErrors: ReadonlySet<string> = new Set([
  'BAD_ALIAS',
  'BAD_DIRECTIVE',
  'BAD_DQ_ESCAPE',
  'IMPOSSIBLE',
  'TAG_RESOLVE_FAILED',
  'UNEXPECTED_TOKEN',
]);
