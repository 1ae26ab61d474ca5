import { execFile, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { Webhook } from 'standardwebhooks';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keyOfSecret, signedHeaders } from '../../src/webhooks/signature.ts';

const run = promisify(execFile);
const page = await readFile(new URL('../../docs/sink.md', import.meta.url), 'utf8');
const codeIn = (language: string): string =>
  new RegExp(`\`\`\`${language}\\n(import [\\s\\S]*?)\`\`\``).exec(page)?.[1] ?? '';
const textOf = (name: string): string => new RegExp(`${name}: (\\S+)`).exec(page)?.[1] ?? '';

const secrets = [
  `whsec_${Buffer.from('a key that is thirty-two bytes!!').toString('base64')}`,
  'a secret of words, which is long enough — €',
];
const body = JSON.stringify({ test: 'é€😀', rows: [1.5, null] });
const now = () => Math.floor(Date.now() / 1_000);
const sign = (secret: string, seconds = now()) =>
  signedHeaders({ id: 'msg_1', body }, [keyOfSecret(secret) ?? Buffer.alloc(0)], seconds);

type Verify = (body: string, headers: Readonly<Record<string, string>>, secret: string) => Promise<unknown>;

let folder: string;
const verifiers: Record<string, Verify> = {
  library: async (text, headers, secret) =>
    (secret.startsWith('whsec_')
      ? new Webhook(secret)
      : new Webhook(Buffer.from(secret), { format: 'raw' })
    ).verify(text, { ...headers }),
  async TypeScript(text, headers, secret) {
    const module = (await import(pathToFileURL(join(folder, 'verify.mjs')).href)) as {
      verify: (...given: unknown[]) => unknown;
    };
    return module.verify(text, headers, secret);
  },
  async Python(text, headers, secret) {
    python ??= startPython(folder);
    const answer = await python.ask(JSON.stringify([text, headers, secret]));
    if (answer === 'refused') throw new Error(answer);
    return JSON.parse(answer) as unknown;
  },
};
let python: ReturnType<typeof startPython> | undefined;

/** A process of its own takes seconds to start on some machines: one for all questions, each a line. */
function startPython(cwd: string) {
  const loop = `import json, sys
from verify import verify
for line in sys.stdin:
    text, headers, secret = json.loads(line)
    try:
        print(json.dumps(verify(text.encode(), headers, secret)), flush=True)
    except ValueError:
        print("refused", flush=True)`;
  const child = spawn('python3', ['-c', loop], { cwd, stdio: ['pipe', 'pipe', 'inherit'] });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async ask(question: string): Promise<string> {
      child.stdin.write(`${question}\n`);
      const { value, done } = await answers.next();
      if (done) throw new Error('Python has ended.');
      return value;
    },
    close: () => void child.stdin.end(),
  };
}

const hasPython = await run('python3', ['--version']).then(
  () => true,
  () => false,
);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'utmql-verify-'));
  const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };
  await writeFile(
    join(folder, 'verify.mjs'),
    ts.transpileModule(codeIn('ts'), { compilerOptions }).outputText,
  );
  await writeFile(join(folder, 'verify.py'), codeIn('python'));
});
afterAll(async () => {
  python?.close();
  await rm(folder, { recursive: true, force: true });
});

describe.each(
  Object.entries(verifiers).filter(([name]) => name !== 'Python' || hasPython),
)('%s', (_name, verify) => {
  it('takes what is signed, by each kind of secret and by each of several', async () => {
    for (const secret of secrets) expect(await verify(body, sign(secret), secret)).toEqual(JSON.parse(body));
    const keys = secrets.flatMap((secret) => keyOfSecret(secret) ?? []);
    const both = signedHeaders({ id: 'msg_1', body }, keys, now());
    for (const secret of secrets) expect(await verify(body, both, secret)).toEqual(JSON.parse(body));
  });

  it('refuses a changed body, id or time, another secret, and what is old', async () => {
    const [secret = '', other = ''] = secrets;
    const headers = sign(secret);
    const wrong: readonly (readonly [string, Readonly<Record<string, string>>, string])[] = [
      [body.replace('1.5', '1.6'), headers, secret],
      [`${body} `, headers, secret],
      [body, { ...headers, 'webhook-id': 'msg_2' }, secret],
      [body, { ...headers, 'webhook-timestamp': String(now() + 1) }, secret],
      [body, { ...headers, 'webhook-signature': '' }, secret],
      [body, { ...headers, 'webhook-signature': 'v1,AAAA' }, secret],
      [body, headers, other],
      [body, sign(secret, now() - 600), secret],
      [body, sign(secret, now() + 600), secret],
      [body, {}, secret],
    ];
    for (const [text, given, by] of wrong)
      await expect(verify(text, given, by), JSON.stringify(given)).rejects.toThrow();
  });
});

it('has a test for others that is right', () => {
  const secret = /whsec_[A-Za-z0-9+/=]{40,}/.exec(page)?.[0] ?? '';
  const headers = signedHeaders(
    { id: 'msg_1', body: '{"test":1}' },
    [keyOfSecret(secret) ?? Buffer.alloc(0)],
    1_754_193_600,
  );
  expect(headers).toMatchObject({
    'webhook-signature': textOf('webhook-signature'),
    'x-signature': textOf('X-Signature'),
  });
});
