import { type App, Tags } from 'aws-cdk-lib/core';
import { CoreStack } from './core.ts';
import { HouseRules } from './houseRules.ts';
import { defaultStage, type Settings, settingsOf } from './settings.ts';

export interface Built {
  readonly app: App;
  readonly core: CoreStack;
}

/** Where the credentials in use lead; left out, the templates fit any account and region. */
export interface Target {
  readonly account?: string;
  readonly region?: string;
}

/**
 * The whole app, not yet synthesized. The stage comes from the context value `stage` (default `prod`).
 * @throws SettingsRefused
 */
export const build = (app: App, overrides: Partial<Settings> = {}, target: Target = {}): Built => {
  const stage: unknown = app.node.tryGetContext('stage') ?? defaultStage;
  const settings = settingsOf(String(stage), overrides);
  const region = settings.region ?? target.region;
  const core = new CoreStack(app, 'core', {
    settings,
    stackName: `aegis-${stage}-core`,
    description: 'Aegis: decides every payment, stores what was decided',
    env: { ...target, ...(region === undefined ? {} : { region }) },
  });
  HouseRules.guard(app);
  Tags.of(app).add('application', 'aegis');
  Tags.of(app).add('stage', String(stage));
  return { app, core };
};
