/** The check that every message of the other tests goes through sees what is wrong. */
import { expect, it } from 'vitest';
import { faultsOf } from './schema.js';

it('sees what is missing, of another kind, unknown, or none of the words', () => {
  const thread = (body: object): readonly string[] => faultsOf({ seq: 1, type: 'event', event: 'thread', body });
  expect(thread({ reason: 'started', threadId: 1 })).toEqual([]);
  expect(thread({ reason: 'started' })).toEqual(['ThreadEvent.body.threadId is missing']);
  expect(thread({ reason: 'started', threadId: '1' })).toEqual(['ThreadEvent.body.threadId: "1" is no integer']);
  expect(thread({ reason: 'started', threadId: 1.5 })).toEqual(['ThreadEvent.body.threadId: 1.5 is no integer']);
  expect(thread({ reason: 'started', threadId: 1, more: 2 })).toEqual(['ThreadEvent.body.more is nothing of the protocol']);
  expect(faultsOf({ seq: 1, type: 'event', event: 'threads', body: {} })).toEqual(['the protocol has no ThreadsEvent']);
  const answer = (command: string, body?: object): readonly string[] =>
    faultsOf({ seq: 1, type: 'response', request_seq: 1, success: true, command, ...(body && { body }) });
  expect(answer('threads', { threads: [{ id: 1, name: 'a' }, { id: 2 }] })).toEqual(['ThreadsResponse.body.threads[1].name is missing']);
  expect(answer('dataBreakpointInfo', { dataId: null, description: 'none', accessTypes: ['reed'] })).toEqual([
    "DataBreakpointInfoResponse.body.accessTypes[0]: \"reed\" is none of 'read' | 'write' | 'readWrite'",
  ]);
  expect(answer('next')).toEqual([]);
  expect(faultsOf({ seq: 1, type: 'response', request_seq: 1, success: false, command: 'next', message: 'no' })).toEqual([
    'ErrorResponse.body is missing',
  ]);
});
