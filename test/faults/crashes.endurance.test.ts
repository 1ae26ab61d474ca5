import { testScenarios } from './in-tests.ts';
import { kills } from './kills.ts';
import { replace } from './replace.ts';
import { rollupKills } from './rollup-kills.ts';

testScenarios([kills, replace, rollupKills]);
