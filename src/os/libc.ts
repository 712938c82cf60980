/** The few system calls that Node does not offer, synchronous, by FFI. Load it only where it is needed: it costs 3 MB. */
import { createRequire } from "node:module";

const koffi = createRequire(import.meta.url)("koffi") as typeof import("koffi");
const libc = koffi.load("libc.so.6");

const readFunction = libc.func("long read(int fd, void *buf, size_t count)");
const writeFunction = libc.func("long write(int fd, const void *buf, size_t count)");
const closeFunction = libc.func("int close(int fd)");
const mallocTrimFunction = libc.func("int malloc_trim(size_t pad)");
const pollFunction = libc.func("int poll(void *fds, unsigned long nfds, int timeout)");
const eventfdFunction = libc.func("int eventfd(unsigned int initval, int flags)");
const flockFunction = libc.func("int flock(int fd, int operation)");
const fcntlFunction = libc.func("int fcntl(int fd, int command, int argument)");
const mountFunction = libc.func(
  "int mount(const char *source, const char *target, const char *type, unsigned long flags, const char *data)",
);
const umountFunction = libc.func("int umount2(const char *target, int flags)");
const socketpairFunction = libc.func("int socketpair(int domain, int type, int protocol, _Out_ int *fds)");
const recvmsgFunction = libc.func("long recvmsg(int fd, void *msg, int flags)");

export interface SystemCallResult {
  /** -1 when it failed. */
  readonly value: number;
  /** 0 when it did not. */
  readonly errno: number;
}

/** The errno of the last failed call of this thread. */
export function lastErrno(): number {
  return koffi.errno();
}

/** @returns the number of bytes, or -1: then see {@link lastErrno}. Cheap: meant for loops. */
export function readFd(fd: number, buffer: Buffer, length: number): number {
  return Number(readFunction(fd, buffer, length));
}

/** @returns the number of bytes, or -1: then see {@link lastErrno}. */
export function writeFd(fd: number, buffer: Buffer, length: number): number {
  return Number(writeFunction(fd, buffer, length));
}

/** For a descriptor that another thread has opened: Node's own `close` warns about those. */
export function closeFd(fd: number): void {
  checked("close", closeFunction(fd));
}

/** malloc_trim(3): gives what is free back to the system. */
export function trimHeap(): void {
  mallocTrimFunction(0);
}

export const POLLIN = 1;

/** poll(2) over a fixed set of descriptors, for reading. */
export class PollSet {
  readonly #fds: readonly number[];
  readonly #buffer: Buffer;

  constructor(fds: readonly number[]) {
    this.#fds = fds;
    this.#buffer = Buffer.alloc(8 * fds.length);
    for (const [index, fd] of fds.entries()) {
      this.#buffer.writeInt32LE(fd, 8 * index);
      this.#buffer.writeInt16LE(POLLIN, 8 * index + 4);
    }
  }

  /** Blocks this thread. @param timeoutMs -1 for no limit. @returns how many are ready; -1 with EINTR. */
  wait(timeoutMs: number): number {
    return pollFunction(this.#buffer, this.#fds.length, timeoutMs);
  }

  /** What was found of the descriptor at this index of the set. */
  revents(index: number): number {
    return this.#buffer.readInt16LE(8 * index + 6);
  }
}

const EFD_CLOEXEC = 0o2000000;
const EFD_NONBLOCK = 0o4000;

/** @throws Error */
export function makeEventfd(): number {
  return checked("eventfd", eventfdFunction(0, EFD_CLOEXEC | EFD_NONBLOCK));
}

const F_SETFL = 4;
const O_NONBLOCK = 0o4000;

/** @throws Error */
export function setNonBlocking(fd: number): void {
  checked("fcntl", fcntlFunction(fd, F_SETFL, O_NONBLOCK));
}

const LOCK_EX = 2;
const LOCK_NB = 4;

/** An exclusive flock(2) that lasts as long as the descriptor. @returns false when another holds it. */
export function tryFlock(fd: number): boolean {
  return flockFunction(fd, LOCK_EX | LOCK_NB) === 0;
}

export const MS_NOSUID = 2;
export const MS_NODEV = 4;

export interface MountRequest {
  readonly source: string;
  readonly target: string;
  readonly type: string;
  readonly flags: number;
  readonly data: string;
}

export function mount({ source, target, type, flags, data }: MountRequest): SystemCallResult {
  return resultOf(mountFunction(source, target, type, flags, data));
}

export const MNT_FORCE = 1;
export const MNT_DETACH = 2;

export function umount(target: string, flags: number): SystemCallResult {
  return resultOf(umountFunction(target, flags));
}

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_CLOEXEC = 0o2000000;

/** @throws Error */
export function makeSocketPair(): [number, number] {
  const fds = [0, 0];
  checked("socketpair", socketpairFunction(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds));
  const [first = -1, second = -1] = fds;
  return [first, second];
}

const MSG_CMSG_CLOEXEC = 0x40000000;
const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;

/**
 * Receives one descriptor over a Unix socket (unix(7), SCM_RIGHTS). Blocks until the peer has sent it or is gone.
 * @throws Error when no descriptor comes.
 */
export function receiveDescriptor(socket: number): number {
  // struct iovec {void *base; size_t len}; struct msghdr with pointers at 0, 16 and 32 (x86-64 and arm64 alike).
  const data = Buffer.alloc(8);
  const control = Buffer.alloc(64);
  const iov = Buffer.alloc(16);
  iov.writeBigUInt64LE(BigInt(koffi.address(data)), 0);
  iov.writeBigUInt64LE(BigInt(data.length), 8);
  const header = Buffer.alloc(56);
  header.writeBigUInt64LE(BigInt(koffi.address(iov)), 16);
  header.writeBigUInt64LE(1n, 24);
  header.writeBigUInt64LE(BigInt(koffi.address(control)), 32);
  header.writeBigUInt64LE(BigInt(control.length), 40);
  const received = Number(recvmsgFunction(socket, header, MSG_CMSG_CLOEXEC));
  if (received < 0) throw new Error(`recvmsg failed: errno ${koffi.errno()}`);
  const controlLength = header.readBigUInt64LE(40);
  if (controlLength < 20n || control.readInt32LE(8) !== SOL_SOCKET || control.readInt32LE(12) !== SCM_RIGHTS) {
    throw new Error("the peer sent no descriptor");
  }
  return control.readInt32LE(16);
}

function resultOf(value: number): SystemCallResult {
  return { value, errno: value === -1 ? koffi.errno() : 0 };
}

function checked(call: string, value: number): number {
  if (value === -1) throw new Error(`${call} failed: errno ${koffi.errno()}`);
  return value;
}
