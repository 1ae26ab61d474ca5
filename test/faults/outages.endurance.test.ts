import { bufferDamage } from './buffer-damage.ts';
import { cuts } from './cuts.ts';
import { disk } from './disk.ts';
import { testScenarios } from './in-tests.ts';
import { outage } from './outage.ts';

testScenarios([cuts, bufferDamage, disk, outage]);
