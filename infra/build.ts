import { type App, Tags } from 'aws-cdk-lib/core';
import { CoreStack } from './core.ts';
import { HouseRules } from './houseRules.ts';
import { OperationsStack } from './operations.ts';
import { defaultStage, type Settings, SettingsRefused, settingsOf } from './settings.ts';

export interface Built {
  readonly app: App;
  readonly core: CoreStack;
}

/** The account and region of the credentials in use. Without them the templates fit any account and region. */
export interface Target {
  readonly account?: string;
  readonly region?: string;
}

/**
 * The whole app, not yet synthesized. The stage comes from the context value `stage` (default `prod`); single settings can be changed by
 * the context value `settings`, a JSON object (`cdk deploy -c settings='{"logRetentionDays":7}'`), and by `overrides`.
 * @throws SettingsRefused
 */
export const build = (app: App, overrides: Partial<Settings> = {}, target: Target = {}): Built => {
  const stage: unknown = app.node.tryGetContext('stage') ?? defaultStage;
  const settings = settingsOf(String(stage), { ...contextSettings(app.node.tryGetContext('settings')), ...overrides });
  const region = settings.region ?? target.region;
  const core = new CoreStack(app, 'core', {
    settings,
    stackName: `aegis-${stage}-core`,
    description: 'Aegis: decides every payment, stores what was decided',
    env: { ...target, ...(region === undefined ? {} : { region }) },
  });
  // LocalStack and MiniStack take the core alone.
  if (stage !== 'local') {
    new OperationsStack(app, 'operations', {
      settings,
      core,
      stackName: `aegis-${stage}-operations`,
      description: 'Aegis: dashboard, alarms over alarms, firewall and budget',
      env: { ...target, ...(region === undefined ? {} : { region }) },
    });
  }
  HouseRules.guard(app);
  Tags.of(app).add('application', 'aegis');
  Tags.of(app).add('stage', String(stage));
  return { app, core };
};

const contextSettings = (given: unknown): Partial<Settings> => {
  if (given === undefined) return {};
  try {
    const parsed: unknown = JSON.parse(String(given));
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed;
  } catch (cause) {
    throw new SettingsRefused([`context settings: given ${String(given)}, allowed: a JSON object`], { cause });
  }
  throw new SettingsRefused([`context settings: given ${String(given)}, allowed: a JSON object`]);
};
