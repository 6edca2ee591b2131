/** What notification-service decides, message by message: what was told, the effects, the words of outcomes. */
import { specify } from '@quadrille/test-kit/src/decision-specification';
import { service } from '../service';
import { MAIL_ATTEMPTS_MAX } from './decide';
import type { Notification, NotificationState } from './notification';
import {
  ADDRESS,
  customer,
  logLine,
  mail,
  mailOverdue,
  mailSent,
  notify,
  orderConfirmed,
  sendMail,
  writeLog,
} from '../../test/builders';

/** What a sentence names: all that the customer was told, and the address. */
interface Fields {
  readonly told: readonly Notification[];
  readonly address: string | undefined;
}
const given = specify(service, ({ told, address }: NotificationState): Partial<Fields> => ({
  told: [...told.values()],
  address,
}));

describe('when an order is paid for (OrderConfirmed)', () => {
  test('a customer without an address is told by the log', () => {
    given(customer())
      .hears(orderConfirmed())
      .then({ told: [logLine()], performs: [writeLog()], outcome: 'told: CONFIRMED' });
  });

  test('a customer with an address is told by mail', () => {
    given(customer({ address: ADDRESS }))
      .hears(orderConfirmed())
      .then({ told: [mail()], performs: [sendMail()], outcome: 'told: CONFIRMED' });
  });

  test('a customer who was told is not told again', () => {
    given(customer({ address: ADDRESS, told: [mail()] }))
      .hears(orderConfirmed())
      .thenNothing('unchanged: CONFIRMED was told already');
  });

  test('a customer who was told that the order is cancelled is not told that it is confirmed', () => {
    given(customer({ told: [mail({ kind: 'CANCELLED' })] }))
      .hears(orderConfirmed())
      .thenNothing('unchanged: CANCELLED was told before');
  });
});

describe('when the mail server has taken a mail (MailSent)', () => {
  test('the mail is out, though it was overdue', () => {
    given(customer({ address: ADDRESS, told: [mail({ overdue: true })] }))
      .receives(mailSent())
      .then({ told: [mail({ sent: true })], outcome: 'mail sent' });
  });

  test('a mail that was out already stays so', () => {
    given(customer({ address: ADDRESS, told: [mail({ sent: true })] }))
      .receives(mailSent())
      .thenNothing('unchanged: sent already');
  });

  test('a mail that was never written is none', () => {
    given(customer({ address: ADDRESS }))
      .receives(mailSent())
      .thenNothing('unchanged: no such notification');
  });
});

describe('when the sweeper comes by (MailOverdue)', () => {
  test('a mail that is overdue is sent again', () => {
    given(customer({ address: ADDRESS, told: [mail({ overdue: true })] }))
      .receives(mailOverdue())
      .then({ told: [mail({ attempts: 2 })], performs: [sendMail()], outcome: 'mail sent again' });
  });

  test('it is sent as often as there are attempts', () => {
    given(customer({ address: ADDRESS, told: [mail({ overdue: true, attempts: MAIL_ATTEMPTS_MAX - 1 })] }))
      .receives(mailOverdue())
      .then({
        told: [mail({ attempts: MAIL_ATTEMPTS_MAX })],
        performs: [sendMail()],
        outcome: 'mail sent again',
      });
  });

  test('after the last attempt it is written into the log instead', () => {
    given(customer({ address: ADDRESS, told: [mail({ overdue: true, attempts: MAIL_ATTEMPTS_MAX })] }))
      .receives(mailOverdue())
      .then({
        told: [logLine({ attempts: MAIL_ATTEMPTS_MAX })],
        performs: [writeLog()],
        outcome: 'mail given up: logged instead',
      });
  });

  test('a mail that is not due is left alone', () => {
    given(customer({ address: ADDRESS, told: [mail()] }))
      .receives(mailOverdue())
      .thenNothing('unchanged: not due');
  });

  test('a mail that is out is left alone', () => {
    given(customer({ address: ADDRESS, told: [mail({ sent: true })] }))
      .receives(mailOverdue())
      .thenNothing('unchanged: sent already');
  });

  test('a mail that was never written is none', () => {
    given(customer({ address: ADDRESS }))
      .receives(mailOverdue())
      .thenNothing('unchanged: no such notification');
  });
});

describe('when somebody has something to say that is about no order (Notify)', () => {
  const direct = logLine({ kind: 'DIRECT', subject: 'Hello', message: 'You have mail.' });

  test('the customer is told', () => {
    given(customer())
      .receives(notify())
      .then({ told: [direct], performs: [writeLog(direct)], outcome: 'told: DIRECT' });
  });

  test('the customer is told once', () => {
    given(customer({ told: [direct] }))
      .receives(notify())
      .thenNothing('unchanged: DIRECT was told already');
  });
});
