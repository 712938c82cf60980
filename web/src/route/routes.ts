/** Which page an address shows. Addresses of guests have no node in them, since guests move. */
export type Route =
  | { readonly page: "overview" | "guests" | "nodes" | "storages" | "tasks" | "create-vm" | "not-found" }
  | { readonly page: "vm"; readonly vmid: number; readonly tab: string }
  | { readonly page: "bare-console"; readonly vmid: number }
  | { readonly page: "node"; readonly node: string; readonly tab: string }
  | { readonly page: "storage"; readonly storage: string; readonly tab: string }
  | { readonly page: "task"; readonly upid: string }
  | { readonly page: "admin"; readonly tab: string };

function vmidOf(text: string | undefined): number | undefined {
  return text !== undefined && /^[1-9]\d{2,8}$/.test(text) ? Number(text) : undefined;
}

export function routeOf(path: string): Route {
  const [first, second, third, ...more] = path.split("/").slice(1).map(decode);
  if (more.length > 0) return { page: "not-found" };
  switch (first) {
    case "":
    case undefined:
      return { page: "overview" };
    case "guests":
    case "nodes":
    case "tasks":
      return { page: second === undefined ? first : "not-found" };
    case "vm":
    case "ct": {
      if (second === "new") return { page: "create-vm" };
      const vmid = vmidOf(second);
      return vmid === undefined ? { page: "not-found" } : { page: "vm", vmid, tab: third ?? "summary" };
    }
    case "console": {
      const vmid = second === "vm" ? vmidOf(third) : undefined;
      return vmid === undefined ? { page: "not-found" } : { page: "bare-console", vmid };
    }
    case "node":
      return second === undefined ? { page: "not-found" } : { page: "node", node: second, tab: third ?? "summary" };
    case "storage":
      if (second === undefined) return { page: "storages" };
      return { page: "storage", storage: second, tab: third ?? "content" };
    case "task":
      return second === undefined ? { page: "not-found" } : { page: "task", upid: second };
    case "admin":
      return { page: "admin", tab: second ?? "users" };
    default:
      return { page: "not-found" };
  }
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    // Not an encoding of anything: as it is, and so no page's name.
    return part;
  }
}

/** The link to a console that other programs make: `/?console=kvm&novnc=1&vmid=101&node=n1`. */
export function consoleLink(path: string, search: string): string | undefined {
  const query = new URLSearchParams(search);
  const vmid = vmidOf(query.get("vmid") ?? undefined);
  return path === "/" && query.get("console") === "kvm" && vmid !== undefined ? `/console/vm/${vmid}` : undefined;
}
