import { Code } from 'aws-cdk-lib/aws-lambda';
import { Stack } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import { bundleStage } from './bundle.ts';

/** The bundled handler of a stage, or a placeholder when this synthesis does not bundle (tests, the local stack). */
export const codeOf = (scope: Construct, stage: string): Code =>
  Stack.of(scope).bundlingRequired ? Code.fromAsset(bundleStage(stage)) : Code.fromInline('throw new Error("not bundled");');
