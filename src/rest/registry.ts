/** The method tree: finds the method of a request path. Built once, never changed. */
import { indexPages } from "./index-pages.ts";
import type { Method, Verb } from "./method.ts";
import { compileParameters, type ParameterCheck } from "./method-check.ts";

/** A method with what is derived from it once. */
export interface Route {
  readonly method: Method;
  /** Names of the path parameters, in order. */
  readonly pathNames: readonly string[];
  /** Compiled on first use. */
  readonly check: ParameterCheck;
}

export interface RouteMatch {
  readonly route: Route;
  readonly pathParams: Record<string, string>;
}

interface TreeNode {
  readonly literals: Map<string, TreeNode>;
  variable: TreeNode | undefined;
  readonly routes: Partial<Record<Verb, Route>>;
  readonly trailing: Partial<Record<Verb, Route>>;
}

function makeNode(): TreeNode {
  return { literals: new Map(), variable: undefined, routes: {}, trailing: {} };
}

export class Registry {
  /** Every method, index pages included, by path and verb. */
  readonly methods: readonly Method[];
  readonly #root = makeNode();

  /** @throws TypeError when two methods have the same path and verb. */
  constructor(declared: readonly Method[]) {
    this.methods = [...declared, ...indexPages(declared)].sort(
      (a, b) => compareTexts(a.path, b.path) || compareTexts(a.method, b.method),
    );
    for (const method of this.methods) this.#add(method);
  }

  /** @param path percent-decoded; repeated and trailing slashes do not count. */
  find(verb: Verb, path: string): RouteMatch | undefined {
    const parts = path.split("/").filter((part) => part !== "");
    const values: string[] = [];
    const route = search(this.#root, verb, parts, 0, values);
    if (route === undefined) return undefined;
    const pathParams: Record<string, string> = {};
    route.pathNames.forEach((name, index) => {
      pathParams[name] = values[index] ?? "";
    });
    return { route, pathParams };
  }

  /** The naming property and the children of an index page, by path template. */
  indexOf(path: string): { readonly key: string; readonly children: readonly string[] } | undefined {
    const page = this.methods.find((method) => method.path === path && method.method === "GET");
    const key = /^\{([^}]+)\}$/.exec(page?.returns.links?.[0]?.href ?? "")?.[1];
    if (page === undefined || key === undefined) return undefined;
    const listed = page.handler?.({}, undefined as never);
    if (!Array.isArray(listed)) return undefined;
    return { key, children: listed.map((child: Record<string, unknown>) => String(child[key])) };
  }

  #add(method: Method): void {
    const parts = method.path.split("/").filter((part) => part !== "");
    const pathNames: string[] = [];
    let node = this.#root;
    for (const [index, part] of parts.entries()) {
      const [, name] = /^\{(.+)\}$/.exec(part) ?? [];
      if (name === undefined) {
        const next = node.literals.get(part) ?? makeNode();
        node.literals.set(part, next);
        node = next;
        continue;
      }
      pathNames.push(name);
      const isRest = method.hasTrailingPath === true && index === parts.length - 1;
      if (isRest) {
        if (node.trailing[method.method] !== undefined) throw duplicate(method);
        node.trailing[method.method] = makeRoute(method, pathNames);
        return;
      }
      node.variable ??= makeNode();
      node = node.variable;
    }
    if (node.routes[method.method] !== undefined) throw duplicate(method);
    node.routes[method.method] = makeRoute(method, pathNames);
  }
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function duplicate(method: Method): TypeError {
  return new TypeError(`${method.method} ${method.path} is declared twice`);
}

function makeRoute(method: Method, pathNames: readonly string[]): Route {
  let check: ParameterCheck | undefined;
  return {
    method,
    pathNames,
    check: (raw) => {
      check ??= compileParameters(method);
      return check(raw);
    },
  };
}

/** Depth first, a literal before a parameter before the rest of the path. `values` collects the path parameters. */
function search(node: TreeNode, verb: Verb, parts: readonly string[], at: number, values: string[]): Route | undefined {
  const part = parts[at];
  if (part === undefined) return node.routes[verb];
  const literal = node.literals.get(part);
  const viaLiteral = literal && search(literal, verb, parts, at + 1, values);
  if (viaLiteral !== undefined) return viaLiteral;
  if (node.variable !== undefined) {
    values.push(part);
    const viaVariable = search(node.variable, verb, parts, at + 1, values);
    if (viaVariable !== undefined) return viaVariable;
    values.pop();
  }
  const rest = node.trailing[verb];
  if (rest !== undefined) values.push(parts.slice(at).join("/"));
  return rest;
}
