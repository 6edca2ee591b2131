/** Notifications, as the processor reads and writes them, a whole batch at once. */
import {
  countOverdue,
  dueInMs,
  isPast,
  type Input,
  type Pool,
  type PoolClient,
  type StatusCount,
  type Store,
  type WorkingSet,
} from '@quadrille/service-chassis';
import type { DomainEvent } from '@quadrille/shared-events';
import { uuidv7 } from 'uuidv7';
import type { Kind, Notification, NotificationCommand, NotificationState } from '../../domain/notification';
import type { Heard } from '../../service';
import { ADDRESSES, COUNT_OVERDUE, INSERT, LOAD, OVERDUE, UPDATE } from './notification-statements';

/** What reaches the notifications of an order. */
export type NotificationMessage = DomainEvent<Heard> | NotificationCommand;

interface Row extends Omit<Notification, 'message' | 'wake' | 'overdue'> {
  readonly key: string;
  readonly notificationId: string;
  /** When its mail is due, in milliseconds from now. */
  readonly dueInMs: number | null;
}

/** What the store is made of. */
export interface NotificationStoreOptions {
  /** Without a mail server nobody has an address. */
  readonly mail: boolean;
  /** The pause after the first try to send a mail, in milliseconds; it doubles with each try. */
  readonly firstPauseMs: number;
}

/** The store of notification-service. */
export function createNotificationStore(
  options: NotificationStoreOptions,
): Store<NotificationState, NotificationMessage> {
  return {
    load: async (tx, inputs) => {
      const keys = [...new Set(inputs.map(({ key }) => key))];
      const { rows } = await tx.query<Row>({ ...LOAD, values: [keys] });
      const customers = customersOf(inputs, rows);
      const addresses = options.mail
        ? await loadAddresses(tx, [...new Set(customers.values())])
        : new Map<string, string>();
      const addressOf = (key: string) => addresses.get(customers.get(key) ?? '');
      return createWorkingSet(tx, options, rows, addressOf);
    },
  };
}

/** The customer of each key: named by the message, or by what was told before. */
function customersOf(inputs: readonly Input<NotificationMessage>[], rows: readonly Row[]): ReadonlyMap<string, string> {
  const customers = new Map(rows.map(({ key, customerId }) => [key, customerId]));
  for (const { key, message } of inputs) {
    if ('data' in message) customers.set(key, message.data.customerId);
    else if (message.type === 'Notify') customers.set(key, message.customerId);
  }
  return customers;
}

async function loadAddresses(tx: PoolClient, customerIds: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const { rows } = await tx.query<{ customerId: string; email: string }>({ ...ADDRESSES, values: [customerIds] });
  return new Map(rows.map(({ customerId, email }) => [customerId, email]));
}

interface Draft {
  readonly notificationId: string;
  readonly notification: Notification;
  readonly stored: boolean;
  /** When it was due before this batch, in milliseconds from now. */
  readonly keptInMs: number | null;
  readonly dirty: boolean;
  readonly traceparent: string | undefined;
}

function createWorkingSet(
  tx: PoolClient,
  { firstPauseMs }: NotificationStoreOptions,
  rows: readonly Row[],
  addressOf: (key: string) => string | undefined,
): WorkingSet<NotificationState, NotificationMessage> {
  const drafts = new Map<string, Map<Kind, Draft>>();
  const draftsOf = (key: string) => {
    const known = drafts.get(key) ?? new Map<Kind, Draft>();
    drafts.set(key, known);
    return known;
  };
  for (const { key, notificationId, dueInMs: keptInMs, ...row } of rows) {
    const wake = { kind: 'kept' } as const;
    const notification = { ...row, message: undefined, wake, overdue: isPast(keptInMs) };
    const draft = { notificationId, notification, stored: true, keptInMs, dirty: false, traceparent: undefined };
    draftsOf(key).set(row.kind, draft);
  }

  return {
    get: (key) => ({
      told: new Map([...(drafts.get(key) ?? [])].map(([kind, { notification }]) => [kind, notification])),
      address: addressOf(key),
    }),
    put: ({ key, cause }, { told }, changed) => {
      if (!changed) return;
      for (const [kind, notification] of told) {
        const before = draftsOf(key).get(kind);
        if (before?.notification === notification) continue;
        const fresh = {
          notificationId: kind === 'DIRECT' ? key : uuidv7(),
          stored: false,
          keptInMs: null,
          traceparent: cause.traceparent,
        };
        draftsOf(key).set(kind, { ...(before ?? fresh), notification, dirty: true });
      }
    },
    save: () => {
      const dirty = [...drafts].flatMap(([key, known]) =>
        [...known.values()].filter((draft) => draft.dirty).map((draft) => ({ key, ...draft })),
      );
      const created = dirty.filter(({ stored }) => !stored).map((draft) => toRow(draft, firstPauseMs));
      const updated = dirty.filter(({ stored }) => stored).map((draft) => toUpdate(draft, firstPauseMs));
      const write = (statement: typeof INSERT, rows: readonly object[]) =>
        rows.length === 0 ? [] : [tx.query({ ...statement, values: [JSON.stringify(rows)] })];
      return [...write(INSERT, created), ...write(UPDATE, updated)];
    },
  };
}

const toUpdate = ({ notificationId, notification, keptInMs }: Draft, firstPauseMs: number) => ({
  notification_id: notificationId,
  channel: notification.channel,
  attempts: notification.attempts,
  sent: notification.sent,
  due_in_ms: dueInMs(notification.wake, { healingAfterMs: firstPauseMs, keptInMs }),
});

/** What is sent to be saved of a notification: a row of the statement's recordset. */
export type SentNotification = ReturnType<typeof toRow>;

const toRow = (draft: Draft & { readonly key: string }, firstPauseMs: number) => ({
  ...toUpdate(draft, firstPauseMs),
  customer_id: draft.notification.customerId,
  order_id: draft.notification.kind === 'DIRECT' ? null : draft.key,
  kind: draft.notification.kind,
  subject: draft.notification.subject,
  message: draft.notification.message,
  traceparent: draft.traceparent,
});

/** Mails that should have been sent by now, the longest overdue first. */
export async function overdueMails(pool: Pool, limit: number): Promise<readonly Input<NotificationCommand>[]> {
  const { rows } = await pool.query<{ key: string; kind: Kind; traceparent: string | null }>({
    ...OVERDUE,
    values: [limit],
  });
  return rows.map(({ key, kind, traceparent }) => ({
    key,
    message: { type: 'MailOverdue', kind },
    cause: { traceparent: traceparent ?? undefined },
  }));
}

/** Mails that are not out after their first try, by kind. Walks the index of what is due: the mails under way. */
export const countOverdueMails = (pool: Pool): Promise<readonly StatusCount[]> => countOverdue(pool, COUNT_OVERDUE);
