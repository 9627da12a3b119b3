import { describe, expect, it } from 'vitest';
import { routes } from '../../shared/contract/routes.ts';
import { apiOnMemory } from '../support/api.ts';

const { endpoints } = apiOnMemory();

describe('the stages', () => {
  it.each(routes)('$stage answers $method $path', ({ stage, operationId }) => {
    expect(endpoints[stage][operationId]?.answer).toBeTypeOf('function');
  });

  it('answer nothing that is of another stage', () => {
    for (const [stage, served] of Object.entries(endpoints)) {
      for (const operationId of Object.keys(served)) {
        const route = routes.find((candidate) => candidate.operationId === operationId);
        expect(route?.stage, operationId).toBe(stage);
      }
    }
  });
});
