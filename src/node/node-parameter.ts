/** The path parameter that names a node. */
export const NODE = { type: "string", format: "pve-node", description: "Node name." } as const;
