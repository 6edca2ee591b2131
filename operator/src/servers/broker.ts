import { chmodSync, copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { execFile } from 'node:child_process';
import { connect } from 'node:net';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { connectManagement } from '../topology/management';
import { endProcesses, findProcesses, processMarker } from '../instance/processes';
import { findBroker } from './broker-program';
import { markLog, startProcess, waitUntilReady, type ServerProcess } from './child';

/** The administrator's user and the virtual host of the private broker. */
const NAME = 'quadrille';
/** How long a start may take, in milliseconds: after a crash, recovering long queues is slow on a slow disk. */
const READY_WITHIN_MS = 120_000;
/**
 * A broker that ends writes the state of its queues; after this, in milliseconds, it is killed and recovers at its next
 * start.
 */
const STOP_GRACE_MS = 20_000;
/** More Erlang schedulers do not make this load any faster, and each costs memory. */
const MAX_SCHEDULERS = 4;

/** How to start a private RabbitMQ. */
export interface BrokerOptions {
  /** Holds the node's data (`broker/`) and its log (`logs/rabbitmq.log`); created when missing. */
  folder: string;
  ports: { amqp: number; management: number; distribution: number; epmd: number };
  /** Password of the administrator's user. Must be the same at every start on the same folder. */
  password: string;
  /** Set for another node of the cluster whose first node is on `folder`. The first node's port mapper serves both. */
  second?: { name: string; folder: string };
  /** False for tests, whose messages may be lost: the node is killed, because a clean stop takes six seconds. */
  durable: boolean;
}

/** A running private RabbitMQ. */
export interface BrokerServer {
  /** AMQP URL of the virtual host, with the administrator's credentials. */
  url: string;
  /** Address of the management UI and API, without credentials. */
  managementUrl: string;
  process: ServerProcess;
  /** Runs rabbitmqctl on this node; resolves with what it prints. */
  control(...args: string[]): Promise<string>;
  /** Stops the node cleanly, and its port mapper. */
  stop(): Promise<void>;
}

/**
 * Starts a private RabbitMQ node with its management UI on 127.0.0.1, independent of any other broker of the machine. A
 * node left over from a killed run on the same folder is ended first. Fails with the end of its log when it does not
 * start.
 */
export async function startBroker(options: BrokerOptions): Promise<BrokerServer> {
  const programs = findBroker();
  const base = join(options.folder, 'broker');
  const logFolder = join(options.folder, 'logs');
  mkdirSync(join(base, 'conf.d'), { recursive: true });
  mkdirSync(logFolder, { recursive: true });
  await endBroker(options);
  writeConfiguration(options, base);
  if (options.second) copyCookie(options.second.folder, base);
  const env = environment(options, base, logFolder);
  const logFile = join(logFolder, 'rabbitmq.log');
  const consoleFile = join(logFolder, 'rabbitmq-console.log');
  // What keeps a node from writing its log is on its console.
  const logs = [markLog(logFile), markLog(consoleFile)];
  // Started here, not by the node: a child can be ended with the node, while the daemon that Erlang starts would stay.
  const epmdArgs = ['-port', String(options.ports.epmd), '-address', '127.0.0.1', '-relaxed_command_check'];
  const epmdCommand = { command: programs.epmd, args: epmdArgs, env, argv0: `epmd-${marker(options.folder)}` };
  const epmd = options.second ? undefined : startProcess(epmdCommand, consoleFile, 'SIGTERM');
  const node = startProcess({ command: programs.server, args: [], env, cwd: base }, consoleFile, 'SIGTERM');
  const stop = async (): Promise<void> => {
    await endBroker(options);
    await Promise.all([node.ended, epmd?.ended]);
  };
  const managementUrl = `http://127.0.0.1:${String(options.ports.management)}`;
  const management = connectManagement({ url: managementUrl, user: NAME, password: options.password });
  try {
    await waitUntilReady('RabbitMQ', node, logs, READY_WITHIN_MS, async () => {
      return (await management.isVirtualHostRunning(NAME)) && (await accepts(options.ports.amqp));
    });
  } catch (error) {
    await stop();
    throw error;
  }
  const url = `amqp://${NAME}:${options.password}@127.0.0.1:${String(options.ports.amqp)}/${NAME}`;
  const control = async (...args: string[]): Promise<string> => {
    const command = join(dirname(programs.server), 'rabbitmqctl');
    const { stdout } = await promisify(execFile)(command, ['--quiet', ...args], { env, cwd: base });
    return stdout.trim();
  };
  return { url, managementUrl, process: node, control, stop };
}

/** Ends a node, and its port mapper, that a killed run has left on a data folder. */
export async function endBroker({ folder, durable }: Pick<BrokerOptions, 'folder' | 'durable'>): Promise<void> {
  await endProcesses(findProcesses(marker(folder)), durable ? 'SIGTERM' : 'SIGKILL', STOP_GRACE_MS);
}

// Whether a port accepts connections: the management UI is up before the broker takes AMQP connections.
function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket
      .once('connect', () => {
        resolve(true);
      })
      .once('error', () => {
        resolve(false);
      });
    socket.once('connect', () => socket.destroy());
  });
}

/** The name of the first node of a folder, or of another one of its cluster. */
export const nodeName = (name = NAME): string => `${name}@localhost`;

// Copies the Erlang cookie, by which nodes of a cluster know each other. The first node wrote it at its start.
function copyCookie(from: string, to: string): void {
  const cookie = join(to, '.erlang.cookie');
  rmSync(cookie, { force: true }); // it is read-only
  copyFileSync(join(from, 'broker', '.erlang.cookie'), cookie);
  chmodSync(cookie, 0o400);
}

function marker(folder: string): string {
  return `${processMarker(folder)}-broker`;
}

function writeConfiguration(options: BrokerOptions, base: string): void {
  const lines = [
    `listeners.tcp.local = 127.0.0.1:${String(options.ports.amqp)}`,
    'management.tcp.ip = 127.0.0.1',
    `management.tcp.port = ${String(options.ports.management)}`,
    `default_vhost = ${NAME}`,
    `default_user = ${NAME}`,
    `default_pass = ${options.password}`,
    'default_user_tags.administrator = true',
    'heartbeat = 10',
    'log.file.level = info',
    'log.file.rotation.size = 10485760',
    'log.file.rotation.count = 1',
  ];
  writeFileSync(join(base, 'rabbitmq.conf'), `${lines.join('\n')}\n`, { mode: 0o600 });
  writeFileSync(join(base, 'enabled_plugins'), '[rabbitmq_management].\n');
}

// Does not inherit: a RABBITMQ_ variable for another node of the machine must not reach this one.
function environment(options: BrokerOptions, base: string, logFolder: string): NodeJS.ProcessEnv {
  const schedulers = Math.min(availableParallelism(), MAX_SCHEDULERS);
  return {
    PATH: process.env['PATH'],
    LANG: 'C.UTF-8',
    LC_ALL: 'C.UTF-8',
    HOME: base, // Erlang keeps the node's cookie there
    ERL_EPMD_PORT: String(options.ports.epmd),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    // No host name that must resolve, and the same name wherever the folder is mounted.
    RABBITMQ_NODENAME: nodeName(options.second?.name),
    RABBITMQ_DIST_PORT: String(options.ports.distribution),
    RABBITMQ_MNESIA_BASE: join(base, 'data'),
    RABBITMQ_LOG_BASE: logFolder,
    RABBITMQ_LOGS: join(logFolder, 'rabbitmq.log'),
    RABBITMQ_CONFIG_FILE: join(base, 'rabbitmq.conf'),
    RABBITMQ_CONFIG_FILES: join(base, 'conf.d'), // empty, instead of the system's
    RABBITMQ_CONF_ENV_FILE: join(base, 'rabbitmq-env.conf'), // missing, instead of the system's
    RABBITMQ_ADVANCED_CONFIG_FILE: join(base, 'advanced.config'), // missing, instead of the system's
    RABBITMQ_ENABLED_PLUGINS_FILE: join(base, 'enabled_plugins'),
    RABBITMQ_PID_FILE: join(base, 'rabbitmq.pid'),
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: [
      `+S ${String(schedulers)}:${String(schedulers)}`,
      '-kernel inet_dist_use_interface {127,0,0,1}',
      // Not used by Erlang: the mark by which a later start recognises its own processes.
      `-quadrille ${marker(options.folder)} .`,
    ].join(' '),
  };
}
