import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Settings } from '../../infra/settings.ts';
import type { CloudFormationTemplate } from '../../infra/template.ts';
import { LocalProblem, messageOf } from './problem.ts';

export type { CloudFormationResource, CloudFormationTemplate } from '../../infra/template.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Everything that shapes the template: files and folders of TypeScript, and the versions in use. */
const sources = ['infra', 'shared/contract', 'shared/store', 'package.json', 'package-lock.json'];

/**
 * The synthesized template of the stage `local`, with single settings changed or as it is; as it is, it is kept in `.cache` under a hash of
 * its sources, so that a second start does not synthesize. Throws LocalProblem when the app does not synthesize or a setting is refused.
 */
export const localTemplate = async (
  settings?: Partial<Settings>,
  cacheFolder = join(root, '.cache'),
): Promise<CloudFormationTemplate> => {
  if (settings !== undefined) return synthesized(settings);
  const file = join(cacheFolder, `template-${sourcesHash()}.json`);
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as CloudFormationTemplate;
  const template = await synthesized();
  mkdirSync(cacheFolder, { recursive: true });
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, JSON.stringify(template));
  for (const old of readdirSync(cacheFolder))
    if (/^template-\w+\.json$/.test(old)) rmSync(join(cacheFolder, old), { force: true });
  renameSync(draft, file);
  return template;
};

const synthesized = async (settings: Partial<Settings> = {}): Promise<CloudFormationTemplate> => {
  try {
    const { synthesizeTemplate } = await import('../../infra/template.ts');
    return synthesizeTemplate('local', settings);
  } catch (error) {
    if (error instanceof Error && error.name === 'SettingsRefused') throw new LocalProblem(error.message, { cause: error });
    throw new LocalProblem(`the template does not synthesize: ${messageOf(error)}; npm run synth shows where`, { cause: error });
  }
};

const sourcesHash = (): string => {
  const hash = createHash('sha256');
  for (const source of sources) {
    const path = join(root, source);
    const files = source.includes('.')
      ? [path]
      : readdirSync(path, { recursive: true, encoding: 'utf8' })
          .filter((name) => name.endsWith('.ts'))
          .sort()
          .map((name) => join(path, name));
    for (const file of files) hash.update(file.slice(root.length)).update('\0').update(readFileSync(file)).update('\0');
  }
  return hash.digest('hex').slice(0, 16);
};
