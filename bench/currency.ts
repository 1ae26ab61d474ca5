import type { Day } from '../src/records/day.ts';
import { formatDay } from '../src/records/day.ts';
import type { Program } from './program.ts';
import { documentOf, questions, takeTurns } from './questions.ts';
import { ms, percentile, printTable, ratio } from './table.ts';

/** As many as the European Central Bank has. */
const currencies = Array.from(
  { length: 30 },
  (_, index) => `X${String.fromCharCode(65 + (index % 26))}${index % 10}`,
).map((code) => code.replace(/\d/, (digit) => String.fromCharCode(65 + Number(digit))));

/** Asks the questions before there are exchange rates, and in a currency that all money is converted into. */
export async function benchCurrency(program: Program, today: Day): Promise<void> {
  const samplesOf = async (change: (document: string) => string): Promise<number[][][]> => {
    const all: number[][][] = [];
    for (const question of questions) {
      const documents = [false, true].map((useRollups) => change(documentOf(question, today, useRollups)));
      all.push(
        await takeTurns(
          documents.map((document) => () => program.graphql(document)),
          { warm: 20, warmUp: 5 },
        ),
      );
    }
    return all;
  };
  const before = await samplesOf((document) => document);
  await pushRates(program, today);
  const after = await samplesOf((document) => document.replace('metrics(', 'metrics(currency: "EUR", '));
  printTable(
    'Money converted by the rate of each row’s day, from one currency of 31',
    ['question', 'no rollups p50', 'converted p50', 'ratio', 'utmql p50', 'converted p50', 'ratio'],
    questions.map(({ title }, index) => {
      const median = (samples: number[][][], which: number): number =>
        percentile(samples[index]?.[which] ?? [], 0.5);
      return [
        title,
        ...[0, 1].flatMap((which) => [
          ms(median(before, which)),
          ms(median(after, which)),
          ratio(median(after, which) / median(before, which)),
        ]),
      ];
    }),
  );
}

/** Of 400 days, as from the euro. */
async function pushRates({ origin }: Program, today: Day): Promise<void> {
  const rates = Array.from({ length: 400 }, (_, back) => formatDay(today - back)).flatMap((date, index) =>
    ['USD', ...currencies].map((quote, place) => ({
      date,
      base: 'EUR',
      quote,
      rate: Number((1 + place + (index % 17) / 100).toFixed(4)),
    })),
  );
  const response = await fetch(`${origin}/ingest/exchange-rates`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(rates),
  });
  if (!response.ok) throw new Error(`The rates were not taken: ${await response.text()}`);
}
