/** The privileges and the roles that come with the program; these roles can neither be changed nor removed. */

export const PRIVILEGES = [
  "Datastore.Allocate",
  "Datastore.AllocateSpace",
  "Datastore.AllocateTemplate",
  "Datastore.Audit",
  "Group.Allocate",
  "Mapping.Audit",
  "Mapping.Modify",
  "Mapping.Use",
  "Permissions.Modify",
  "Pool.Allocate",
  "Pool.Audit",
  "Realm.Allocate",
  "Realm.AllocateUser",
  "SDN.Allocate",
  "SDN.Audit",
  "SDN.Use",
  "Sys.AccessNetwork",
  "Sys.Audit",
  "Sys.Console",
  "Sys.Incoming",
  "Sys.Modify",
  "Sys.PowerMgmt",
  "Sys.Syslog",
  "User.Modify",
  "VM.Allocate",
  "VM.Audit",
  "VM.Backup",
  "VM.Clone",
  "VM.Config.CDROM",
  "VM.Config.CPU",
  "VM.Config.Cloudinit",
  "VM.Config.Disk",
  "VM.Config.HWType",
  "VM.Config.Memory",
  "VM.Config.Network",
  "VM.Config.Options",
  "VM.Console",
  "VM.GuestAgent.Audit",
  "VM.GuestAgent.FileRead",
  "VM.GuestAgent.FileSystemMgmt",
  "VM.GuestAgent.FileWrite",
  "VM.GuestAgent.Unrestricted",
  "VM.Migrate",
  "VM.PowerMgmt",
  "VM.Replicate",
  "VM.Snapshot",
  "VM.Snapshot.Rollback",
] as const;

const KNOWN: ReadonlySet<string> = new Set(PRIVILEGES);

export function isPrivilege(name: string): boolean {
  return KNOWN.has(name);
}

export const ADMINISTRATOR_ROLE = "Administrator";
export const NO_ACCESS_ROLE = "NoAccess";

const startingWith = (...stems: readonly string[]): string[] =>
  PRIVILEGES.filter((name) => stems.some((stem) => name.startsWith(stem)));

const VM_USER = [
  "VM.Audit",
  "VM.Backup",
  "VM.Config.CDROM",
  "VM.Config.Cloudinit",
  "VM.Console",
  "VM.GuestAgent.Audit",
  "VM.GuestAgent.FileRead",
  "VM.GuestAgent.FileSystemMgmt",
  "VM.GuestAgent.FileWrite",
  "VM.PowerMgmt",
];

/** What an administrator of guests, users and storages does not get: the node itself, realms, rights, mappings. */
const BEYOND_PVE_ADMIN = new Set([
  "Mapping.Modify",
  "Permissions.Modify",
  "Realm.Allocate",
  "Sys.AccessNetwork",
  "Sys.Incoming",
  "Sys.Modify",
  "Sys.PowerMgmt",
]);

export const BUILT_IN_ROLES: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  Object.entries({
    [ADMINISTRATOR_ROLE]: [...PRIVILEGES],
    [NO_ACCESS_ROLE]: [],
    PVEAdmin: PRIVILEGES.filter((name) => !BEYOND_PVE_ADMIN.has(name)),
    PVEAuditor: [
      "Datastore.Audit",
      "Mapping.Audit",
      "Pool.Audit",
      "SDN.Audit",
      "Sys.Audit",
      "VM.Audit",
      "VM.GuestAgent.Audit",
    ],
    PVEDatastoreAdmin: startingWith("Datastore."),
    PVEDatastoreUser: ["Datastore.AllocateSpace", "Datastore.Audit"],
    PVEMappingAdmin: startingWith("Mapping."),
    PVEMappingUser: ["Mapping.Audit", "Mapping.Use"],
    PVEPoolAdmin: startingWith("Pool."),
    PVEPoolUser: ["Pool.Audit"],
    PVESDNAdmin: startingWith("SDN."),
    PVESDNUser: ["SDN.Audit", "SDN.Use"],
    PVESysAdmin: ["Sys.Audit", "Sys.Console", "Sys.Syslog"],
    PVETemplateUser: ["VM.Audit", "VM.Clone"],
    PVEUserAdmin: ["Group.Allocate", "Realm.AllocateUser", "User.Modify"],
    PVEVMAdmin: startingWith("VM."),
    PVEVMUser: VM_USER,
  }).map(([role, privileges]) => [role, new Set(privileges)]),
);
