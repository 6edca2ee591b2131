/**
 * Whether an error has a code, such as EEXIST of the file system or 28P01 of PostgreSQL. Does not use instanceof,
 * because jest has another `Error` class than Node.
 */
export function hasCode(error: unknown, code: string): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code;
}
