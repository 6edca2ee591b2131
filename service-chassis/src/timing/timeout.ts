/** Bounds for work that may take too long. */

const LATE = Symbol('late');

/**
 * Settles as `work` does, or, when that takes longer than `ms` milliseconds, as `onTimeout`, which returns a value or
 * throws. The work is not cancelled: what becomes of it later is ignored, a rejection included.
 */
export async function withTimeout<Result, Late>(
  work: Promise<Result>,
  ms: number,
  onTimeout: () => Late,
): Promise<Result | Late> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<typeof LATE>((resolve) => {
    timer = setTimeout(resolve, ms, LATE);
  });
  try {
    const first = await Promise.race([work, late]);
    return first === LATE ? onTimeout() : first;
  } finally {
    clearTimeout(timer);
  }
}
