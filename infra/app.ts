import { App } from 'aws-cdk-lib/core';
import { build } from './build.ts';
import { checkWithPacks } from './packs.ts';

const { CDK_DEFAULT_ACCOUNT: account, CDK_DEFAULT_REGION: region } = process.env;

const built = build(new App(), {}, { ...(account ? { account } : {}), ...(region ? { region } : {}) });
checkWithPacks(built);
built.app.synth();
