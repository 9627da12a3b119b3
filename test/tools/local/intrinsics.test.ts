import { describe, expect, it } from 'vitest';
import { createResolver } from '../../../tools/local/intrinsics.ts';

const template = {
  Resources: {
    Table: { Type: 'AWS::DynamoDB::Table' },
    Queue: { Type: 'AWS::SQS::Queue' },
    Fifo: { Type: 'AWS::SQS::Queue', Properties: { FifoQueue: true } },
    Bucket: { Type: 'AWS::S3::Bucket' },
    Fn: { Type: 'AWS::Lambda::Function' },
    Live: { Type: 'AWS::Lambda::Alias', Properties: { FunctionName: { Ref: 'Fn' } } },
  },
};
const { resolve, text } = createResolver(template, { sqs: 'http://127.0.0.1:9324' });

describe('the template’s intrinsics', () => {
  it.each([
    ['a table’s name', { Ref: 'Table' }, 'Table'],
    ['a queue’s address', { Ref: 'Queue' }, 'http://127.0.0.1:9324/000000000000/Queue'],
    ['a FIFO queue’s name', { 'Fn::GetAtt': ['Fifo', 'QueueName'] }, 'Fifo.fifo'],
    ['a bucket’s name, small', { Ref: 'Bucket' }, 'bucket'],
    ['an attribute', { 'Fn::GetAtt': ['Table', 'Arn'] }, 'arn:aws:dynamodb:us-east-1:000000000000:table/Table'],
    ['an attribute as one text', { 'Fn::GetAtt': 'Table.Arn' }, 'arn:aws:dynamodb:us-east-1:000000000000:table/Table'],
    ['an alias as its function', { Ref: 'Live' }, 'arn:aws:lambda:us-east-1:000000000000:function:Fn'],
    ['a join', { 'Fn::Join': ['-', ['a', { Ref: 'Table' }, { Ref: 'AWS::Region' }]] }, 'a-Table-us-east-1'],
    [
      'a substitution',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: CloudFormation's own syntax
      { 'Fn::Sub': '${Table}/${Table.Arn}/${AWS::Partition}' },
      'Table/arn:aws:dynamodb:us-east-1:000000000000:table/Table/aws',
    ],
    ['a selection of a split', { 'Fn::Select': [1, { 'Fn::Split': [':', 'a:b:c'] }] }, 'b'],
  ])('resolve %s', (_, value, expected) => {
    expect(text(value)).toBe(expected);
  });

  it('resolve within lists and objects', () => {
    expect(resolve({ a: [{ Ref: 'Table' }, 1], b: null })).toEqual({ a: ['Table', 1], b: null });
  });

  it('name a reference that leads nowhere', () => {
    expect(() => text({ Ref: 'Gone' })).toThrow('the template refers to Gone, which it does not have');
  });

  it('name what is no text', () => {
    expect(() => text({ a: 1 })).toThrow('the template has {"a":1} where the local stack needs a text');
  });
});
