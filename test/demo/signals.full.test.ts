import { describe, expect, it } from 'vitest';
import { startDemo } from './start-demo.ts';

describe('npm run demo', () => {
  it('ends cleanly in the middle of its start, when its terminal closes', async () => {
    const demo = startDemo({ PORT: '0' });
    await demo.said('starting ClickHouse');
    demo.child.kill('SIGHUP');
    expect(await demo.exited).toEqual([0, null]);
    expect(await demo.leftovers()).toEqual([]);
  }, 120_000);

  it('ends cleanly when SIGINT comes twice, as npm passes Ctrl-C on', async () => {
    const demo = startDemo({ PORT: '0' });
    await demo.said('GraphiQL');
    demo.child.kill('SIGINT');
    await new Promise((resolve) => setTimeout(resolve, 50));
    demo.child.kill('SIGINT');
    expect(await demo.exited).toEqual([0, null]);
    expect(await demo.leftovers()).toEqual([]);
  }, 120_000);
});
