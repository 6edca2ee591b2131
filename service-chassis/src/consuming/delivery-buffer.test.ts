import type { ConsumeMessage } from 'amqplib';
import { createDeliveryBuffer, type BufferOptions } from './delivery-buffer';
import type { Delivery } from './settlement';

const OPTIONS: BufferOptions = { batchMax: 3, lingerMs: 40, lingers: (type) => type === 'Patient' };

/** A delivery of this type; `unreadable` stands for one that cannot be read. */
const delivery = (type: string, redelivered = false): Delivery<string> => ({
  // The parts that the buffer uses.
  raw: { fields: { redelivered } } as ConsumeMessage,
  receivedAtMs: performance.now(),
  reading:
    type === 'unreadable'
      ? { ok: false, reason: 'no event' }
      : { ok: true, type, causationId: undefined, input: { key: type, message: type, cause: {} } },
});

const typesOf = (batch: readonly Delivery<string>[]) =>
  batch.map(({ reading }) => (reading.ok ? reading.type : 'unreadable'));

/** How long the buffer lets its deliveries linger, in milliseconds. */
async function lingeredMs(buffer: { ready(): Promise<void> }): Promise<number> {
  const startedMs = performance.now();
  await buffer.ready();
  return performance.now() - startedMs;
}

describe('a batch', () => {
  test('is what has arrived, up to the limit, in the order of arrival', () => {
    const buffer = createDeliveryBuffer<string>(OPTIONS);
    for (const type of ['a', 'b', 'c', 'd']) buffer.add(delivery(type));
    expect(typesOf(buffer.take())).toEqual(['a', 'b', 'c']);
    expect(typesOf(buffer.take())).toEqual(['d']);
    expect(buffer.isEmpty()).toBe(true);
    expect(buffer.take()).toEqual([]);
  });

  test.each([
    ['one that came again', delivery('again', true), 'again'],
    ['one that cannot be read', delivery('unreadable'), 'unreadable'],
  ])('ends before %s, which is a batch of its own', (_, special, type) => {
    const buffer = createDeliveryBuffer<string>(OPTIONS);
    for (const each of [delivery('a'), special, delivery('b')]) buffer.add(each);
    expect(typesOf(buffer.take())).toEqual(['a']);
    expect(typesOf(buffer.take())).toEqual([type]);
    expect(typesOf(buffer.take())).toEqual(['b']);
  });

  test('is forgotten with its channel', () => {
    const buffer = createDeliveryBuffer<string>(OPTIONS);
    buffer.add(delivery('a'));
    buffer.clear();
    expect(buffer.isEmpty()).toBe(true);
  });
});

describe('lingering', () => {
  const patient = () => {
    const buffer = createDeliveryBuffer<string>({ ...OPTIONS, lingerMs: 60_000 });
    buffer.add(delivery('Patient'));
    return buffer;
  };

  test('an event that nobody waits for lingers for its time', async () => {
    const buffer = createDeliveryBuffer<string>(OPTIONS);
    buffer.add(delivery('Patient'));
    // A timer may fire a fraction of a millisecond early.
    await expect(lingeredMs(buffer)).resolves.toBeGreaterThanOrEqual(OPTIONS.lingerMs - 2);
  });

  test.each(['Urgent', 'unreadable'])('nothing lingers beside what is there already: %s', async (type) => {
    const buffer = patient();
    buffer.add(delivery(type));
    await expect(lingeredMs(buffer)).resolves.toBeLessThan(1_000);
  });

  test.each<[string, (buffer: ReturnType<typeof patient>) => void]>([
    [
      'somebody waits for what comes',
      (buffer) => {
        buffer.add(delivery('Urgent'));
      },
    ],
    [
      'what comes was delivered before',
      (buffer) => {
        buffer.add(delivery('Patient', true));
      },
    ],
    [
      'the batch is full',
      (buffer) => {
        ['Patient', 'Patient'].forEach((type) => {
          buffer.add(delivery(type));
        });
      },
    ],
    [
      'the channel is lost',
      (buffer) => {
        buffer.clear();
      },
    ],
    [
      'the consumer stops',
      (buffer) => {
        buffer.drain();
      },
    ],
  ])('ends at once when %s', async (_, happens) => {
    const buffer = patient();
    const lingered = lingeredMs(buffer);
    happens(buffer);
    await expect(lingered).resolves.toBeLessThan(1_000);
  });

  test('a stopping consumer lets nothing linger', async () => {
    const buffer = patient();
    buffer.drain();
    await expect(lingeredMs(buffer)).resolves.toBeLessThan(1_000);
  });
});
