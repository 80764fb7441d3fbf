import { singleFailures } from './single-failures.ts';
import { worlds } from './worlds.ts';

for (const world of worlds.slice(3, 4)) singleFailures(world);
