/** `/nodes/{node}/services`: the state of services, and starting and stopping them in tasks. */
import { defineMethod, type Method } from "../rest/method.ts";
import type { Tasks } from "../tasks/port.ts";
import { NODE } from "./node-parameter.ts";
import type { ServiceControl } from "./service-control.ts";
import { assertAllowed, SERVICES, type ServiceAction } from "./service-facts.ts";

export interface ServiceMethodDeps {
  readonly control: ServiceControl;
  readonly tasks: Tasks;
}

const AUDIT = { check: ["perm", "/nodes/{node}", ["Sys.Audit"]] } as const;
const MODIFY = { check: ["perm", "/nodes/{node}", ["Sys.Modify"]] } as const;
const PARAMETERS = {
  node: NODE,
  service: { type: "string", enum: SERVICES, description: "Service." },
} as const;
const ROW = {
  service: { type: "string" },
  name: { type: "string" },
  desc: { type: "string" },
  state: { type: "string" },
  "active-state": { type: "string" },
  "unit-state": { type: "string" },
} as const;
const ACTIONS: Readonly<Record<ServiceAction, string>> = {
  start: "Start a service.",
  stop: "Stop a service.",
  restart: "Stop and start a service.",
  reload: "Have a service load its configuration anew.",
};

export function serviceMethods({ control, tasks }: ServiceMethodDeps): Method[] {
  return [
    defineMethod({
      path: "/nodes/{node}/services",
      method: "GET",
      name: "index",
      description: "List services and their state.",
      protected: 1,
      proxyto: "node",
      permissions: AUDIT,
      parameters: { node: NODE },
      returns: {
        type: "array",
        items: { type: "object", properties: ROW },
        links: [{ rel: "child", href: "{service}" }],
      },
      handler: () => control.rows(),
    }),
    defineMethod({
      path: "/nodes/{node}/services/{service}/state",
      method: "GET",
      name: "service_state",
      description: "State of a service.",
      protected: 1,
      proxyto: "node",
      permissions: AUDIT,
      parameters: PARAMETERS,
      returns: { type: "object", properties: ROW },
      handler: ({ service }) => control.row(service),
    }),
    ...(Object.keys(ACTIONS) as ServiceAction[]).map((action) =>
      defineMethod({
        path: `/nodes/{node}/services/{service}/${action}`,
        method: "POST",
        name: `service_${action}`,
        description: ACTIONS[action],
        protected: 1,
        proxyto: "node",
        permissions: MODIFY,
        parameters: PARAMETERS,
        returns: { type: "string" },
        handler({ service }, { authid = "" }) {
          assertAllowed(service, action);
          return tasks.start({ type: `srv${action}`, id: service, authid, args: { service } });
        },
      }),
    ),
  ];
}
