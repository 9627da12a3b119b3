import { describe, expect, it } from 'vitest';
import { logLine } from '../../../shared/edge/log.ts';

describe('a log line', () => {
  it('is one line of JSON', () => {
    const line = logLine('warn', 'a\nb', { correlationId: 'c-1', count: 2 });
    expect(line).not.toContain('\n');
    expect(JSON.parse(line)).toEqual({ level: 'warn', message: 'a\nb', correlationId: 'c-1', count: 2 });
  });

  it('masks card numbers wherever they are', () => {
    const line = logLine('warn', 'got 4111 1111 1111 1111', {
      inner: [{ text: '4111111111111111' }],
      error: new Error('378282246310005'),
    });
    expect(line).not.toMatch(/1111 1111|11111111|378282246310005/);
  });

  it('shows no key and no secret', () => {
    const line = logLine('warn', 'Bearer aegis_acme_0123456789abcdef', { Authorization: 'x1y2', secret: 'x1y2' });
    expect(line).not.toMatch(/0123456789abcdef|x1y2/);
    expect(line).toContain('aegis_acme_[redacted]');
  });

  it('names an error with its cause', () => {
    const error = new Error('outer', { cause: new TypeError('inner') });
    expect(JSON.parse(logLine('error', 'failed', { error }))).toMatchObject({
      error: { name: 'Error', message: 'outer', cause: { name: 'TypeError', message: 'inner' } },
    });
  });
});
