import { type CloudFormationResource, type CloudFormationTemplate, synthesizeTemplate } from '../../infra/template.ts';

export interface Statement {
  readonly Sid?: string;
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** A synthesized core stack and the questions that the tests ask of it. */
export const inspect = (template: CloudFormationTemplate = synthesizeTemplate('prod')) => {
  const entries = Object.entries(template.Resources);
  const ofType = (type: string): CloudFormationResource[] =>
    entries.filter(([, resource]) => resource.Type === type).map(([, resource]) => resource);
  const one = (type: string, idPart: string): [string, CloudFormationResource] => {
    const found = entries.filter(([id, resource]) => resource.Type === type && id.startsWith(idPart));
    if (found.length !== 1) throw new Error(`${found.length} resources of type ${type} begin with ${idPart}`);
    return found[0]!;
  };
  const statementsOf = (resource: CloudFormationResource): Statement[] =>
    (resource.Properties!.PolicyDocument as { readonly Statement: Statement[] }).Statement;
  return { template, entries, ofType, one, statementsOf };
};

/** What a reference or attribute points to, as the construct ids that begin its logical id: `Fn::GetAtt [DataTable1A2B, Arn]` -> `DataTable.Arn`. */
export const pointed = (value: unknown): string => {
  if (typeof value === 'string') return value;
  const node = value as Readonly<Record<string, unknown>>;
  if (typeof node.Ref === 'string') return withoutHash(node.Ref);
  if (Array.isArray(node['Fn::GetAtt'])) return `${withoutHash(String(node['Fn::GetAtt'][0]))}.${node['Fn::GetAtt'][1]}`;
  if (Array.isArray(node['Fn::Join'])) return (node['Fn::Join'][1] as unknown[]).map(pointed).join(String(node['Fn::Join'][0]));
  if (Array.isArray(node['Fn::Select'])) return pointed(node['Fn::Select'][1]);
  if (Array.isArray(node['Fn::Split'])) return pointed(node['Fn::Split'][1]);
  throw new Error(`cannot read ${JSON.stringify(value)}`);
};

const withoutHash = (logicalId: string): string => logicalId.replace(/[0-9A-F]{8}$/, '');
