import { App } from 'aws-cdk-lib/core';
import { build } from './build.ts';

const { CDK_DEFAULT_ACCOUNT: account, CDK_DEFAULT_REGION: region } = process.env;

build(new App(), {}, { ...(account ? { account } : {}), ...(region ? { region } : {}) }).app.synth();
