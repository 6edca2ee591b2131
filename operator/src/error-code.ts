/** Whether an error carries a code, such as EEXIST of the file system or 28P01 of PostgreSQL. Not by class: jest has another `Error` than Node. */
export function hasCode(error: unknown, code: string): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code;
}
