import {
  GetAliasCommand,
  LambdaClient,
  ListFunctionsCommand,
  ListVersionsByFunctionCommand,
  UpdateAliasCommand,
} from '@aws-sdk/client-lambda';
import type { Connection } from '../../shared/adapters/aws/client.ts';
import { inParallel } from '../../shared/store/parallel.ts';

/** A deployed function, the version that its callers get, and those that they could get. */
export interface LiveFunction {
  readonly name: string;
  readonly live: number;
  /** Tells a move whether somebody else has moved the alias since. */
  readonly revision: string;
  /** By number, rising. */
  readonly versions: readonly { readonly version: number; readonly publishedAtMs: number }[];
}

const aliasName = 'live';
const attemptsMax = 5;
const pagesMax = 100;
const atOnceMax = 8;

/** The functions whose names begin so, with the alias `live`. */
export interface Aliases {
  list(prefix: string): Promise<readonly LiveFunction[]>;
  /** Throws when the alias was moved since it was listed. */
  move(fn: LiveFunction, version: number): Promise<void>;
  close(): void;
}

export const lambdaAliases = (connection: Connection = {}): Aliases => {
  const client = new LambdaClient({ ...connection, maxAttempts: attemptsMax });

  const namesOf = async (prefix: string): Promise<string[]> => {
    const names: string[] = [];
    let Marker: string | undefined;
    for (let page = 0; page < pagesMax; page++) {
      const reply = await client.send(new ListFunctionsCommand({ Marker }));
      names.push(
        ...(reply.Functions ?? []).flatMap(({ FunctionName = '' }) => (FunctionName.startsWith(prefix) ? [FunctionName] : [])),
      );
      Marker = reply.NextMarker;
      if (Marker === undefined) return names;
    }
    throw new RangeError(`the account has more than ${pagesMax} pages of functions`);
  };

  const versionsOf = async (FunctionName: string): Promise<LiveFunction['versions']> => {
    const versions: { readonly version: number; readonly publishedAtMs: number }[] = [];
    let Marker: string | undefined;
    for (let page = 0; page < pagesMax; page++) {
      const reply = await client.send(new ListVersionsByFunctionCommand({ FunctionName, Marker }));
      for (const { Version, LastModified = '' } of reply.Versions ?? [])
        if (Version !== '$LATEST') versions.push({ version: Number(Version), publishedAtMs: Date.parse(LastModified) });
      Marker = reply.NextMarker;
      if (Marker === undefined) return versions.sort((a, b) => a.version - b.version);
    }
    throw new RangeError(`${FunctionName} has more than ${pagesMax} pages of versions`);
  };

  return {
    list: async (prefix) =>
      inParallel(await namesOf(prefix), atOnceMax, async (name) => {
        const [{ FunctionVersion, RevisionId = '' }, versions] = await Promise.all([
          client.send(new GetAliasCommand({ FunctionName: name, Name: aliasName })),
          versionsOf(name),
        ]);
        return { name, live: Number(FunctionVersion), revision: RevisionId, versions };
      }),
    move: async ({ name, revision }, version) => {
      await client.send(
        new UpdateAliasCommand({
          FunctionName: name,
          Name: aliasName,
          FunctionVersion: String(version),
          RevisionId: revision,
          // A gradual shift that is under way ends with the move.
          RoutingConfig: { AdditionalVersionWeights: {} },
        }),
      );
    },
    close: () => client.destroy(),
  };
};
