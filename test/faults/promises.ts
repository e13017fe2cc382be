import type { Expectation } from './expected'
import type { Which } from './which'

const workDone = ['lost reply', '200 with an error, work done', 'empty 200, work done']
const whole = ['ceph (put)', 'cos (put)']
/** Answers to a range that are about another one. */
export const wrongLength = [
  'truncated, with the length to match',
  'too long, with the length to match',
  'another range than asked for',
]

/** Where the end of a fault depends on where it strikes. The first that fits a cell counts. */
export const promises: readonly (Which & Expectation)[] = [
  {
    section: 'abort',
    row: workDone,
    outcome: 'ACCESS_DENIED',
    why: 'the error is the one the transfer failed with; the upload is gone',
  },
  {
    section: 'abort',
    mode: 'for ever',
    outcome: 'ACCESS_DENIED, names the upload',
    why: 'the error is the one the transfer failed with; `context.uploadId` names what could not be removed',
  },
  {
    section: 'abort',
    outcome: 'ACCESS_DENIED',
    why: 'the error is the one the transfer failed with; the upload is gone',
  },
  {
    row: '403, fixed keys expired',
    outcome: 'ACCESS_DENIED',
    why: 'keys that are given as such cannot be renewed: give a function',
  },
  {
    row: ['clock an hour slow', 'clock an hour fast'],
    peer: 'ceph',
    outcome: 'success',
    why: "requests are signed again with the gateway's clock",
  },
  {
    row: ['clock an hour slow', 'clock an hour fast'],
    peer: 'cos',
    outcome: 'ACCESS_DENIED',
    why: 'the message says to set the clock',
  },
  {
    section: 'read',
    row: 'wrong ETag',
    other: whole,
    outcome: 'success',
    why: 'the bytes of a small object come with the ETag, and nothing else is asked for that it could be held against',
  },
  {
    section: ['stat', 'read', 'verify'],
    row: 'wrong ETag',
    outcome: 'SOURCE_CHANGED',
    why: 'an object under another ETag cannot be told from one that was replaced: transfer again',
  },
  {
    section: 'part',
    row: 'wrong ETag',
    peer: 'cos',
    outcome: 'INTEGRITY',
    why: 'the ETag of a part need not be its MD5 on COS, so it shows when the completion is refused',
  },
  {
    section: 'complete',
    row: [...workDone, 'wrong ETag', 'wrong CRC-64'],
    outcome: 'success',
    why: 'the object is looked at: size and digest are those of the parts',
  },
  {
    section: 'put',
    row: [...workDone, 'wrong ETag', 'wrong CRC-64'],
    outcome: 'success',
    why: 'the object is looked at: size and digest are those of the bytes sent',
  },
  {
    section: ['part', 'copy'],
    row: 'server restarts',
    mode: 'for ever',
    outcome: 'CONNECTION, names the upload',
    why: 'nobody is there to remove the upload: `context.uploadId` names it',
  },
  {
    section: 'copy',
    row: '403, keys expired',
    mode: 'for ever',
    outcome: 'success',
    why: 'what the gateway does not copy is moved through this process',
  },
  {
    section: ['complete', 'put'],
    row: 'server restarts',
    mode: 'for ever',
    outcome: 'OUTCOME_UNKNOWN',
    why: 'the request was sent, and nobody is there to be asked what became of it',
  },
  {
    section: 'put',
    row: ['stall before the answer', 'stall in mid-body'],
    mode: 'for ever',
    outcome: 'OUTCOME_UNKNOWN',
    why: 'a put without an answer may still be under way, and cannot be called back',
  },
  {
    section: 'look',
    mode: 'for ever',
    outcome: 'OUTCOME_UNKNOWN',
    why: 'the object was made, and cannot be looked at to check it',
  },
  {
    section: ['part', 'put'],
    row: 'corrupted at rest',
    outcome: 'wrong bytes',
    why: 'a store that attests other bytes than it keeps can only be found out by reading the object again',
  },
  {
    section: 'read',
    row: ["corrupted in flight, verify: 'attested'", "corrupted at rest, verify: 'attested'"],
    outcome: 'wrong bytes',
    why: "the sink attests what it was sent; only `verify: 'end-to-end'` asks the source's own digest",
  },
  {
    section: 'read',
    row: ["corrupted in flight, verify: 'end-to-end'", "corrupted at rest, verify: 'end-to-end'"],
    outcome: 'INTEGRITY',
    why: 'the digest of the whole object tells that a byte is wrong, and not in which part: transfer again',
  },
  {
    section: 'read',
    row: ['reset in mid-body', 'closed in mid-body (early FIN)', 'stall in mid-body'],
    mode: 'for ever',
    outcome: 'success',
    why: 'each connection carries a stretch, and the next goes on from the byte reached',
  },
  { section: 'read', row: wrongLength, peer: 'ceph', mode: 'for ever', outcome: 'INTEGRITY' },
  { section: 'read', row: wrongLength, peer: 'cos', mode: 'for ever', outcome: 'SERVER_ERROR' },
  { section: 'stream', row: 'breaks off', outcome: 'SOURCE_FAILED', why: 'a stream cannot be asked again' },
  { section: 'stream', row: 'stalls', outcome: 'TIMEOUT', why: 'a stream cannot be asked again' },
  { section: 'stream', row: 'ends early', outcome: 'TRUNCATED' },
  { section: 'stream', row: 'runs long', outcome: 'INTEGRITY' },
]
