import { setPriority } from 'node:os';

/** Nice value: about a third of the processor that another thread gets while both want it. */
const backgroundPriority = 5;

/** For a thread that nobody waits for. Elsewhere than on Linux this would hold back the whole process instead, so there it does nothing. */
export const leaveProcessorsToOthers = (): void => {
  if (process.platform === 'linux') setPriority(backgroundPriority);
};
