import { createConnection } from 'node:net';
import { DatabaseError } from 'pg';
import { inTransaction } from './transaction';
import { isTransient } from './transient';
import { openPool } from './pool';

/** An error as `pg` throws it for the server's code. */
const errorOf = (code: string) => Object.assign(new DatabaseError('said by the server', 1, 'error'), { code });

test.each([
  ['08006', 'connection_failure'],
  ['25006', 'read_only_sql_transaction: a standby before its promotion'],
  ['25P03', 'idle_in_transaction_session_timeout'],
  ['25P04', 'transaction_timeout'],
  ['26000', 'invalid_sql_statement_name: what was prepared is gone'],
  ['28P01', 'invalid_password: mended while we wait'],
  ['0A000', 'feature_not_supported: what was prepared returns other types by now'],
  ['3D000', 'invalid_catalog_name'],
  ['40001', 'serialization_failure'],
  ['40P01', 'deadlock_detected'],
  ['42501', 'insufficient_privilege: mended while we wait'],
  ['53100', 'disk_full'],
  ['53200', 'out_of_memory'],
  ['53300', 'too_many_connections'],
  ['55P03', 'lock_not_available'],
  ['57014', 'query_canceled'],
  ['57P01', 'admin_shutdown'],
  ['58030', 'io_error'],
])('%s (%s) passes', (code) => {
  expect(isTransient(errorOf(code))).toBe(true);
});

test.each([
  ['22003', 'numeric_value_out_of_range'],
  ['23505', 'unique_violation'],
  ['42703', 'undefined_column: another release'],
  ['42P01', 'undefined_table: likewise'],
  ['42601', 'syntax_error'],
])('%s (%s) comes again, whenever it is tried', (code) => {
  expect(isTransient(errorOf(code))).toBe(false);
});

test('what the operating system says passes', async () => {
  const refused = await new Promise((resolve) => createConnection(1, '127.0.0.1').once('error', resolve));
  expect(isTransient(refused)).toBe(true);
  const unreachable = Object.assign(new Error('connect ENETUNREACH'), { code: 'ENETUNREACH', syscall: 'connect' });
  expect(isTransient(new AggregateError([unreachable]))).toBe(true);
});

test.each([
  ['57P03', 'a server that starts', true],
  ['23505', 'a row that is there', false],
])('%s (%s) is the same through Prisma, which has a code of its own', (originalCode, originalMessage, passes) => {
  const cause = { kind: 'postgres', originalCode, originalMessage };
  const error = Object.assign(new Error('Invalid `prisma.thing.findUnique()` invocation in\n/a/b.ts:9:41'), {
    code: 'P2039',
    meta: { modelName: 'Thing', driverAdapterError: { name: 'DriverAdapterError', cause } },
  });
  expect(isTransient(error)).toBe(passes);
});

test('a mistake of ours does not', () => {
  expect(isTransient(new TypeError('undefined is not a function'))).toBe(false);
  expect(isTransient('a string')).toBe(false);
});

test('whatever keeps it from connecting passes: it is no message', async () => {
  const pool = openPool('postgres://nobody@127.0.0.1:1/nothing?sslmode=no-such-mode', 1, 'test', () => undefined);
  const failed = await inTransaction(pool, () => Promise.resolve()).catch((error: unknown) => error);
  expect(isTransient(failed)).toBe(true);
  await pool.end();
});
