import { feedWhileQuerying } from './feed-while-querying.ts';
import { hostile } from './hostile.ts';
import { testScenarios } from './in-tests.ts';
import { leavers } from './leavers.ts';
import { neighbour } from './neighbour.ts';
import { poison } from './poison.ts';
import { soak } from './soak.ts';

testScenarios([poison, hostile, feedWhileQuerying, leavers, neighbour, soak]);
