/** `/nodes/{node}/tasks`: lists, logs and outcomes of tasks, and stopping them. */
import { createReadStream } from "node:fs";
import { parameterError, permissionError } from "../rest/errors.ts";
import { type CallContext, defineMethod, type Method, RawResponse } from "../rest/method.ts";
import { splitList } from "../rest/split-list.ts";
import { matchesFilter } from "./filters.ts";
import { readLogWindow } from "./log-file.ts";
import type { OutcomeClass } from "./outcome.ts";
import { rowOfRecord, type TaskRecord } from "./records.ts";
import type { TaskStore } from "./task-store.ts";
import { parseUpid, type Upid } from "./upid.ts";

export interface TaskMethodDeps {
  readonly store: TaskStore;
  /** Ends a task of this node. */
  readonly stop: (upid: string) => Promise<void>;
}

const NODE = { type: "string", format: "pve-node", description: "Node name." } as const;
const UPID = { type: "string", description: "Task id." } as const;
const OWN_OR_AUDIT = {
  user: "all",
  extra_checks_in_code: { privs: ["Sys.Audit"], paths: ["/nodes/<node>"] },
} as const;

/** The owner sees a task, its tokens' tasks too; a token only its own. */
function isOwn({ authid }: Upid, call: CallContext): boolean {
  return authid === call.authid || (call.authid === call.userid && authid.split("!")[0] === call.userid);
}

function parsed(upid: string): Upid {
  const result = parseUpid(upid);
  if (result === undefined) throw parameterError({ upid: "unable to parse worker upid" });
  return result;
}

/** A row of the list; a running task says so in place of an outcome. */
function describeTask(record: TaskRecord): Record<string, unknown> {
  return { status: "RUNNING", ...rowOfRecord(record) };
}

export function taskMethods({ store, stop }: TaskMethodDeps): Method[] {
  const state = (upid: string): NonNullable<ReturnType<TaskStore["state"]>> => {
    const found = store.state(upid);
    if (found === undefined) throw parameterError({ upid: "no such task" });
    return found;
  };
  const assertVisible = (task: Upid, node: string, call: CallContext): void => {
    if (!isOwn(task, call)) call.check(`/nodes/${node}`, ["Sys.Audit"]);
  };
  return [
    defineMethod({
      path: "/nodes/{node}/tasks",
      method: "GET",
      name: "node_tasks",
      description: "List a node's tasks, newest first.",
      proxyto: "node",
      permissions: OWN_OR_AUDIT,
      parameters: {
        node: NODE,
        start: { type: "integer", minimum: 0, default: 0, optional: 1, description: "Skip so many." },
        limit: { type: "integer", minimum: 0, default: 50, optional: 1, description: "At most so many." },
        userfilter: { type: "string", optional: 1, description: "Part of the user's name." },
        typefilter: { type: "string", optional: 1, description: "Only tasks of this type." },
        vmid: {
          type: "integer",
          format: "pve-vmid",
          minimum: 100,
          maximum: 999_999_999,
          optional: 1,
          description: "Only tasks of this guest.",
        },
        errors: { type: "boolean", default: 0, optional: 1, description: "Only tasks that failed." },
        source: {
          type: "string",
          enum: ["archive", "active", "all"],
          default: "archive",
          optional: 1,
          description: "Ended tasks, running and recent ones, or both.",
        },
        since: { type: "integer", optional: 1, description: "Started at this time or later (epoch seconds)." },
        until: { type: "integer", optional: 1, description: "Started at this time or before (epoch seconds)." },
        statusfilter: {
          type: "string",
          format: "pve-task-status-type-list",
          optional: 1,
          description: "Only these outcomes: ok, warning, error, unknown.",
        },
      },
      returns: {
        type: "array",
        items: {
          type: "object",
          properties: {
            upid: { type: "string" },
            node: { type: "string" },
            pid: { type: "integer" },
            pstart: { type: "integer" },
            starttime: { type: "integer" },
            type: { type: "string" },
            id: { type: "string" },
            user: { type: "string" },
            endtime: { type: "integer", optional: 1 },
            status: { type: "string", optional: 1 },
          },
        },
        links: [{ rel: "child", href: "{upid}" }],
      },
      handler(params, call) {
        const { node, start = 0, limit = 50, source = "archive", statusfilter, ...filter } = params;
        const seesAll = call.can(`/nodes/${node}`, ["Sys.Audit"]);
        const statuses = statusfilter === undefined ? undefined : new Set(splitList(statusfilter) as OutcomeClass[]);
        const isVisible = (record: TaskRecord): boolean => seesAll || isOwn(record.parsed, call);
        const listed = new Map<string, TaskRecord>();
        if (source !== "archive") for (const record of store.active()) listed.set(record.upid, record);
        if (source !== "active") {
          for (const record of store.archive()) if (!listed.has(record.upid)) listed.set(record.upid, record);
        }
        const found = [...listed.values()].filter((record) =>
          matchesFilter(record, { ...filter, statuses, isVisible }),
        );
        call.setTotal(found.length);
        return found.slice(start, limit === 0 ? undefined : start + limit).map(describeTask);
      },
    }),
    defineMethod({
      path: "/nodes/{node}/tasks/{upid}",
      method: "DELETE",
      name: "stop_task",
      description: "Stop a task.",
      protected: 1,
      proxyto: "node",
      permissions: { user: "all", extra_checks_in_code: { privs: ["Sys.Modify"], paths: ["/nodes/<node>"] } },
      parameters: { node: NODE, upid: UPID },
      returns: { type: "null" },
      async handler({ node, upid }, call) {
        const task = parsed(upid);
        if (!isOwn(task, call) && !call.can(`/nodes/${node}`, ["Sys.Modify"])) {
          throw permissionError(`/nodes/${node}, Sys.Modify`);
        }
        state(upid);
        await stop(upid);
        return undefined;
      },
    }),
    defineMethod({
      path: "/nodes/{node}/tasks/{upid}/log",
      method: "GET",
      name: "read_task_log",
      description: "Lines of a task's log, or all of it as a file.",
      protected: 1,
      proxyto: "node",
      permissions: OWN_OR_AUDIT,
      parameters: {
        node: NODE,
        upid: UPID,
        start: { type: "integer", minimum: 0, default: 0, optional: 1, description: "First line, from 0." },
        limit: { type: "integer", minimum: 0, default: 50, optional: 1, description: "At most so many lines; 0: all." },
        download: { type: "boolean", optional: 1, description: "The whole log as a text file." },
      },
      returns: {
        type: "array",
        items: { type: "object", properties: { n: { type: "integer" }, t: { type: "string" } } },
      },
      async handler({ node, upid, start, limit, download }, call) {
        const task = parsed(upid);
        assertVisible(task, node, call);
        state(upid);
        if (download === true) {
          if (start !== undefined || limit !== undefined) {
            throw parameterError({ download: "cannot be used together with 'start' or 'limit'" });
          }
          const time = new Date(task.starttime * 1000).toISOString();
          const name = `task-${task.node}-${task.type}-${time}.log`;
          return new RawResponse("text/plain", createReadStream(store.logPathOf(upid)), {
            "Content-Disposition": `attachment; filename="${name}"`,
          });
        }
        const { lines, total } = await readLogWindow(store.logPathOf(upid), start ?? 0, limit ?? 50);
        call.setTotal(total);
        return lines;
      },
    }),
    defineMethod({
      path: "/nodes/{node}/tasks/{upid}/status",
      method: "GET",
      name: "read_task_status",
      description: "Whether a task runs, or how it ended.",
      protected: 1,
      proxyto: "node",
      permissions: OWN_OR_AUDIT,
      parameters: { node: NODE, upid: UPID },
      returns: {
        type: "object",
        properties: {
          upid: { type: "string" },
          node: { type: "string" },
          pid: { type: "integer" },
          pstart: { type: "integer" },
          starttime: { type: "integer" },
          type: { type: "string" },
          id: { type: "string" },
          user: { type: "string" },
          status: { type: "string", enum: ["running", "stopped"] },
          exitstatus: { type: "string", optional: 1 },
        },
      },
      handler({ node, upid }, call) {
        const task = parsed(upid);
        assertVisible(task, node, call);
        const { isRunning, status } = state(upid);
        const row = rowOfRecord({ upid, parsed: task });
        return isRunning ? { ...row, status: "running" } : { ...row, status: "stopped", exitstatus: status };
      },
    }),
  ];
}
