import { describe, expect, it } from 'vitest';
import { exampleTransaction, openApiDocument } from '../../../functions/read/openapi.ts';
import { routes } from '../../../shared/contract/routes.ts';
import { parseTransactionText, transactionFields } from '../../../shared/contract/transaction.ts';

interface Operation {
  operationId: string;
  security: unknown[];
  parameters: { name: string; in: string }[];
  responses: Record<string, { content: Record<string, unknown> }>;
}

const document = openApiDocument({ version: '1.2.3', policySchema: { $schema: 'x', type: 'object' } }) as {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, { properties?: Record<string, unknown>; required?: string[] }> };
};

const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
);

describe('the OpenAPI document', () => {
  it('has every served route and no other', () => {
    const described = operations.map(({ path, method, operation }) => `${method.toUpperCase()} ${path} ${operation.operationId}`);
    const served = routes.map((route) => `${route.method} ${route.path.replace('+}', '}')} ${route.operationId}`);
    expect(described.sort()).toEqual(served.sort());
  });

  it('asks for a key on every route but the open ones', () => {
    for (const { operation } of operations) {
      const route = routes.find((candidate) => candidate.operationId === operation.operationId)!;
      const open = route.operationId === 'getHealth' ? [{}, { key: [] }] : [];
      expect(operation.security).toEqual(route.scope === null ? open : [{ key: [] }]);
      expect('401' in operation.responses).toBe(route.scope !== null);
    }
  });

  it('names every parameter in the path', () => {
    for (const { path, operation } of operations) {
      const inPath = operation.parameters
        .filter((parameter) => parameter.in === 'path')
        .map((parameter) => `{${parameter.name}}`);
      expect(path.match(/\{[^}]+\}/g) ?? []).toEqual(inPath);
    }
  });

  it('refers only to schemas that it has', () => {
    const references = [...JSON.stringify(document).matchAll(/"#\/components\/schemas\/([A-Za-z]+)"/g)].map(([, name]) => name!);
    expect(references.length).toBeGreaterThan(0);
    for (const name of references) expect(Object.keys(document.components.schemas)).toContain(name);
  });

  it('has the fields of a transaction that the parser takes, and an example that it accepts', () => {
    const schema = document.components.schemas.Transaction!;
    expect(Object.keys(schema.properties!)).toEqual([...transactionFields]);
    expect(Object.keys(exampleTransaction)).toEqual([...transactionFields]);
    expect(parseTransactionText(JSON.stringify(exampleTransaction), Date.UTC(2026, 10, 20))).toMatchObject({ ok: true });
    const missing = parseTransactionText('{}', 0);
    expect(missing.ok ? [] : missing.faults.map((fault) => fault.pointer.slice(1))).toEqual(schema.required);
  });
});
