import { builder } from './builder.ts';

/** The argument of whatever shows money. */
export const currencyArgument = builder.args((t) => ({
  currency: t.string({
    description:
      'ISO 4217 code of the currency that money is converted into, each row at the rate of its own day, or of the latest of the seven days before. Default: REPORTING_CURRENCY once there are exchange rates. Without any, money stays in the currency of the records.',
  }),
}));
