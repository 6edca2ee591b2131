/** The noise of a scenario: what may happen to any message and to any request to the gateway, by chance. */
import type { Carriage } from '../broker/broker';
import type { Call } from '../world/gateway';
import { noises, type Noise } from './fault-plan';
import type { Random } from '../engine/random';
import type { Coverage } from '../checkers/coverage';

/** How late messages are: mostly a little, sometimes longer than the healing time. */
const latenessMs = (random: Random) => {
  const draw = random.next();
  return draw < 0.5 ? random.between(1, 50) : draw < 0.9 ? random.between(50, 5_000) : random.between(5_000, 80_000);
};

/** Noise, as the network asks for it. */
export interface NetworkNoise {
  /** How a message travels; undefined as it should. */
  readonly carry: () => Carriage | undefined;
  /** How a request to the gateway travels, and its answer. */
  readonly call: () => Call;
}

/** Prepares the noise; there is none when `isOver`. */
export function createNetworkNoise(options: {
  readonly noises: readonly Noise[];
  readonly random: Random;
  readonly coverage: Coverage;
  readonly isOver: () => boolean;
}): NetworkNoise {
  const { random, coverage, isOver } = options;
  const noisesHere = new Set(options.noises);
  const noisy = (noise: Noise) => !isOver() && noisesHere.has(noise) && random.chance(noises[noise]);

  const carry = (): Carriage | undefined => {
    if (noisy('message lost')) {
      coverage.count('a message was lost for ever');
      return { arrivals: [] };
    }
    if (noisy('message repeated')) return { arrivals: [0, latenessMs(random)] };
    if (noisy('message late')) {
      coverage.count('a message came late');
      return { arrivals: [latenessMs(random)] };
    }
    return undefined;
  };

  const call = (): Call => {
    if (noisy('answer lost')) {
      coverage.count("the gateway's answer was lost");
      return { requestMs: random.between(1, 5), answerMs: undefined };
    }
    if (noisy('answer late')) {
      coverage.count("the gateway's answer came late");
      return { requestMs: random.between(1, 5), answerMs: random.between(1_500, 12_000) };
    }
    if (noisy('request late')) {
      coverage.count('a request to the gateway landed late');
      return { requestMs: random.between(1_500, 20_000), answerMs: 2 };
    }
    return { requestMs: random.between(1, 5), answerMs: random.between(1, 5) };
  };

  return { carry, call };
}
