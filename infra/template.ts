import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib/core';
import { build } from './build.ts';
import type { Settings } from './settings.ts';

/** Context of a synthesis that bundles no function: fast, and needs no handler. */
export const withoutBundling = { 'aws:cdk:bundling-stacks': [] };

export interface CloudFormationResource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
}

export interface CloudFormationTemplate {
  readonly Resources: Readonly<Record<string, CloudFormationResource>>;
  readonly Outputs?: Readonly<Record<string, { readonly Value: unknown }>>;
}

/** The core stack's template, made in this process and without bundling: what the local runner and the tests read. */
export const synthesizeTemplate = (stage = 'local', overrides: Partial<Settings> = {}): CloudFormationTemplate => {
  const outdir = mkdtempSync(join(tmpdir(), 'aegis-synth-'));
  try {
    const app = new App({ outdir, context: { ...withoutBundling, stage } });
    const { core } = build(app, overrides);
    return app.synth().getStackArtifact(core.artifactId).template as CloudFormationTemplate;
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
};
