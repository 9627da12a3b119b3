import type { CloudFormationTemplate } from '../../../infra/template.ts';

/** What a job may take. */
export interface JobLimits {
  readonly timeMs: number;
  readonly memoryMb: number;
}

/** What a person may have to wait for a command, and what a small machine gives it. */
export const commandLimits: JobLimits = { timeMs: 3_600_000, memoryMb: 2_048 };

/** Time and memory of every function, by its stage, as the template gives them. */
export const functionLimits = ({ Resources }: CloudFormationTemplate): ReadonlyMap<string, JobLimits> => {
  const functions = Object.values(Resources).filter(({ Type }) => Type === 'AWS::Lambda::Function');
  return new Map(
    functions.flatMap(({ Properties = {} }) => {
      const stage = /^Aegis: ([\w-]+)$/.exec(String(Properties.Description))?.[1];
      const limits = { timeMs: 1_000 * Number(Properties.Timeout), memoryMb: Number(Properties.MemorySize) };
      return stage === undefined ? [] : [[stage, limits] as const];
    }),
  );
};

/** Throws an Error that names a stage which the template does not have. */
export const limitsOf = (runsIn: string, functions: ReadonlyMap<string, JobLimits>): JobLimits => {
  const limits = runsIn === 'command' ? commandLimits : functions.get(runsIn);
  if (limits === undefined) throw new Error(`the template has no function of the stage ${runsIn}`);
  return limits;
};
