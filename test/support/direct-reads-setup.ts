import { configure } from '../../src/transfer/configure'

/** `SLUICEWAY_TEST_DIRECT_READS=off`: all tests with every request sent through Node's HTTP client. */
if (process.env.SLUICEWAY_TEST_DIRECT_READS === 'off') configure({ directReads: false })
