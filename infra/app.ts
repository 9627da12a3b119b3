import { App } from 'aws-cdk-lib/core';
import { build } from './build.ts';

build(new App()).app.synth();
