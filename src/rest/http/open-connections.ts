/** The connections of a server, counted by address, so that none can take them all. */
import type { Socket } from "node:net";

export class OpenConnections {
  readonly #sockets = new Set<Socket>();
  readonly #countByAddress = new Map<string, number>();

  /** @returns false when the address has `max` already; the connection is then not counted. */
  add(socket: Socket, address: string, max: number): boolean {
    const count = this.#countByAddress.get(address) ?? 0;
    if (count >= max) return false;
    this.#countByAddress.set(address, count + 1);
    this.#sockets.add(socket);
    socket.once("close", () => this.#remove(socket, address));
    return true;
  }

  destroyAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #remove(socket: Socket, address: string): void {
    this.#sockets.delete(socket);
    const left = (this.#countByAddress.get(address) ?? 1) - 1;
    if (left <= 0) this.#countByAddress.delete(address);
    else this.#countByAddress.set(address, left);
  }
}
