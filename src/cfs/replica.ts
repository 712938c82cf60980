/**
 * One node's copy of the cluster file system. A change passes four moments, in this order and never mixed: *delivered*
 * by the group (executed on the head), *committed* by the store, *seen* by readers and watchers, *answered* to its
 * writer. It runs on one thread, never blocks except in an inline commit, and knows neither FUSE nor sockets.
 */
import { createHash } from "node:crypto";
import { messageOf } from "../errors/quorate-error.ts";
import type { Logger } from "../log/logger.ts";
import type {
  Group,
  GroupHandlers,
  OperationsMessage,
  StatusMessage,
  TreeMessage,
  UnlockRequestMessage,
} from "./group.ts";
import type { CfsEvent, ClusterInfo, ClusterLogEntry } from "./port.ts";
import type { CommitStore, Durability } from "./store/port.ts";
import { type ChangeSet, eventsOf } from "./tree/change-set.ts";
import { ClusterLog, makeLogEntry } from "./tree/cluster-log.ts";
import { lockDigest } from "./tree/digest.ts";
import { isDirectory } from "./tree/entry.ts";
import type { Errno } from "./tree/errno.ts";
import { exceedsLimits } from "./tree/limits.ts";
import { LockTimers } from "./tree/lock-timers.ts";
import { execute, type Operation, refuseBeforeSending } from "./tree/operation.ts";
import { isLockPath, type VirtualFileName } from "./tree/paths.ts";
import { StatusTable } from "./tree/status.ts";
import type { Tree } from "./tree/tree.ts";
import { renderVirtualFile, type VirtualFileSource } from "./tree/virtual-files.ts";

export interface Clock {
  /** Epoch seconds, whole. */
  now(): number;
  /** Seconds that never jump. */
  monotonic(): number;
}

/** Why a batch was refused; `changed` when the file is not the one expected. */
export type Refusal = Errno | "changed";

export interface BatchResult {
  readonly refused?: Refusal;
  readonly changes: readonly ChangeSet[];
}

export interface Batch {
  readonly operations: readonly Operation[];
  readonly expect?: OperationsMessage["expect"];
  /** Default `synced`. */
  readonly durability?: Durability;
  /** Made by the kernel of this node, which therefore knows of it. */
  readonly isFromKernel?: boolean;
}

export interface SeenChange {
  readonly change: ChangeSet;
  readonly isFromKernel: boolean;
}

export interface ReplicaListener {
  /** After the commit, before the answers. The replica's `seen` tree has the changes. */
  seen(changes: readonly SeenChange[]): void;
  /** In order; those of one commit together. */
  events(events: readonly CfsEvent[]): void;
}

export interface ReplicaOptions {
  readonly nodeName: string;
  readonly tree: Tree;
  readonly store: CommitStore;
  readonly group: Group;
  readonly clock: Clock;
  readonly log: Logger;
  /** Process id for the cluster log's first entry. */
  readonly pid: number;
}

interface Waiting {
  readonly durability: Durability;
  readonly isFromKernel: boolean;
  readonly answer: (result: BatchResult) => void;
}

interface Delivered {
  readonly changes: readonly ChangeSet[];
  readonly refused?: Refusal;
  readonly waiting?: Waiting;
}

/** A store that has not committed for this long makes the node read-only. */
const STALLED_AFTER_SECONDS = 10;

export interface ReplicaHealth {
  readonly isWritable: boolean;
  /** Why not, when it is not. */
  readonly readOnlyReason?: string;
  readonly lastCommitError?: string;
  readonly entryCount: number;
  readonly totalBytes: number;
  readonly version: number;
}

export class Replica {
  readonly nodeName: string;
  readonly status: StatusTable;
  readonly clusterLog = new ClusterLog();
  readonly startTime: number;
  isDebug = false;
  readonly #options: ReplicaOptions;
  readonly #locks = new LockTimers();
  readonly #listeners = new Set<ReplicaListener>();
  readonly #waiting = new Map<number, Waiting>();
  #head: Tree;
  #seen: Tree;
  #delivered: Delivered[] = [];
  #committing: readonly Delivered[] | undefined;
  #committingSince = 0;
  #isSyncing = false;
  #isStalled = false;
  #lastCommitError: string | undefined;
  #lastTicket = 0;
  #lastLogUid = 0;
  #membersVersion = 1;
  #afterCommit: (() => void)[] = [];

  constructor(options: ReplicaOptions) {
    this.#options = options;
    this.nodeName = options.nodeName;
    this.status = new StatusTable(options.nodeName);
    this.startTime = options.clock.now();
    this.#seen = options.tree;
    this.#head = options.tree.copy();
    this.#locks.reload(this.#head, options.clock.monotonic());
    this.appendLog({ priority: 6, ident: "root", tag: "cluster", message: "starting cluster log" }, options.pid);
    options.group.start(this.#handlers());
  }

  /** What readers see: committed. */
  get seen(): Tree {
    return this.#seen;
  }

  /** Delivered, perhaps not committed: only to find out what an operation of this node refers to. */
  get head(): Tree {
    return this.#head;
  }

  get isWritable(): boolean {
    return this.#options.group.isQuorate && !this.#isStalled;
  }

  get membersVersion(): number {
    return this.#membersVersion;
  }

  /** Epoch seconds by this node's clock. */
  now(): number {
    return this.#options.clock.now();
  }

  info(): ClusterInfo {
    return this.#options.group.info();
  }

  listen(listener: ReplicaListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Sends a batch of operations, all in one transaction. A refused operation ends the batch; those before it stand.
   * @param answer called once, when the batch is committed and seen, or refused.
   */
  submit(batch: Batch, answer: (result: BatchResult) => void): void {
    const refused = this.#refuse(batch.operations);
    if (refused !== undefined) {
      answer({ refused, changes: [] });
      return;
    }
    const { operations, expect } = batch;
    const time = this.#options.clock.now();
    const message: OperationsMessage =
      expect === undefined
        ? { kind: "operations", operations, time }
        : { kind: "operations", operations, expect, time };
    this.#send(message, {
      durability: batch.durability ?? "synced",
      isFromKernel: batch.isFromKernel ?? false,
      answer,
    });
  }

  /**
   * `utimens` of a path. A time of 0 on a lock asks to take the lock away if it has expired; that answers an error even
   * when it succeeds, as the next `mkdir` decides.
   */
  setMtime(
    path: string,
    mtime: number,
    batch: Pick<Batch, "isFromKernel">,
    answer: (result: BatchResult) => void,
  ): void {
    const entry = this.#head.lookup(path);
    if (mtime !== 0 || !isLockPath(path) || entry === undefined || !isDirectory(entry)) {
      this.submit({ operations: [{ kind: "mtime", path, mtime }], ...batch }, answer);
      return;
    }
    if (!this.isWritable) {
      answer({ refused: "EACCES", changes: [] });
      return;
    }
    // An unlock that the request leads to is delivered with it: when this is answered, it is seen.
    const answerWhenJudged = ({ refused }: BatchResult): void => {
      const isGone = this.#seen.lookup(path) === undefined;
      answer({ refused: refused ?? (isGone ? "ENOENT" : "EACCES"), changes: [] });
    };
    this.#send(
      { kind: "unlock-request", path, digest: lockDigest(entry), time: this.#options.clock.now() },
      { durability: "synced", isFromKernel: false, answer: answerWhenJudged },
    );
  }

  /** Commits what was delivered since the last call. To be called once after a burst of requests. */
  flush(): void {
    while (this.#committing === undefined && !this.#isSyncing && this.#delivered.length > 0) {
      const batch = this.#delivered;
      this.#delivered = [];
      const changes = batch.flatMap((item) => item.changes);
      if (changes.length === 0) {
        this.#answer(batch, undefined);
        continue;
      }
      const isWritten = batch.every((item) => item.waiting?.durability === "written" || item.changes.length === 0);
      this.#committing = batch;
      this.#committingSince = this.#options.clock.monotonic();
      this.#options.store.commit(changes, isWritten ? "written" : "synced", (failure) =>
        this.#committed(batch, failure),
      );
    }
    if (this.#committing === undefined && this.#delivered.length === 0) this.#runAfterCommit();
  }

  get hasUnsynced(): boolean {
    return this.#options.store.hasUnsynced;
  }

  /** Makes everything committed survive the loss of power. @param done called when it does, or with the reason. */
  sync(done: (failure?: Error) => void): void {
    this.flush();
    this.#whenIdle(() => {
      if (!this.#options.store.hasUnsynced) {
        done();
        return;
      }
      this.#isSyncing = true;
      this.#options.store.sync((failure) => {
        this.#isSyncing = false;
        if (failure !== undefined) this.#commitFailed(failure);
        done(failure);
        this.flush();
      });
    });
  }

  /** Whether a commit is under way: then `checkStall` is to be called about once a second. */
  get isCommitting(): boolean {
    return this.#committing !== undefined || this.#isSyncing;
  }

  /** Goes read-only when the store has been silent for too long. */
  checkStall(): void {
    const isLate =
      this.#committing !== undefined && this.#options.clock.monotonic() - this.#committingSince > STALLED_AFTER_SECONDS;
    if (!isLate || this.#isStalled) return;
    this.#isStalled = true;
    this.#options.log.error({ seconds: STALLED_AFTER_SECONDS }, "the database does not commit: going read-only");
    this.#tell({ kind: "members" });
  }

  virtualFile(name: VirtualFileName): Buffer {
    const { startTime, clusterLog, isDebug, status } = this;
    const source: VirtualFileSource = {
      startTime,
      membersVersion: this.#membersVersion,
      tree: this.#seen,
      status,
      clusterLog,
      isDebug,
      info: () => this.info(),
      rrd: () => this.rrd(),
    };
    return Buffer.from(renderVirtualFile(name, source), "utf8");
  }

  /** @param value empty to delete the key. */
  publish(key: string, value: Buffer): Errno | undefined {
    const refused = this.status.set(this.nodeName, key, value, this.#options.clock.monotonic());
    if (refused !== undefined) return refused;
    this.#options.group.sendStatus({ kind: "status", key, value });
    this.#tell({ kind: "status", node: this.nodeName, key });
    return undefined;
  }

  rrd(): Map<string, string> {
    return this.status.rrd(this.#options.clock.monotonic());
  }

  appendLog(entry: ClusterLogEntry, pid: number): void {
    this.#lastLogUid += 1;
    const own = { node: this.nodeName, uid: this.#lastLogUid };
    const origin = { ...own, pid, time: this.clusterLog.timeOfNext(own, this.#options.clock.now()) };
    const made = makeLogEntry(entry, origin);
    this.clusterLog.add(made);
    this.#options.group.sendStatus({ kind: "log", entry: made });
    this.#tell({ kind: "clusterlog" });
  }

  setDebug(isDebug: boolean): void {
    this.isDebug = isDebug;
    this.#options.log.info({ isDebug }, isDebug ? "enable debug mode" : "disable debug mode");
  }

  health(): ReplicaHealth {
    const readOnlyReason = this.#isStalled
      ? `the database has not committed for ${STALLED_AFTER_SECONDS} s`
      : this.#options.group.isQuorate
        ? undefined
        : "no quorum";
    return {
      isWritable: this.isWritable,
      ...(readOnlyReason === undefined ? {} : { readOnlyReason }),
      ...(this.#lastCommitError === undefined ? {} : { lastCommitError: this.#lastCommitError }),
      entryCount: this.#seen.entryCount,
      totalBytes: this.#seen.totalBytes,
      version: this.#seen.root.version,
    };
  }

  /** The checks of the sender: nodes need not agree on them. */
  #refuse(operations: readonly Operation[]): Errno | undefined {
    if (this.#isStalled) return "EROFS";
    if (!this.#options.group.isQuorate) return "EACCES";
    for (const operation of operations) {
      const refused = refuseBeforeSending(operation);
      if (refused !== undefined) return refused;
    }
    return exceedsLimits(this.#head, operations) ? "ENOSPC" : undefined;
  }

  #send(message: TreeMessage, waiting: Waiting): void {
    this.#lastTicket += 1;
    const ticket = this.#lastTicket;
    this.#waiting.set(ticket, waiting);
    const refused = this.#options.group.send(message, ticket);
    if (refused === undefined) return;
    this.#waiting.delete(ticket);
    waiting.answer({ refused, changes: [] });
  }

  #handlers(): GroupHandlers {
    return {
      deliverTree: (message, from) => this.#deliver(message, from),
      deliverStatus: (message, { nodeName }) => this.#deliverStatus(message, nodeName),
      release: (ticket) => {
        const waiting = this.#waiting.get(ticket);
        this.#waiting.delete(ticket);
        waiting?.answer({ refused: "EBUSY", changes: [] });
      },
      membershipChanged: () => {
        this.#membersVersion += 1;
        this.#tell({ kind: "members" });
      },
    };
  }

  #deliver(message: TreeMessage, from: { readonly nodeId: number; readonly ticket?: number }): void {
    const waiting = from.ticket === undefined ? undefined : this.#waiting.get(from.ticket);
    if (from.ticket !== undefined) this.#waiting.delete(from.ticket);
    const result =
      message.kind === "operations" ? this.#execute(message, from.nodeId) : this.#judgeUnlockRequest(message);
    this.#delivered.push(waiting === undefined ? result : { ...result, waiting });
  }

  #execute(message: OperationsMessage, writer: number): Omit<Delivered, "waiting"> {
    const changes: ChangeSet[] = [];
    if (message.expect !== undefined && !this.#isAsExpected(message.expect)) return { changes, refused: "changed" };
    for (const operation of message.operations) {
      const result = execute(this.#head, operation, { writer, time: message.time });
      if (typeof result === "string") return { changes, refused: result };
      if (result === undefined) continue;
      this.#head.apply(result);
      this.#locks.follow(result, this.#options.clock.monotonic());
      changes.push(result);
    }
    return { changes };
  }

  #isAsExpected({ path, digest }: { readonly path: string; readonly digest: string | null }): boolean {
    const data = this.#head.lookup(path)?.data;
    if (data === undefined) return digest === null;
    return digest === createHash("sha1").update(data).digest("hex");
  }

  #judgeUnlockRequest(message: UnlockRequestMessage): Omit<Delivered, "waiting"> {
    const entry = this.#head.lookup(message.path);
    if (entry === undefined || !this.#options.group.isLowestMember) return { changes: [] };
    if (!lockDigest(entry).equals(message.digest)) return { changes: [] };
    const verdict = this.#locks.judge(message.path, entry, this.#options.clock.monotonic());
    if (verdict === "reset") this.#options.log.warn({ path: message.path }, "wrong lock csum - reset timeout");
    if (verdict === "expired") {
      const { path, digest } = message;
      const unlock: OperationsMessage = {
        kind: "operations",
        operations: [{ kind: "unlock", path, digest }],
        time: this.#options.clock.now(),
      };
      this.#send(unlock, {
        durability: "synced",
        isFromKernel: false,
        answer: ({ refused }) => {
          if (refused === undefined) this.#options.log.info({ path }, "expired lock removed");
          else this.#options.log.warn({ path, refused }, "expired lock not removed");
        },
      });
    }
    return { changes: [] };
  }

  #deliverStatus(message: StatusMessage, nodeName: string): void {
    if (message.kind === "log") {
      if (this.clusterLog.add(message.entry)) this.#tell({ kind: "clusterlog" });
      else this.#options.log.debug({ node: nodeName }, "ignore insert of duplicate cluster log");
      return;
    }
    const refused = this.status.set(nodeName, message.key, message.value, this.#options.clock.monotonic());
    if (refused !== undefined) this.#options.log.warn({ node: nodeName, key: message.key, refused }, "status refused");
    else this.#tell({ kind: "status", node: nodeName, key: message.key });
  }

  #committed(batch: readonly Delivered[], failure: Error | undefined): void {
    this.#committing = undefined;
    if (this.#isStalled) {
      this.#isStalled = false;
      this.#options.log.info({}, "the database commits again");
      this.#tell({ kind: "members" });
    }
    if (failure === undefined) this.#lastCommitError = undefined;
    else this.#commitFailed(failure);
    this.#answer(batch, failure);
    this.flush();
  }

  /** What was delivered after the failed batch was executed on a state that never came to be: it fails as well. */
  #commitFailed(failure: Error): void {
    this.#lastCommitError = messageOf(failure);
    this.#options.log.error({ error: this.#lastCommitError }, "the database did not commit: changes are undone");
    const lost = this.#delivered;
    this.#delivered = [];
    this.#head = this.#seen.copy();
    this.#locks.reload(this.#head, this.#options.clock.monotonic());
    this.#answer(lost, failure);
  }

  #answer(batch: readonly Delivered[], failure: Error | undefined): void {
    if (failure === undefined) this.#show(batch);
    const errno: Errno = isDiskFull(failure) ? "ENOSPC" : "EIO";
    for (const { waiting, changes, refused } of batch) {
      if (waiting === undefined) continue;
      if (failure !== undefined && changes.length > 0) waiting.answer({ refused: errno, changes: [] });
      else waiting.answer(refused === undefined ? { changes } : { refused, changes });
    }
  }

  #show(batch: readonly Delivered[]): void {
    const seen: SeenChange[] = [];
    for (const { changes, waiting } of batch) {
      for (const change of changes) {
        this.#seen.apply(change);
        seen.push({ change, isFromKernel: waiting?.isFromKernel ?? false });
      }
    }
    if (seen.length === 0) return;
    const events = seen.flatMap(({ change }) => eventsOf(change));
    for (const listener of this.#listeners) {
      listener.seen(seen);
      listener.events(events);
    }
  }

  #tell(event: CfsEvent): void {
    for (const listener of this.#listeners) listener.events([event]);
  }

  #whenIdle(action: () => void): void {
    this.#afterCommit.push(action);
    if (!this.isCommitting && this.#delivered.length === 0) this.#runAfterCommit();
  }

  #runAfterCommit(): void {
    const actions = this.#afterCommit;
    this.#afterCommit = [];
    for (const action of actions) action();
  }
}

const SQLITE_FULL = 13;

function isDiskFull(failure: Error | undefined): boolean {
  return failure !== undefined && "errcode" in failure && failure.errcode === SQLITE_FULL;
}
