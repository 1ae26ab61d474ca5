import { testScenarios } from './in-tests.ts';
import { kills } from './kills.ts';
import { replace } from './replace.ts';

testScenarios([kills, replace]);
