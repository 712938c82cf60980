/** Wakes a machine over the network: a UDP datagram with its address sixteen times, to everybody on the network. */
import { createSocket } from "node:dgram";
import { networkInterfaces } from "node:os";

export interface MagicPacketRequest {
  readonly mac: string;
  readonly broadcastAddress: string;
  /** Sent from this interface's address; absent: as the routes say. */
  readonly interfaceName?: string | undefined;
}

/** The port of "discard", where nothing listens that could mind. */
const PORT = 9;
const REPEATS = 16;

export function magicPacket(mac: string): Buffer {
  const address = Buffer.from(mac.replaceAll(":", ""), "hex");
  return Buffer.concat([Buffer.alloc(6, 0xff), ...Array.from({ length: REPEATS }, () => address)]);
}

export function sendMagicPacket({ mac, broadcastAddress, interfaceName }: MagicPacketRequest): Promise<void> {
  const socket = createSocket("udp4");
  return new Promise((resolve, reject) => {
    socket.once("error", (error) => {
      socket.close();
      reject(new Error(`cannot wake ${mac}: ${error.message}`, { cause: error }));
    });
    socket.bind(0, addressOf(interfaceName), () => {
      socket.setBroadcast(true);
      socket.send(magicPacket(mac), PORT, broadcastAddress, (error) => {
        if (error !== null) {
          socket.emit("error", error);
          return;
        }
        socket.close();
        resolve();
      });
    });
  });
}

/** @throws Error when the interface has no IPv4 address. */
function addressOf(interfaceName: string | undefined): string | undefined {
  if (interfaceName === undefined) return undefined;
  const address = networkInterfaces()[interfaceName]?.find(({ family }) => family === "IPv4")?.address;
  if (address === undefined) throw new Error(`cannot send from interface '${interfaceName}': it has no IPv4 address`);
  return address;
}
