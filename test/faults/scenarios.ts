import { bufferDamage } from './buffer-damage.ts';
import { cuts } from './cuts.ts';
import { disk } from './disk.ts';
import { feedWhileQuerying } from './feed-while-querying.ts';
import { hostile } from './hostile.ts';
import { kills } from './kills.ts';
import { leavers } from './leavers.ts';
import { neighbour } from './neighbour.ts';
import { outage } from './outage.ts';
import { poison } from './poison.ts';
import { replace } from './replace.ts';
import { rollupKills } from './rollup-kills.ts';
import type { Scenario } from './scenario.ts';
import { soak } from './soak.ts';

/** Every way in which the program is broken, in the order of the promises. */
export const scenarios: readonly Scenario[] = [
  kills,
  cuts,
  bufferDamage,
  disk,
  outage,
  poison,
  hostile,
  replace,
  rollupKills,
  feedWhileQuerying,
  leavers,
  neighbour,
  soak,
];
