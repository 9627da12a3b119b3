import type { SeededRandom } from '../../shared/store/random.ts';
import type { City, Merchant, Payer, Payment, Person } from './population.ts';

/** What a script can see when it starts. */
export interface Scene {
  readonly nowMs: number;
  readonly random: SeededRandom;
  /** People with a history, in random order, the victims first; a script may use fewer. */
  readonly people: readonly Person[];
  /** Who was seen at a place last, of those with a history. */
  readonly justSeen: Person | null;
  /** People with a history at this merchant. */
  visitors(merchant: Merchant): readonly Person[];
  readonly merchants: readonly Merchant[];
  readonly cities: readonly City[];
  phone(person: Person): string;
  card(person: Person): string;
  bankAccount(person: Person): string;
  /** The address that the person's home has on the Internet. */
  homeAddress(person: Person): string;
  /** A device nobody has used: `name` tells several of one attack apart. */
  foreignDevice(name: string): string;
  /** A payee nobody has paid before. */
  foreignMerchant(category: string): Merchant;
  /** The account of a payee nobody has paid before. */
  foreignBeneficiary(name: string): string;
  /** A card that no account has used. */
  foreignCard(name: string): string;
  /** An account that has never paid. */
  foreignPayer(name: string): Payer;
  /** An IPv4 address nobody has used; the same number gives the same one within an attack. */
  foreignAddress(number: number): string;
  /** An address in an IPv6 /64 that nobody has used: one network for each attack. */
  foreignNetworkAddress(host: number): string;
}

export interface AttackScript {
  /** Words for people. */
  readonly text: string;
  /** The fraudulent payments, none before `nowMs`; empty when the scene has no one to attack. */
  readonly payments: (scene: Scene) => readonly Payment[];
}

/** An attack has at most so many addresses of its own. */
export const foreignAddressesMax = 64;

export const online = (scene: Scene): Merchant => scene.random.pick(scene.merchants.filter((merchant) => merchant.city === null));

export const count = (length: number): number[] => Array.from({ length }, (_, i) => i);

/** The people who paid at the shop that most people with a history have in common. */
export const customersOfOneShop = (scene: Scene): readonly Person[] =>
  scene.merchants
    .map((merchant) => scene.visitors(merchant))
    .reduce((most, visitors) => (visitors.length > most.length ? visitors : most), []);
