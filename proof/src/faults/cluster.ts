/** Two more broker nodes on this machine, joined to the first one before anything is declared in it. */
import { join } from 'node:path';
import { nodeName, startBroker, type BrokerServer } from '@quadrille/operator/src/servers/broker';

/** The nodes beside the first one. */
const NUMBERS = [2, 3] as const;

/** A node beside the first one. */
export interface Node {
  readonly broker: () => BrokerServer;
  /** After its death: on the same port, with the same data. */
  readonly restart: () => Promise<void>;
}

/** Starts the nodes and joins them to the cluster of the node on `folder`. */
export async function startOtherNodes(
  folder: string,
  ports: Readonly<Record<string, number>>,
  password: string,
): Promise<readonly Node[]> {
  const portOf = (name: string) => ports[name] ?? 0;
  const nodes: Node[] = [];
  for (const number of NUMBERS) {
    const name = `quadrille${String(number)}`;
    const start = () =>
      startBroker({
        folder: join(folder, `node${String(number)}`),
        ports: {
          amqp: portOf(`amqp${String(number)}`),
          management: portOf(`management${String(number)}`),
          distribution: portOf(`distribution${String(number)}`),
          epmd: portOf('epmd'),
        },
        password,
        durable: true,
        second: { name, folder },
      });
    let broker = await start();
    await broker.control('stop_app');
    await broker.control('join_cluster', nodeName());
    await broker.control('start_app');
    nodes.push({
      broker: () => broker,
      restart: async () => {
        broker = await start();
      },
    });
  }
  return nodes;
}
