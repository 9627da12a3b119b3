import { join } from 'node:path';
import { installInto } from '../support/python.ts';

/** What the documented commands call. Not beside MiniStack, which pins another version of a library that both need. */
const packages = ['awscli==1.46.3'];

/** Installs the AWS command line into a folder of its own. Throws NotPossibleHere as `installMinistack`. */
export const installAwsCli = async (folder: string): Promise<void> => {
  await installInto(join(folder, 'aws-cli'), packages);
};

export const awsCliBin = (folder: string): string => join(folder, 'aws-cli', 'bin');
