import { cuts } from './cuts.ts';
import { testScenarios } from './in-tests.ts';
import { kills } from './kills.ts';

testScenarios('brief', [kills, cuts]);
