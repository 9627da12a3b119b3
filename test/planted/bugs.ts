import type { Bug } from './bug.ts';
import { domainBugs } from './domainBugs.ts';
import { entityBugs } from './entityBugs.ts';
import { writePathBugs } from './writePathBugs.ts';

export const bugs: readonly Bug[] = [...writePathBugs, ...domainBugs, ...entityBugs];
