import { required, type Services } from '../../shared/adapters/aws/services.ts';
import { snsTopic } from '../../shared/adapters/aws/topic.ts';
import { aboutReason, tell } from '../../shared/alerts/gate.ts';
import {
  type AlertMessage,
  failedRunMessage,
  oldModelMessage,
  overdueMessage,
  type SystemAlert,
} from '../../shared/alerts/message.ts';
import type { Log } from '../../shared/edge/log.ts';
import type { Clock, TableStore, Topic } from '../../shared/ports/ports.ts';
import { defaultTenant, env } from '../../shared/store/names.ts';
import { CheckpointRefused, type CheckpointResult } from './checkpoint.ts';

export interface RunAlertsDependencies {
  readonly table: TableStore;
  readonly clock: Clock;
  readonly topics: Readonly<Record<SystemAlert, Topic>>;
  readonly consoleUrl: string | null;
  readonly modelAgeMsMax: number;
  readonly lagMsMax: number;
  readonly log: Log;
}

/** Alerts of one run. Each method returns how many people were not told of through a failure, each logged. */
export interface RunAlerts {
  failed(error: unknown): Promise<number>;
  done(result: CheckpointResult, modelAgeMs: number | null): Promise<number>;
}

/** Tells people, where the default tenant's policy wants it, of runs that fail, of late checkpoints and of an old model in force. */
export const runAlerts = ({
  table,
  clock,
  topics,
  consoleUrl,
  modelAgeMsMax,
  lagMsMax,
  log,
}: RunAlertsDependencies): RunAlerts => {
  const told = async (kind: SystemAlert, about: string, message: AlertMessage): Promise<number> => {
    try {
      // What reads and compiles policies is loaded by the first alert: most runs call for none.
      const { alertChoice } = await import('../../shared/alerts/choice.ts');
      if (!(await alertChoice(table, defaultTenant, clock.nowMs()))[kind]) return 0;
      const subject = { tenant: defaultTenant, kind, about, occasion: String(clock.nowMs()) };
      await tell({ table, clock, topic: topics[kind] }, subject, message);
      return 0;
    } catch (error) {
      log('warn', 'alert not told', { kind, about, error });
      return 1;
    }
  };
  return {
    failed: (error) => {
      const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
      return told('verifier', aboutReason(text), failedRunMessage(text, error instanceof CheckpointRefused, consoleUrl));
    },
    done: async ({ lagMs }, modelAgeMs) => {
      let failed = 0;
      if (lagMs > lagMsMax) failed += await told('verifier', 'lag', overdueMessage(lagMs, lagMsMax, consoleUrl));
      if (modelAgeMs !== null && modelAgeMs > modelAgeMsMax)
        failed += await told('model', 'age', oldModelMessage(modelAgeMs, modelAgeMsMax, consoleUrl));
      return failed;
    },
  };
};

/** The same with this process's services, topics, limits and console. */
export const environmentAlerts = ({ table, clock }: Pick<Services, 'table' | 'clock'>, log: Log): RunAlerts =>
  runAlerts({
    table,
    clock,
    topics: {
      model: snsTopic({ arn: required('modelTopic') }),
      verifier: snsTopic({ arn: required('verifierTopic') }),
    },
    consoleUrl: process.env[env.consoleUrl] ?? null,
    modelAgeMsMax: Number(required('modelAgeAlarmHours')) * 3_600_000,
    lagMsMax: Number(required('checkpointLagAlarmMinutes')) * 60_000,
    log,
  });
