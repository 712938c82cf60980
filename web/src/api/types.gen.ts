/* Made by scripts/generate-api-types.ts from `quorate openapi`: do not edit. */

export interface Methods {
  "/": {
    GET: { readonly parameters: Readonly<Record<string, never>>; readonly answer: readonly ({ readonly subdir: string; })[] };
  };
  "/access": {
    GET: { readonly parameters: Readonly<Record<string, never>>; readonly answer: readonly ({ readonly subdir: string; })[] };
  };
  "/access/acl": {
    GET: { readonly parameters: Readonly<Record<string, never>>; readonly answer: readonly ({ readonly path: string; readonly propagate?: 0 | 1; readonly roleid: string; readonly type: "user" | "group" | "token"; readonly ugid: string; })[] };
    PUT: { readonly parameters: { readonly path: string; readonly roles: string; readonly users?: string; readonly groups?: string; readonly tokens?: string; readonly propagate?: 0 | 1; readonly delete?: 0 | 1; }; readonly answer: null };
  };
  "/access/domains": {
    GET: { readonly parameters: Readonly<Record<string, never>>; readonly answer: readonly ({ readonly realm: string; readonly type: string; readonly comment?: string; readonly tfa?: "yubico" | "oath"; })[] };
    POST: { readonly parameters: { readonly "acr-values"?: string; readonly audiences?: string; readonly autocreate?: 0 | 1; readonly base_dn?: string; readonly bind_dn?: string; readonly capath?: string; readonly "case-sensitive"?: 0 | 1; readonly cert?: string; readonly certkey?: string; readonly "check-connection"?: 0 | 1; readonly "client-id"?: string; readonly "client-key"?: string; readonly comment?: string; readonly default?: 0 | 1; readonly domain?: string; readonly filter?: string; readonly group_classes?: string; readonly group_dn?: string; readonly group_filter?: string; readonly group_name_attr?: string; readonly "groups-autocreate"?: 0 | 1; readonly "groups-claim"?: string; readonly "groups-overwrite"?: 0 | 1; readonly "issuer-url"?: string; readonly mode?: "ldap" | "ldaps" | "ldap+starttls"; readonly password?: string; readonly port?: number; readonly prompt?: string; readonly "query-userinfo"?: 0 | 1; readonly scopes?: string; readonly secure?: 0 | 1; readonly server1?: string; readonly server2?: string; readonly sslversion?: "tlsv1" | "tlsv1_1" | "tlsv1_2" | "tlsv1_3"; readonly "sync-defaults-options"?: string; readonly sync_attributes?: string; readonly tfa?: string; readonly user_attr?: string; readonly user_classes?: string; readonly verify?: 0 | 1; readonly "username-claim"?: string; readonly realm: string; readonly type: "ad" | "ldap" | "openid" | "pam" | "pve"; }; readonly answer: null };
  };
  "/access/domains/{realm}": {
    GET: { readonly parameters: { readonly realm: string; }; readonly answer: unknown };
    PUT: { readonly parameters: { readonly realm: string; readonly "acr-values"?: string; readonly audiences?: string; readonly autocreate?: 0 | 1; readonly base_dn?: string; readonly bind_dn?: string; readonly capath?: string; readonly "case-sensitive"?: 0 | 1; readonly cert?: string; readonly certkey?: string; readonly "check-connection"?: 0 | 1; readonly "client-id"?: string; readonly "client-key"?: string; readonly comment?: string; readonly default?: 0 | 1; readonly domain?: string; readonly filter?: string; readonly group_classes?: string; readonly group_dn?: string; readonly group_filter?: string; readonly group_name_attr?: string; readonly "groups-autocreate"?: 0 | 1; readonly "groups-claim"?: string; readonly "groups-overwrite"?: 0 | 1; readonly "issuer-url"?: string; readonly mode?: "ldap" | "ldaps" | "ldap+starttls"; readonly password?: string; readonly port?: number; readonly prompt?: string; readonly "query-userinfo"?: 0 | 1; readonly scopes?: string; readonly secure?: 0 | 1; readonly server1?: string; readonly server2?: string; readonly sslversion?: "tlsv1" | "tlsv1_1" | "tlsv1_2" | "tlsv1_3"; readonly "sync-defaults-options"?: string; readonly sync_attributes?: string; readonly tfa?: string; readonly user_attr?: string; readonly user_classes?: string; readonly verify?: 0 | 1; readonly delete?: string; readonly digest?: string; }; readonly answer: null };
    DELETE: { readonly parameters: { readonly realm: string; }; readonly answer: null };
  };
  "/access/groups": {
    GET: { readonly parameters: Readonly<Record<string, never>>; readonly answer: readonly ({ readonly groupid: string; readonly comment?: string; readonly users?: string; })[] };
    POST: { readonly parameters: { readonly groupid: string; readonly comment?: string; }; readonly answer: null };
  };
  "/access/groups/{groupid}": {
    GET: { readonly parameters: { readonly groupid: string; }; readonly answer: { readonly comment?: string; readonly members: readonly (string)[]; } };
    PUT: { readonly parameters: { readonly groupid: string; readonly comment?: string; }; readonly answer: null };
    DELETE: { readonly parameters: { readonly groupid: string; }; readonly answer: null };
  };
  "/access/password": {
    PUT: { readonly parameters: { readonly userid: string; readonly password: string; readonly "confirmation-password"?: string; }; readonly answer: null };
  };
  "/access/permissions": {
    GET: { readonly parameters: { readonly path?: string; readonly userid?: string; }; readonly answer: Readonly<Record<string, unknown>> };
  };
  "/access/roles": {
    GET: { readonly parameters: Readonly<Record<string, never>>; readonly answer: readonly ({ readonly roleid: string; readonly privs?: string; readonly special?: 0 | 1; })[] };
    POST: { readonly parameters: { readonly roleid: string; readonly privs?: string; }; readonly answer: null };
  };
  "/access/roles/{roleid}": {
    GET: { readonly parameters: { readonly roleid: string; }; readonly answer: { readonly "Datastore.Allocate"?: 0 | 1; readonly "Datastore.AllocateSpace"?: 0 | 1; readonly "Datastore.AllocateTemplate"?: 0 | 1; readonly "Datastore.Audit"?: 0 | 1; readonly "Group.Allocate"?: 0 | 1; readonly "Mapping.Audit"?: 0 | 1; readonly "Mapping.Modify"?: 0 | 1; readonly "Mapping.Use"?: 0 | 1; readonly "Permissions.Modify"?: 0 | 1; readonly "Pool.Allocate"?: 0 | 1; readonly "Pool.Audit"?: 0 | 1; readonly "Realm.Allocate"?: 0 | 1; readonly "Realm.AllocateUser"?: 0 | 1; readonly "SDN.Allocate"?: 0 | 1; readonly "SDN.Audit"?: 0 | 1; readonly "SDN.Use"?: 0 | 1; readonly "Sys.AccessNetwork"?: 0 | 1; readonly "Sys.Audit"?: 0 | 1; readonly "Sys.Console"?: 0 | 1; readonly "Sys.Incoming"?: 0 | 1; readonly "Sys.Modify"?: 0 | 1; readonly "Sys.PowerMgmt"?: 0 | 1; readonly "Sys.Syslog"?: 0 | 1; readonly "User.Modify"?: 0 | 1; readonly "VM.Allocate"?: 0 | 1; readonly "VM.Audit"?: 0 | 1; readonly "VM.Backup"?: 0 | 1; readonly "VM.Clone"?: 0 | 1; readonly "VM.Config.CDROM"?: 0 | 1; readonly "VM.Config.CPU"?: 0 | 1; readonly "VM.Config.Cloudinit"?: 0 | 1; readonly "VM.Config.Disk"?: 0 | 1; readonly "VM.Config.HWType"?: 0 | 1; readonly "VM.Config.Memory"?: 0 | 1; readonly "VM.Config.Network"?: 0 | 1; readonly "VM.Config.Options"?: 0 | 1; readonly "VM.Console"?: 0 | 1; readonly "VM.GuestAgent.Audit"?: 0 | 1; readonly "VM.GuestAgent.FileRead"?: 0 | 1; readonly "VM.GuestAgent.FileSystemMgmt"?: 0 | 1; readonly "VM.GuestAgent.FileWrite"?: 0 | 1; readonly "VM.GuestAgent.Unrestricted"?: 0 | 1; readonly "VM.Migrate"?: 0 | 1; readonly "VM.PowerMgmt"?: 0 | 1; readonly "VM.Replicate"?: 0 | 1; readonly "VM.Snapshot"?: 0 | 1; readonly "VM.Snapshot.Rollback"?: 0 | 1; } };
    PUT: { readonly parameters: { readonly roleid: string; readonly privs?: string; readonly append?: 0 | 1; }; readonly answer: null };
    DELETE: { readonly parameters: { readonly roleid: string; }; readonly answer: null };
  };
  "/access/tfa": {
    GET: { readonly parameters: Readonly<Record<string, never>>; readonly answer: readonly ({ readonly userid: string; readonly entries: readonly ({ readonly id: string; readonly type: "totp" | "u2f" | "webauthn" | "recovery" | "yubico"; readonly description: string; readonly created: number; readonly enable?: 0 | 1; })[]; readonly "tfa-locked-until"?: number; readonly "totp-locked"?: 0 | 1; })[] };
  };
  "/access/tfa/{userid}": {
    GET: { readonly parameters: { readonly userid: string; }; readonly answer: readonly ({ readonly id: string; readonly type: "totp" | "u2f" | "webauthn" | "recovery" | "yubico"; readonly description: string; readonly created: number; readonly enable?: 0 | 1; })[] };
  };
  "/access/tfa/{userid}/{id}": {
    GET: { readonly parameters: { readonly userid: string; readonly id: string; }; readonly answer: { readonly id: string; readonly type: "totp" | "u2f" | "webauthn" | "recovery" | "yubico"; readonly description: string; readonly created: number; readonly enable?: 0 | 1; } };
    PUT: { readonly parameters: { readonly userid: string; readonly id: string; readonly description?: string; readonly enable?: 0 | 1; readonly password?: string; }; readonly answer: null };
    DELETE: { readonly parameters: { readonly userid: string; readonly id: string; readonly password?: string; }; readonly answer: null };
  };
  "/access/ticket": {
    GET: { readonly parameters: Readonly<Record<string, never>>; readonly answer: null };
    POST: { readonly parameters: { readonly username: string; readonly realm?: string; readonly password: string; readonly path?: string; readonly privs?: string; readonly otp?: string; readonly "tfa-challenge"?: string; readonly "new-format"?: 0 | 1; }; readonly answer: { readonly username: string; readonly ticket?: string; readonly CSRFPreventionToken?: string; readonly clustername?: string; } };
  };
  "/access/users": {
    GET: { readonly parameters: { readonly enabled?: 0 | 1; readonly full?: 0 | 1; }; readonly answer: readonly ({ readonly comment?: string; readonly email?: string; readonly enable?: 0 | 1; readonly expire?: number; readonly firstname?: string; readonly groups?: string; readonly keys?: string; readonly lastname?: string; readonly userid: string; readonly "realm-type"?: string; readonly "tfa-locked-until"?: number; readonly "totp-locked"?: 0 | 1; readonly tokens?: readonly ({ readonly comment?: string; readonly expire?: number; readonly privsep?: 0 | 1; readonly tokenid: string; })[]; })[] };
    POST: { readonly parameters: { readonly comment?: string; readonly email?: string; readonly enable?: 0 | 1; readonly expire?: number; readonly firstname?: string; readonly groups?: string; readonly keys?: string; readonly lastname?: string; readonly userid: string; readonly password?: string; }; readonly answer: null };
  };
  "/access/users/{userid}": {
    GET: { readonly parameters: { readonly userid: string; }; readonly answer: { readonly comment?: string; readonly email?: string; readonly enable?: 0 | 1; readonly expire?: number; readonly firstname?: string; readonly groups?: readonly (string)[]; readonly keys?: string; readonly lastname?: string; readonly tokens?: Readonly<Record<string, unknown>>; } };
    PUT: { readonly parameters: { readonly userid: string; readonly comment?: string; readonly email?: string; readonly enable?: 0 | 1; readonly expire?: number; readonly firstname?: string; readonly groups?: string; readonly keys?: string; readonly lastname?: string; readonly append?: 0 | 1; }; readonly answer: null };
    DELETE: { readonly parameters: { readonly userid: string; }; readonly answer: null };
  };
  "/access/users/{userid}/tfa": {
    GET: { readonly parameters: { readonly userid: string; readonly multiple?: 0 | 1; }; readonly answer: { readonly realm?: "oath" | "yubico"; readonly types?: readonly ("totp" | "u2f" | "yubico" | "webauthn" | "recovedry")[]; readonly user?: "oath" | "u2f"; } };
  };
  "/access/users/{userid}/token": {
    GET: { readonly parameters: { readonly userid: string; }; readonly answer: readonly ({ readonly comment?: string; readonly expire?: number; readonly privsep?: 0 | 1; readonly tokenid: string; })[] };
  };
  "/access/users/{userid}/token/{tokenid}": {
    GET: { readonly parameters: { readonly userid: string; readonly tokenid: string; }; readonly answer: { readonly comment?: string; readonly expire?: number; readonly privsep?: 0 | 1; } };
    POST: { readonly parameters: { readonly userid: string; readonly tokenid: string; readonly comment?: string; readonly expire?: number; readonly privsep?: 0 | 1; }; readonly answer: { readonly "full-tokenid": string; readonly info: { readonly comment?: string; readonly expire?: number; readonly privsep?: 0 | 1; }; readonly value: string; } };
    PUT: { readonly parameters: { readonly userid: string; readonly tokenid: string; readonly comment?: string; readonly expire?: number; readonly privsep?: 0 | 1; readonly delete?: string; readonly regenerate?: 0 | 1; }; readonly answer: { readonly comment?: string; readonly expire?: number; readonly privsep?: 0 | 1; readonly "full-tokenid"?: string; readonly value?: string; } };
    DELETE: { readonly parameters: { readonly userid: string; readonly tokenid: string; }; readonly answer: null };
  };
  "/access/users/{userid}/unlock-tfa": {
    PUT: { readonly parameters: { readonly userid: string; }; readonly answer: 0 | 1 };
  };
  "/access/vncticket": {
    POST: { readonly parameters: { readonly authid: string; readonly vncticket: string; readonly path: string; readonly privs: string; readonly port?: number; }; readonly answer: null };
  };
  "/cluster": {
    GET: { readonly parameters: Readonly<Record<string, never>>; readonly answer: readonly ({ readonly name: string; })[] };
  };
  "/cluster/config": {
    GET: { readonly parameters: Readonly<Record<string, never>>; readonly answer: readonly ({ readonly name: string; })[] };
  };
  "/cluster/config/apiversion": {
    GET: { readonly parameters: Readonly<Record<string, never>>; readonly answer: number };
  };
  "/cluster/config/join": {
    GET: { readonly parameters: { readonly node?: string; }; readonly answer: Readonly<Record<string, unknown>> };
  };
  "/cluster/config/nodes": {
    GET: { readonly parameters: Readonly<Record<string, never>>; readonly answer: readonly ({ readonly node: string; })[] };
  };
  "/cluster/config/totem": {
    GET: { readonly parameters: Readonly<Record<string, never>>; readonly answer: Readonly<Record<string, unknown>> };
  };
  "/cluster/events": {
    GET: { readonly parameters: Readonly<Record<string, never>>; readonly answer: null };
  };
  "/cluster/log": {
    GET: { readonly parameters: { readonly max?: number; }; readonly answer: readonly (Readonly<Record<string, unknown>>)[] };
  };
  "/cluster/nextid": {
    GET: { readonly parameters: { readonly vmid?: number; }; readonly answer: number };
  };
  "/cluster/options": {
    GET: { readonly parameters: Readonly<Record<string, never>>; readonly answer: { readonly bwlimit?: string; readonly "consent-text"?: string; readonly console?: "applet" | "vv" | "html5" | "xtermjs"; readonly crs?: string; readonly description?: string; readonly email_from?: string; readonly fencing?: "watchdog" | "hardware" | "both"; readonly ha?: string; readonly http_proxy?: string; readonly keyboard?: "de" | "de-ch" | "da" | "en-gb" | "en-us" | "es" | "fi" | "fr" | "fr-be" | "fr-ca" | "fr-ch" | "hu" | "is" | "it" | "ja" | "lt" | "mk" | "nl" | "no" | "pl" | "pt" | "pt-br" | "sv" | "sl" | "tr"; readonly language?: "ar" | "ca" | "da" | "de" | "en" | "es" | "eu" | "fa" | "fr" | "hr" | "he" | "it" | "ja" | "ka" | "kr" | "nb" | "nl" | "nn" | "pl" | "pt_BR" | "ru" | "sl" | "sv" | "tr" | "ukr" | "zh_CN" | "zh_TW"; readonly location?: string; readonly mac_prefix?: string; readonly max_workers?: number; readonly migration?: string; readonly migration_unsecure?: 0 | 1; readonly "next-id"?: string; readonly notify?: string; readonly "registered-tags"?: string; readonly replication?: string; readonly "tag-style"?: string; readonly u2f?: string; readonly "user-tag-access"?: string; readonly webauthn?: string; readonly "allowed-tags": readonly (string)[]; } };
    PUT: { readonly parameters: { readonly bwlimit?: string; readonly "consent-text"?: string; readonly console?: "applet" | "vv" | "html5" | "xtermjs"; readonly crs?: string; readonly description?: string; readonly email_from?: string; readonly fencing?: "watchdog" | "hardware" | "both"; readonly ha?: string; readonly http_proxy?: string; readonly keyboard?: "de" | "de-ch" | "da" | "en-gb" | "en-us" | "es" | "fi" | "fr" | "fr-be" | "fr-ca" | "fr-ch" | "hu" | "is" | "it" | "ja" | "lt" | "mk" | "nl" | "no" | "pl" | "pt" | "pt-br" | "sv" | "sl" | "tr"; readonly language?: "ar" | "ca" | "da" | "de" | "en" | "es" | "eu" | "fa" | "fr" | "hr" | "he" | "it" | "ja" | "ka" | "kr" | "nb" | "nl" | "nn" | "pl" | "pt_BR" | "ru" | "sl" | "sv" | "tr" | "ukr" | "zh_CN" | "zh_TW"; readonly location?: string; readonly mac_prefix?: string; readonly max_workers?: number; readonly migration?: string; readonly migration_unsecure?: 0 | 1; readonly "next-id"?: string; readonly notify?: string; readonly "registered-tags"?: string; readonly replication?: string; readonly "tag-style"?: string; readonly u2f?: string; readonly "user-tag-access"?: string; readonly webauthn?: string; readonly delete?: string; }; readonly answer: null };
  };
  "/cluster/resources": {
    GET: { readonly parameters: { readonly type?: "vm" | "storage" | "node" | "sdn"; }; readonly answer: readonly ({ readonly id: string; readonly type: "node" | "storage" | "pool" | "qemu" | "lxc" | "openvz" | "sdn" | "network"; readonly status?: string; readonly node?: string; readonly vmid?: number; readonly name?: string; readonly cpu?: number; readonly maxcpu?: number; readonly mem?: number; readonly maxmem?: number; readonly disk?: number; readonly maxdisk?: number; readonly uptime?: number; readonly storage?: string; readonly pool?: string; })[] };
  };
  "/cluster/status": {
    GET: { readonly parameters: Readonly<Record<string, never>>; readonly answer: readonly ({ readonly id: string; readonly name: string; readonly type: "cluster" | "node"; readonly ip?: string; readonly level?: string; readonly local?: 0 | 1; readonly nodeid?: number; readonly nodes?: number; readonly online?: 0 | 1; readonly quorate?: 0 | 1; readonly version?: number; })[] };
  };
  "/cluster/tasks": {
    GET: { readonly parameters: Readonly<Record<string, never>>; readonly answer: readonly ({ readonly upid: string; })[] };
  };
  "/nodes": {
    GET: { readonly parameters: Readonly<Record<string, never>>; readonly answer: readonly ({ readonly node: string; readonly status: "unknown" | "online" | "offline"; readonly cpu?: number; readonly level?: string; readonly maxcpu?: number; readonly maxmem?: number; readonly mem?: number; readonly ssl_fingerprint?: string; readonly uptime?: number; })[] };
  };
  "/nodes/{node}": {
    GET: { readonly parameters: { readonly node: string; }; readonly answer: readonly ({ readonly name: string; })[] };
  };
  "/nodes/{node}/certificates": {
    GET: { readonly parameters: { readonly node: string; }; readonly answer: readonly ({ readonly name: string; })[] };
  };
  "/nodes/{node}/certificates/info": {
    GET: { readonly parameters: { readonly node: string; }; readonly answer: readonly ({ readonly filename?: string; readonly fingerprint?: string; readonly issuer?: string; readonly notafter?: number; readonly notbefore?: number; readonly pem?: string; readonly "public-key-bits"?: number; readonly "public-key-type"?: string; readonly san?: readonly (string)[]; readonly subject?: string; })[] };
  };
  "/nodes/{node}/config": {
    GET: { readonly parameters: { readonly node: string; readonly property?: "acme" | "acmedomain0" | "acmedomain1" | "acmedomain2" | "acmedomain3" | "acmedomain4" | "acmedomain5" | "ballooning-target" | "description" | "location" | "startall-onboot-delay" | "wakeonlan"; }; readonly answer: { readonly acme?: string; readonly "ballooning-target"?: number; readonly description?: string; readonly location?: string; readonly "startall-onboot-delay"?: number; readonly wakeonlan?: string; readonly digest?: string; readonly [key: `acmedomain${number}`]: string; } };
    PUT: { readonly parameters: { readonly node: string; readonly acme?: string; readonly "ballooning-target"?: number; readonly description?: string; readonly location?: string; readonly "startall-onboot-delay"?: number; readonly wakeonlan?: string; readonly delete?: string; readonly digest?: string; readonly [key: `acmedomain${number}`]: string; }; readonly answer: null };
  };
  "/nodes/{node}/dns": {
    GET: { readonly parameters: { readonly node: string; }; readonly answer: { readonly search?: string; readonly dns1?: string; readonly dns2?: string; readonly dns3?: string; } };
    PUT: { readonly parameters: { readonly node: string; readonly search: string; readonly dns1?: string; readonly dns2?: string; readonly dns3?: string; }; readonly answer: null };
  };
  "/nodes/{node}/hosts": {
    GET: { readonly parameters: { readonly node: string; }; readonly answer: { readonly data: string; readonly digest?: string; } };
    POST: { readonly parameters: { readonly node: string; readonly data: string; readonly digest?: string; }; readonly answer: null };
  };
  "/nodes/{node}/journal": {
    GET: { readonly parameters: { readonly node: string; readonly since?: number; readonly until?: number; readonly lastentries?: number; readonly startcursor?: string; readonly endcursor?: string; readonly service?: string; readonly unit?: string; readonly priority?: string; readonly kernel?: 0 | 1; readonly structured?: 0 | 1; readonly identifiers?: 0 | 1; readonly units?: 0 | 1; }; readonly answer: readonly (string)[] };
  };
  "/nodes/{node}/lxc": {
    GET: { readonly parameters: { readonly node: string; }; readonly answer: readonly ({ readonly vmid: number; readonly status: "stopped" | "running"; readonly name?: string; readonly tags?: string; readonly lock?: string; readonly template?: 0 | 1; readonly cpu?: number; readonly cpus?: number; readonly mem?: number; readonly maxmem?: number; readonly maxswap?: number; readonly disk?: number; readonly maxdisk?: number; readonly diskread?: number; readonly diskwrite?: number; readonly netin?: number; readonly netout?: number; readonly uptime?: number; readonly pressurecpusome?: number; readonly pressureiosome?: number; readonly pressureiofull?: number; readonly pressurememorysome?: number; readonly pressurememoryfull?: number; })[] };
  };
  "/nodes/{node}/netstat": {
    GET: { readonly parameters: { readonly node: string; }; readonly answer: readonly (Readonly<Record<string, unknown>>)[] };
  };
  "/nodes/{node}/network": {
    GET: { readonly parameters: { readonly node: string; readonly type?: "bridge" | "bond" | "eth" | "alias" | "vlan" | "fabric" | "OVSBridge" | "OVSBond" | "OVSPort" | "OVSIntPort" | "vnet" | "any_bridge" | "any_local_bridge" | "include_sdn"; }; readonly answer: readonly ({ readonly active?: 0 | 1; readonly address?: string; readonly address6?: string; readonly autostart?: 0 | 1; readonly "bond-primary"?: string; readonly bond_mode?: "balance-rr" | "active-backup" | "balance-xor" | "broadcast" | "802.3ad" | "balance-tlb" | "balance-alb" | "balance-slb" | "lacp-balance-slb" | "lacp-balance-tcp"; readonly bond_xmit_hash_policy?: "layer2" | "layer2+3" | "layer3+4"; readonly "bridge-access"?: number; readonly "bridge-arp-nd-suppress"?: 0 | 1; readonly "bridge-learning"?: 0 | 1; readonly "bridge-multicast-flood"?: 0 | 1; readonly "bridge-unicast-flood"?: 0 | 1; readonly bridge_ports?: string; readonly bridge_vids?: string; readonly bridge_vlan_aware?: 0 | 1; readonly cidr?: string; readonly cidr6?: string; readonly comments?: string; readonly comments6?: string; readonly exists?: 0 | 1; readonly families?: readonly ("inet" | "inet6")[]; readonly gateway?: string; readonly gateway6?: string; readonly iface: string; readonly "link-type"?: string; readonly method?: "loopback" | "dhcp" | "manual" | "static" | "auto"; readonly method6?: "loopback" | "dhcp" | "manual" | "static" | "auto"; readonly mtu?: number; readonly netmask?: string; readonly netmask6?: number; readonly options?: readonly (string)[]; readonly options6?: readonly (string)[]; readonly ovs_bonds?: string; readonly ovs_bridge?: string; readonly ovs_options?: string; readonly ovs_ports?: string; readonly ovs_tag?: number; readonly priority?: number; readonly slaves?: string; readonly type: "bridge" | "bond" | "eth" | "alias" | "vlan" | "fabric" | "OVSBridge" | "OVSBond" | "OVSPort" | "OVSIntPort" | "vnet" | "unknown"; readonly "uplink-id"?: string; readonly "vlan-id"?: number; readonly "vlan-protocol"?: "802.1ad" | "802.1q"; readonly "vlan-raw-device"?: string; readonly "vxlan-id"?: number; readonly "vxlan-local-tunnelip"?: string; readonly "vxlan-physdev"?: string; readonly "vxlan-svcnodeip"?: string; })[] };
  };
  "/nodes/{node}/network/{iface}": {
    GET: { readonly parameters: { readonly node: string; readonly iface: string; }; readonly answer: { readonly method: string; readonly type: string; } };
  };
  "/nodes/{node}/qemu": {
    GET: { readonly parameters: { readonly node: string; readonly full?: 0 | 1; }; readonly answer: readonly ({ readonly vmid: number; readonly status: "stopped" | "running"; readonly name?: string; readonly cpu?: number; readonly cpus?: number; readonly mem?: number; readonly maxmem?: number; readonly memhost?: number; readonly maxdisk?: number; readonly diskread?: number; readonly diskwrite?: number; readonly netin?: number; readonly netout?: number; readonly uptime?: number; readonly pid?: number; readonly qmpstatus?: string; readonly lock?: string; readonly tags?: string; readonly template?: 0 | 1; readonly serial?: 0 | 1; readonly "running-machine"?: string; readonly "running-qemu"?: string; readonly pressurecpusome?: number; readonly pressurecpufull?: number; readonly pressureiosome?: number; readonly pressureiofull?: number; readonly pressurememorysome?: number; readonly pressurememoryfull?: number; })[] };
    POST: { readonly parameters: { readonly node: string; readonly acpi?: 0 | 1; readonly affinity?: string; readonly agent?: string; readonly "allow-ksm"?: 0 | 1; readonly "amd-sev"?: string; readonly arch?: "x86_64" | "aarch64"; readonly args?: string; readonly audio0?: string; readonly autostart?: 0 | 1; readonly balloon?: number; readonly bios?: "seabios" | "ovmf"; readonly boot?: string; readonly bootdisk?: string; readonly cicustom?: string; readonly cipassword?: string; readonly citype?: "configdrive2" | "nocloud" | "opennebula"; readonly ciupgrade?: 0 | 1; readonly ciuser?: string; readonly cores?: number; readonly cpu?: string; readonly cpulimit?: number; readonly cpuunits?: number; readonly description?: string; readonly freeze?: 0 | 1; readonly hookscript?: string; readonly hotplug?: string; readonly hugepages?: "any" | "2" | "1024"; readonly "intel-tdx"?: string; readonly ivshmem?: string; readonly keephugepages?: 0 | 1; readonly keyboard?: "de" | "de-ch" | "da" | "en-gb" | "en-us" | "es" | "fi" | "fr" | "fr-be" | "fr-ca" | "fr-ch" | "hu" | "is" | "it" | "ja" | "lt" | "mk" | "nl" | "no" | "pl" | "pt" | "pt-br" | "sv" | "sl" | "tr"; readonly kvm?: 0 | 1; readonly localtime?: 0 | 1; readonly lock?: "backup" | "clone" | "create" | "migrate" | "rollback" | "snapshot" | "snapshot-delete" | "suspending" | "suspended"; readonly machine?: string; readonly memory?: string; readonly migrate_downtime?: number; readonly migrate_speed?: number; readonly name?: string; readonly nameserver?: string; readonly numa?: 0 | 1; readonly onboot?: 0 | 1; readonly ostype?: "other" | "wxp" | "w2k" | "w2k3" | "w2k8" | "wvista" | "win7" | "win8" | "win10" | "win11" | "l24" | "l26" | "solaris"; readonly protection?: 0 | 1; readonly reboot?: 0 | 1; readonly rng0?: string; readonly scsihw?: "lsi" | "lsi53c810" | "virtio-scsi-pci" | "virtio-scsi-single" | "megasas" | "pvscsi"; readonly searchdomain?: string; readonly shares?: number; readonly smbios1?: string; readonly smp?: number; readonly sockets?: number; readonly spice_enhancements?: string; readonly sshkeys?: string; readonly startdate?: string; readonly startup?: string; readonly tablet?: 0 | 1; readonly tags?: string; readonly tdf?: 0 | 1; readonly template?: 0 | 1; readonly vcpus?: number; readonly vga?: string; readonly vmgenid?: string; readonly vmstatestorage?: string; readonly watchdog?: string; readonly efidisk0?: string; readonly tpmstate0?: string; readonly cdrom?: string; readonly vmid: number; readonly archive?: string; readonly bwlimit?: number; readonly force?: 0 | 1; readonly "ha-managed"?: 0 | 1; readonly "import-working-storage"?: string; readonly "live-restore"?: 0 | 1; readonly pool?: string; readonly start?: 0 | 1; readonly storage?: string; readonly unique?: 0 | 1; readonly [key: `hostpci${number}`]: string; readonly [key: `ipconfig${number}`]: string; readonly [key: `net${number}`]: string; readonly [key: `numa${number}`]: string; readonly [key: `parallel${number}`]: string; readonly [key: `serial${number}`]: string; readonly [key: `unused${number}`]: string; readonly [key: `usb${number}`]: string; readonly [key: `virtiofs${number}`]: string; readonly [key: `ide${number}`]: string; readonly [key: `sata${number}`]: string; readonly [key: `scsi${number}`]: string; readonly [key: `virtio${number}`]: string; }; readonly answer: string };
  };
  "/nodes/{node}/qemu/{vmid}": {
    GET: { readonly parameters: { readonly node: string; readonly vmid: number; }; readonly answer: readonly ({ readonly subdir: string; })[] };
    DELETE: { readonly parameters: { readonly node: string; readonly vmid: number; readonly skiplock?: 0 | 1; readonly purge?: 0 | 1; readonly "destroy-unreferenced-disks"?: 0 | 1; }; readonly answer: string };
  };
  "/nodes/{node}/qemu/{vmid}/agent": {
    GET: { readonly parameters: { readonly node: string; readonly vmid: number; }; readonly answer: readonly ({ readonly name: string; })[] };
    POST: { readonly parameters: { readonly node: string; readonly vmid: number; readonly command: "fsfreeze-freeze" | "fsfreeze-status" | "fsfreeze-thaw" | "fstrim" | "get-fsinfo" | "get-host-name" | "get-memory-block-info" | "get-memory-blocks" | "get-osinfo" | "get-time" | "get-timezone" | "get-users" | "get-vcpus" | "info" | "network-get-interfaces" | "ping" | "shutdown" | "suspend-disk" | "suspend-hybrid" | "suspend-ram"; }; readonly answer: Readonly<Record<string, unknown>> };
  };
  "/nodes/{node}/qemu/{vmid}/agent/fsfreeze-freeze": {
    POST: { readonly parameters: { readonly node: string; readonly vmid: number; }; readonly answer: Readonly<Record<string, unknown>> };
  };
  "/nodes/{node}/qemu/{vmid}/agent/fsfreeze-status": {
    POST: { readonly parameters: { readonly node: string; readonly vmid: number; }; readonly answer: Readonly<Record<string, unknown>> };
  };
  "/nodes/{node}/qemu/{vmid}/agent/fsfreeze-thaw": {
    POST: { readonly parameters: { readonly node: string; readonly vmid: number; }; readonly answer: Readonly<Record<string, unknown>> };
  };
  "/nodes/{node}/qemu/{vmid}/agent/fstrim": {
    POST: { readonly parameters: { readonly node: string; readonly vmid: number; }; readonly answer: Readonly<Record<string, unknown>> };
  };
  "/nodes/{node}/qemu/{vmid}/agent/get-fsinfo": {
    GET: { readonly parameters: { readonly node: string; readonly vmid: number; }; readonly answer: Readonly<Record<string, unknown>> };
  };
  "/nodes/{node}/qemu/{vmid}/agent/get-host-name": {
    GET: { readonly parameters: { readonly node: string; readonly vmid: number; }; readonly answer: Readonly<Record<string, unknown>> };
  };
  "/nodes/{node}/qemu/{vmid}/agent/get-memory-block-info": {
    GET: { readonly parameters: { readonly node: string; readonly vmid: number; }; readonly answer: Readonly<Record<string, unknown>> };
  };
  "/nodes/{node}/qemu/{vmid}/agent/get-memory-blocks": {
    GET: { readonly parameters: { readonly node: string; readonly vmid: number; }; readonly answer: Readonly<Record<string, unknown>> };
  };
  "/nodes/{node}/qemu/{vmid}/agent/get-osinfo": {
    GET: { readonly parameters: { readonly node: string; readonly vmid: number; }; readonly answer: Readonly<Record<string, unknown>> };
  };
  "/nodes/{node}/qemu/{vmid}/agent/get-time": {
    GET: { readonly parameters: { readonly node: string; readonly vmid: number; }; readonly answer: Readonly<Record<string, unknown>> };
  };
  "/nodes/{node}/qemu/{vmid}/agent/get-timezone": {
    GET: { readonly parameters: { readonly node: string; readonly vmid: number; }; readonly answer: Readonly<Record<string, unknown>> };
  };
  "/nodes/{node}/qemu/{vmid}/agent/get-users": {
    GET: { readonly parameters: { readonly node: string; readonly vmid: number; }; readonly answer: Readonly<Record<string, unknown>> };
  };
  "/nodes/{node}/qemu/{vmid}/agent/get-vcpus": {
    GET: { readonly parameters: { readonly node: string; readonly vmid: number; }; readonly answer: Readonly<Record<string, unknown>> };
  };
  "/nodes/{node}/qemu/{vmid}/agent/info": {
    GET: { readonly parameters: { readonly node: string; readonly vmid: number; }; readonly answer: Readonly<Record<string, unknown>> };
  };
  "/nodes/{node}/qemu/{vmid}/agent/network-get-interfaces": {
    GET: { readonly parameters: { readonly node: string; readonly vmid: number; }; readonly answer: Readonly<Record<string, unknown>> };
  };
  "/nodes/{node}/qemu/{vmid}/agent/ping": {
    POST: { readonly parameters: { readonly node: string; readonly vmid: number; }; readonly answer: Readonly<Record<string, unknown>> };
  };
  "/nodes/{node}/qemu/{vmid}/agent/shutdown": {
    POST: { readonly parameters: { readonly node: string; readonly vmid: number; }; readonly answer: Readonly<Record<string, unknown>> };
  };
  "/nodes/{node}/qemu/{vmid}/agent/suspend-disk": {
    POST: { readonly parameters: { readonly node: string; readonly vmid: number; }; readonly answer: Readonly<Record<string, unknown>> };
  };
  "/nodes/{node}/qemu/{vmid}/agent/suspend-hybrid": {
    POST: { readonly parameters: { readonly node: string; readonly vmid: number; }; readonly answer: Readonly<Record<string, unknown>> };
  };
  "/nodes/{node}/qemu/{vmid}/agent/suspend-ram": {
    POST: { readonly parameters: { readonly node: string; readonly vmid: number; }; readonly answer: Readonly<Record<string, unknown>> };
  };
  "/nodes/{node}/qemu/{vmid}/clone": {
    POST: { readonly parameters: { readonly node: string; readonly vmid: number; readonly newid: number; readonly bwlimit?: number; readonly description?: string; readonly format?: "raw" | "qcow2" | "vmdk"; readonly full?: 0 | 1; readonly name?: string; readonly pool?: string; readonly snapname?: string; readonly storage?: string; readonly target?: string; }; readonly answer: string };
  };
  "/nodes/{node}/qemu/{vmid}/cloudinit": {
    GET: { readonly parameters: { readonly node: string; readonly vmid: number; }; readonly answer: readonly ({ readonly key: string; readonly value?: string; readonly pending?: string; readonly delete?: number; })[] };
    PUT: { readonly parameters: { readonly node: string; readonly vmid: number; }; readonly answer: null };
  };
  "/nodes/{node}/qemu/{vmid}/cloudinit/dump": {
    GET: { readonly parameters: { readonly node: string; readonly vmid: number; readonly type: "user" | "network" | "meta"; }; readonly answer: string };
  };
  "/nodes/{node}/qemu/{vmid}/config": {
    GET: { readonly parameters: { readonly node: string; readonly vmid: number; readonly current?: 0 | 1; readonly snapshot?: string; }; readonly answer: { readonly acpi?: 0 | 1; readonly affinity?: string; readonly agent?: string; readonly "allow-ksm"?: 0 | 1; readonly "amd-sev"?: string; readonly arch?: "x86_64" | "aarch64"; readonly args?: string; readonly audio0?: string; readonly autostart?: 0 | 1; readonly balloon?: number; readonly bios?: "seabios" | "ovmf"; readonly boot?: string; readonly bootdisk?: string; readonly cicustom?: string; readonly cipassword?: string; readonly citype?: "configdrive2" | "nocloud" | "opennebula"; readonly ciupgrade?: 0 | 1; readonly ciuser?: string; readonly cores?: number; readonly cpu?: string; readonly cpulimit?: number; readonly cpuunits?: number; readonly description?: string; readonly freeze?: 0 | 1; readonly hookscript?: string; readonly hotplug?: string; readonly hugepages?: "any" | "2" | "1024"; readonly "intel-tdx"?: string; readonly ivshmem?: string; readonly keephugepages?: 0 | 1; readonly keyboard?: "de" | "de-ch" | "da" | "en-gb" | "en-us" | "es" | "fi" | "fr" | "fr-be" | "fr-ca" | "fr-ch" | "hu" | "is" | "it" | "ja" | "lt" | "mk" | "nl" | "no" | "pl" | "pt" | "pt-br" | "sv" | "sl" | "tr"; readonly kvm?: 0 | 1; readonly localtime?: 0 | 1; readonly lock?: "backup" | "clone" | "create" | "migrate" | "rollback" | "snapshot" | "snapshot-delete" | "suspending" | "suspended"; readonly machine?: string; readonly memory?: string; readonly migrate_downtime?: number; readonly migrate_speed?: number; readonly name?: string; readonly nameserver?: string; readonly numa?: 0 | 1; readonly onboot?: 0 | 1; readonly ostype?: "other" | "wxp" | "w2k" | "w2k3" | "w2k8" | "wvista" | "win7" | "win8" | "win10" | "win11" | "l24" | "l26" | "solaris"; readonly protection?: 0 | 1; readonly reboot?: 0 | 1; readonly rng0?: string; readonly scsihw?: "lsi" | "lsi53c810" | "virtio-scsi-pci" | "virtio-scsi-single" | "megasas" | "pvscsi"; readonly searchdomain?: string; readonly shares?: number; readonly smbios1?: string; readonly smp?: number; readonly sockets?: number; readonly spice_enhancements?: string; readonly sshkeys?: string; readonly startdate?: string; readonly startup?: string; readonly tablet?: 0 | 1; readonly tags?: string; readonly tdf?: 0 | 1; readonly template?: 0 | 1; readonly vcpus?: number; readonly vga?: string; readonly vmgenid?: string; readonly vmstatestorage?: string; readonly watchdog?: string; readonly efidisk0?: string; readonly tpmstate0?: string; readonly cdrom?: string; readonly meta?: string; readonly parent?: string; readonly "running-nets-host-mtu"?: string; readonly runningcpu?: string; readonly runningmachine?: string; readonly snaptime?: number; readonly vmstate?: string; readonly digest: string; readonly [key: `hostpci${number}`]: string; readonly [key: `ipconfig${number}`]: string; readonly [key: `net${number}`]: string; readonly [key: `numa${number}`]: string; readonly [key: `parallel${number}`]: string; readonly [key: `serial${number}`]: string; readonly [key: `unused${number}`]: string; readonly [key: `usb${number}`]: string; readonly [key: `virtiofs${number}`]: string; readonly [key: `ide${number}`]: string; readonly [key: `sata${number}`]: string; readonly [key: `scsi${number}`]: string; readonly [key: `virtio${number}`]: string; } };
    POST: { readonly parameters: { readonly node: string; readonly vmid: number; readonly acpi?: 0 | 1; readonly affinity?: string; readonly agent?: string; readonly "allow-ksm"?: 0 | 1; readonly "amd-sev"?: string; readonly arch?: "x86_64" | "aarch64"; readonly args?: string; readonly audio0?: string; readonly autostart?: 0 | 1; readonly balloon?: number; readonly bios?: "seabios" | "ovmf"; readonly boot?: string; readonly bootdisk?: string; readonly cicustom?: string; readonly cipassword?: string; readonly citype?: "configdrive2" | "nocloud" | "opennebula"; readonly ciupgrade?: 0 | 1; readonly ciuser?: string; readonly cores?: number; readonly cpu?: string; readonly cpulimit?: number; readonly cpuunits?: number; readonly description?: string; readonly freeze?: 0 | 1; readonly hookscript?: string; readonly hotplug?: string; readonly hugepages?: "any" | "2" | "1024"; readonly "intel-tdx"?: string; readonly ivshmem?: string; readonly keephugepages?: 0 | 1; readonly keyboard?: "de" | "de-ch" | "da" | "en-gb" | "en-us" | "es" | "fi" | "fr" | "fr-be" | "fr-ca" | "fr-ch" | "hu" | "is" | "it" | "ja" | "lt" | "mk" | "nl" | "no" | "pl" | "pt" | "pt-br" | "sv" | "sl" | "tr"; readonly kvm?: 0 | 1; readonly localtime?: 0 | 1; readonly lock?: "backup" | "clone" | "create" | "migrate" | "rollback" | "snapshot" | "snapshot-delete" | "suspending" | "suspended"; readonly machine?: string; readonly memory?: string; readonly migrate_downtime?: number; readonly migrate_speed?: number; readonly name?: string; readonly nameserver?: string; readonly numa?: 0 | 1; readonly onboot?: 0 | 1; readonly ostype?: "other" | "wxp" | "w2k" | "w2k3" | "w2k8" | "wvista" | "win7" | "win8" | "win10" | "win11" | "l24" | "l26" | "solaris"; readonly protection?: 0 | 1; readonly reboot?: 0 | 1; readonly rng0?: string; readonly scsihw?: "lsi" | "lsi53c810" | "virtio-scsi-pci" | "virtio-scsi-single" | "megasas" | "pvscsi"; readonly searchdomain?: string; readonly shares?: number; readonly smbios1?: string; readonly smp?: number; readonly sockets?: number; readonly spice_enhancements?: string; readonly sshkeys?: string; readonly startdate?: string; readonly startup?: string; readonly tablet?: 0 | 1; readonly tags?: string; readonly tdf?: 0 | 1; readonly template?: 0 | 1; readonly vcpus?: number; readonly vga?: string; readonly vmgenid?: string; readonly vmstatestorage?: string; readonly watchdog?: string; readonly efidisk0?: string; readonly tpmstate0?: string; readonly cdrom?: string; readonly digest?: string; readonly skiplock?: 0 | 1; readonly delete?: string; readonly revert?: string; readonly force?: 0 | 1; readonly background_delay?: number; readonly "import-working-storage"?: string; readonly [key: `hostpci${number}`]: string; readonly [key: `ipconfig${number}`]: string; readonly [key: `net${number}`]: string; readonly [key: `numa${number}`]: string; readonly [key: `parallel${number}`]: string; readonly [key: `serial${number}`]: string; readonly [key: `unused${number}`]: string; readonly [key: `usb${number}`]: string; readonly [key: `virtiofs${number}`]: string; readonly [key: `ide${number}`]: string; readonly [key: `sata${number}`]: string; readonly [key: `scsi${number}`]: string; readonly [key: `virtio${number}`]: string; }; readonly answer: string };
    PUT: { readonly parameters: { readonly node: string; readonly vmid: number; readonly acpi?: 0 | 1; readonly affinity?: string; readonly agent?: string; readonly "allow-ksm"?: 0 | 1; readonly "amd-sev"?: string; readonly arch?: "x86_64" | "aarch64"; readonly args?: string; readonly audio0?: string; readonly autostart?: 0 | 1; readonly balloon?: number; readonly bios?: "seabios" | "ovmf"; readonly boot?: string; readonly bootdisk?: string; readonly cicustom?: string; readonly cipassword?: string; readonly citype?: "configdrive2" | "nocloud" | "opennebula"; readonly ciupgrade?: 0 | 1; readonly ciuser?: string; readonly cores?: number; readonly cpu?: string; readonly cpulimit?: number; readonly cpuunits?: number; readonly description?: string; readonly freeze?: 0 | 1; readonly hookscript?: string; readonly hotplug?: string; readonly hugepages?: "any" | "2" | "1024"; readonly "intel-tdx"?: string; readonly ivshmem?: string; readonly keephugepages?: 0 | 1; readonly keyboard?: "de" | "de-ch" | "da" | "en-gb" | "en-us" | "es" | "fi" | "fr" | "fr-be" | "fr-ca" | "fr-ch" | "hu" | "is" | "it" | "ja" | "lt" | "mk" | "nl" | "no" | "pl" | "pt" | "pt-br" | "sv" | "sl" | "tr"; readonly kvm?: 0 | 1; readonly localtime?: 0 | 1; readonly lock?: "backup" | "clone" | "create" | "migrate" | "rollback" | "snapshot" | "snapshot-delete" | "suspending" | "suspended"; readonly machine?: string; readonly memory?: string; readonly migrate_downtime?: number; readonly migrate_speed?: number; readonly name?: string; readonly nameserver?: string; readonly numa?: 0 | 1; readonly onboot?: 0 | 1; readonly ostype?: "other" | "wxp" | "w2k" | "w2k3" | "w2k8" | "wvista" | "win7" | "win8" | "win10" | "win11" | "l24" | "l26" | "solaris"; readonly protection?: 0 | 1; readonly reboot?: 0 | 1; readonly rng0?: string; readonly scsihw?: "lsi" | "lsi53c810" | "virtio-scsi-pci" | "virtio-scsi-single" | "megasas" | "pvscsi"; readonly searchdomain?: string; readonly shares?: number; readonly smbios1?: string; readonly smp?: number; readonly sockets?: number; readonly spice_enhancements?: string; readonly sshkeys?: string; readonly startdate?: string; readonly startup?: string; readonly tablet?: 0 | 1; readonly tags?: string; readonly tdf?: 0 | 1; readonly template?: 0 | 1; readonly vcpus?: number; readonly vga?: string; readonly vmgenid?: string; readonly vmstatestorage?: string; readonly watchdog?: string; readonly efidisk0?: string; readonly tpmstate0?: string; readonly cdrom?: string; readonly digest?: string; readonly skiplock?: 0 | 1; readonly delete?: string; readonly revert?: string; readonly force?: 0 | 1; readonly [key: `hostpci${number}`]: string; readonly [key: `ipconfig${number}`]: string; readonly [key: `net${number}`]: string; readonly [key: `numa${number}`]: string; readonly [key: `parallel${number}`]: string; readonly [key: `serial${number}`]: string; readonly [key: `unused${number}`]: string; readonly [key: `usb${number}`]: string; readonly [key: `virtiofs${number}`]: string; readonly [key: `ide${number}`]: string; readonly [key: `sata${number}`]: string; readonly [key: `scsi${number}`]: string; readonly [key: `virtio${number}`]: string; }; readonly answer: null };
  };
  "/nodes/{node}/qemu/{vmid}/feature": {
    GET: { readonly parameters: { readonly node: string; readonly vmid: number; readonly feature: "snapshot" | "clone" | "copy"; readonly snapname?: string; }; readonly answer: { readonly hasFeature: 0 | 1; readonly nodes: readonly (string)[]; } };
  };
  "/nodes/{node}/qemu/{vmid}/monitor": {
    POST: { readonly parameters: { readonly node: string; readonly vmid: number; readonly command: string; }; readonly answer: string };
  };
  "/nodes/{node}/qemu/{vmid}/move_disk": {
    POST: { readonly parameters: { readonly node: string; readonly vmid: number; readonly digest?: string; readonly format?: "raw" | "qcow2" | "vmdk"; readonly storage?: string; readonly disk: "ide0" | "ide1" | "ide2" | "ide3" | "scsi0" | "scsi1" | "scsi2" | "scsi3" | "scsi4" | "scsi5" | "scsi6" | "scsi7" | "scsi8" | "scsi9" | "scsi10" | "scsi11" | "scsi12" | "scsi13" | "scsi14" | "scsi15" | "scsi16" | "scsi17" | "scsi18" | "scsi19" | "scsi20" | "scsi21" | "scsi22" | "scsi23" | "scsi24" | "scsi25" | "scsi26" | "scsi27" | "scsi28" | "scsi29" | "scsi30" | "virtio0" | "virtio1" | "virtio2" | "virtio3" | "virtio4" | "virtio5" | "virtio6" | "virtio7" | "virtio8" | "virtio9" | "virtio10" | "virtio11" | "virtio12" | "virtio13" | "virtio14" | "virtio15" | "sata0" | "sata1" | "sata2" | "sata3" | "sata4" | "sata5" | "efidisk0" | "tpmstate0" | "unused0" | "unused1" | "unused2" | "unused3" | "unused4" | "unused5" | "unused6" | "unused7" | "unused8" | "unused9" | "unused10" | "unused11" | "unused12" | "unused13" | "unused14" | "unused15" | "unused16" | "unused17" | "unused18" | "unused19" | "unused20" | "unused21" | "unused22" | "unused23" | "unused24" | "unused25" | "unused26" | "unused27" | "unused28" | "unused29" | "unused30" | "unused31" | "unused32" | "unused33" | "unused34" | "unused35" | "unused36" | "unused37" | "unused38" | "unused39" | "unused40" | "unused41" | "unused42" | "unused43" | "unused44" | "unused45" | "unused46" | "unused47" | "unused48" | "unused49" | "unused50" | "unused51" | "unused52" | "unused53" | "unused54" | "unused55" | "unused56" | "unused57" | "unused58" | "unused59" | "unused60" | "unused61" | "unused62" | "unused63" | "unused64" | "unused65" | "unused66" | "unused67" | "unused68" | "unused69" | "unused70" | "unused71" | "unused72" | "unused73" | "unused74" | "unused75" | "unused76" | "unused77" | "unused78" | "unused79" | "unused80" | "unused81" | "unused82" | "unused83" | "unused84" | "unused85" | "unused86" | "unused87" | "unused88" | "unused89" | "unused90" | "unused91" | "unused92" | "unused93" | "unused94" | "unused95" | "unused96" | "unused97" | "unused98" | "unused99" | "unused100" | "unused101" | "unused102" | "unused103" | "unused104" | "unused105" | "unused106" | "unused107" | "unused108" | "unused109" | "unused110" | "unused111" | "unused112" | "unused113" | "unused114" | "unused115" | "unused116" | "unused117" | "unused118" | "unused119" | "unused120" | "unused121" | "unused122" | "unused123" | "unused124" | "unused125" | "unused126" | "unused127" | "unused128" | "unused129" | "unused130" | "unused131" | "unused132" | "unused133" | "unused134" | "unused135" | "unused136" | "unused137" | "unused138" | "unused139" | "unused140" | "unused141" | "unused142" | "unused143" | "unused144" | "unused145" | "unused146" | "unused147" | "unused148" | "unused149" | "unused150" | "unused151" | "unused152" | "unused153" | "unused154" | "unused155" | "unused156" | "unused157" | "unused158" | "unused159" | "unused160" | "unused161" | "unused162" | "unused163" | "unused164" | "unused165" | "unused166" | "unused167" | "unused168" | "unused169" | "unused170" | "unused171" | "unused172" | "unused173" | "unused174" | "unused175" | "unused176" | "unused177" | "unused178" | "unused179" | "unused180" | "unused181" | "unused182" | "unused183" | "unused184" | "unused185" | "unused186" | "unused187" | "unused188" | "unused189" | "unused190" | "unused191" | "unused192" | "unused193" | "unused194" | "unused195" | "unused196" | "unused197" | "unused198" | "unused199" | "unused200" | "unused201" | "unused202" | "unused203" | "unused204" | "unused205" | "unused206" | "unused207" | "unused208" | "unused209" | "unused210" | "unused211" | "unused212" | "unused213" | "unused214" | "unused215" | "unused216" | "unused217" | "unused218" | "unused219" | "unused220" | "unused221" | "unused222" | "unused223" | "unused224" | "unused225" | "unused226" | "unused227" | "unused228" | "unused229" | "unused230" | "unused231" | "unused232" | "unused233" | "unused234" | "unused235" | "unused236" | "unused237" | "unused238" | "unused239" | "unused240" | "unused241" | "unused242" | "unused243" | "unused244" | "unused245" | "unused246" | "unused247" | "unused248" | "unused249" | "unused250" | "unused251" | "unused252" | "unused253" | "unused254" | "unused255"; readonly delete?: 0 | 1; readonly bwlimit?: number; readonly "target-vmid"?: number; readonly "target-disk"?: "ide0" | "ide1" | "ide2" | "ide3" | "scsi0" | "scsi1" | "scsi2" | "scsi3" | "scsi4" | "scsi5" | "scsi6" | "scsi7" | "scsi8" | "scsi9" | "scsi10" | "scsi11" | "scsi12" | "scsi13" | "scsi14" | "scsi15" | "scsi16" | "scsi17" | "scsi18" | "scsi19" | "scsi20" | "scsi21" | "scsi22" | "scsi23" | "scsi24" | "scsi25" | "scsi26" | "scsi27" | "scsi28" | "scsi29" | "scsi30" | "virtio0" | "virtio1" | "virtio2" | "virtio3" | "virtio4" | "virtio5" | "virtio6" | "virtio7" | "virtio8" | "virtio9" | "virtio10" | "virtio11" | "virtio12" | "virtio13" | "virtio14" | "virtio15" | "sata0" | "sata1" | "sata2" | "sata3" | "sata4" | "sata5" | "efidisk0" | "tpmstate0" | "unused0" | "unused1" | "unused2" | "unused3" | "unused4" | "unused5" | "unused6" | "unused7" | "unused8" | "unused9" | "unused10" | "unused11" | "unused12" | "unused13" | "unused14" | "unused15" | "unused16" | "unused17" | "unused18" | "unused19" | "unused20" | "unused21" | "unused22" | "unused23" | "unused24" | "unused25" | "unused26" | "unused27" | "unused28" | "unused29" | "unused30" | "unused31" | "unused32" | "unused33" | "unused34" | "unused35" | "unused36" | "unused37" | "unused38" | "unused39" | "unused40" | "unused41" | "unused42" | "unused43" | "unused44" | "unused45" | "unused46" | "unused47" | "unused48" | "unused49" | "unused50" | "unused51" | "unused52" | "unused53" | "unused54" | "unused55" | "unused56" | "unused57" | "unused58" | "unused59" | "unused60" | "unused61" | "unused62" | "unused63" | "unused64" | "unused65" | "unused66" | "unused67" | "unused68" | "unused69" | "unused70" | "unused71" | "unused72" | "unused73" | "unused74" | "unused75" | "unused76" | "unused77" | "unused78" | "unused79" | "unused80" | "unused81" | "unused82" | "unused83" | "unused84" | "unused85" | "unused86" | "unused87" | "unused88" | "unused89" | "unused90" | "unused91" | "unused92" | "unused93" | "unused94" | "unused95" | "unused96" | "unused97" | "unused98" | "unused99" | "unused100" | "unused101" | "unused102" | "unused103" | "unused104" | "unused105" | "unused106" | "unused107" | "unused108" | "unused109" | "unused110" | "unused111" | "unused112" | "unused113" | "unused114" | "unused115" | "unused116" | "unused117" | "unused118" | "unused119" | "unused120" | "unused121" | "unused122" | "unused123" | "unused124" | "unused125" | "unused126" | "unused127" | "unused128" | "unused129" | "unused130" | "unused131" | "unused132" | "unused133" | "unused134" | "unused135" | "unused136" | "unused137" | "unused138" | "unused139" | "unused140" | "unused141" | "unused142" | "unused143" | "unused144" | "unused145" | "unused146" | "unused147" | "unused148" | "unused149" | "unused150" | "unused151" | "unused152" | "unused153" | "unused154" | "unused155" | "unused156" | "unused157" | "unused158" | "unused159" | "unused160" | "unused161" | "unused162" | "unused163" | "unused164" | "unused165" | "unused166" | "unused167" | "unused168" | "unused169" | "unused170" | "unused171" | "unused172" | "unused173" | "unused174" | "unused175" | "unused176" | "unused177" | "unused178" | "unused179" | "unused180" | "unused181" | "unused182" | "unused183" | "unused184" | "unused185" | "unused186" | "unused187" | "unused188" | "unused189" | "unused190" | "unused191" | "unused192" | "unused193" | "unused194" | "unused195" | "unused196" | "unused197" | "unused198" | "unused199" | "unused200" | "unused201" | "unused202" | "unused203" | "unused204" | "unused205" | "unused206" | "unused207" | "unused208" | "unused209" | "unused210" | "unused211" | "unused212" | "unused213" | "unused214" | "unused215" | "unused216" | "unused217" | "unused218" | "unused219" | "unused220" | "unused221" | "unused222" | "unused223" | "unused224" | "unused225" | "unused226" | "unused227" | "unused228" | "unused229" | "unused230" | "unused231" | "unused232" | "unused233" | "unused234" | "unused235" | "unused236" | "unused237" | "unused238" | "unused239" | "unused240" | "unused241" | "unused242" | "unused243" | "unused244" | "unused245" | "unused246" | "unused247" | "unused248" | "unused249" | "unused250" | "unused251" | "unused252" | "unused253" | "unused254" | "unused255"; readonly "target-digest"?: string; }; readonly answer: string };
  };
  "/nodes/{node}/qemu/{vmid}/pending": {
    GET: { readonly parameters: { readonly node: string; readonly vmid: number; }; readonly answer: readonly ({ readonly key: string; readonly value?: string; readonly pending?: string; readonly delete?: number; })[] };
  };
  "/nodes/{node}/qemu/{vmid}/resize": {
    PUT: { readonly parameters: { readonly node: string; readonly vmid: number; readonly skiplock?: 0 | 1; readonly digest?: string; readonly disk: "ide0" | "ide1" | "ide2" | "ide3" | "scsi0" | "scsi1" | "scsi2" | "scsi3" | "scsi4" | "scsi5" | "scsi6" | "scsi7" | "scsi8" | "scsi9" | "scsi10" | "scsi11" | "scsi12" | "scsi13" | "scsi14" | "scsi15" | "scsi16" | "scsi17" | "scsi18" | "scsi19" | "scsi20" | "scsi21" | "scsi22" | "scsi23" | "scsi24" | "scsi25" | "scsi26" | "scsi27" | "scsi28" | "scsi29" | "scsi30" | "virtio0" | "virtio1" | "virtio2" | "virtio3" | "virtio4" | "virtio5" | "virtio6" | "virtio7" | "virtio8" | "virtio9" | "virtio10" | "virtio11" | "virtio12" | "virtio13" | "virtio14" | "virtio15" | "sata0" | "sata1" | "sata2" | "sata3" | "sata4" | "sata5" | "efidisk0" | "tpmstate0"; readonly size: string; }; readonly answer: string };
  };
  "/nodes/{node}/qemu/{vmid}/rrddata": {
    GET: { readonly parameters: { readonly node: string; readonly vmid: number; readonly timeframe: "hour" | "day" | "week" | "month" | "year"; readonly cf?: "AVERAGE" | "MAX"; }; readonly answer: readonly (Readonly<Record<string, unknown>>)[] };
  };
  "/nodes/{node}/qemu/{vmid}/sendkey": {
    PUT: { readonly parameters: { readonly node: string; readonly vmid: number; readonly skiplock?: 0 | 1; readonly key: string; }; readonly answer: null };
  };
  "/nodes/{node}/qemu/{vmid}/snapshot": {
    GET: { readonly parameters: { readonly node: string; readonly vmid: number; }; readonly answer: readonly ({ readonly name: string; readonly description: string; readonly parent?: string; readonly snaptime?: number; readonly vmstate?: 0 | 1; })[] };
  };
  "/nodes/{node}/qemu/{vmid}/snapshot/{snapname}": {
    GET: { readonly parameters: { readonly node: string; readonly vmid: number; readonly snapname: string; }; readonly answer: readonly ({ readonly cmd: string; })[] };
  };
  "/nodes/{node}/qemu/{vmid}/snapshot/{snapname}/config": {
    GET: { readonly parameters: { readonly node: string; readonly vmid: number; readonly snapname: string; }; readonly answer: Readonly<Record<string, unknown>> };
    PUT: { readonly parameters: { readonly node: string; readonly vmid: number; readonly snapname: string; readonly description?: string; }; readonly answer: null };
  };
  "/nodes/{node}/qemu/{vmid}/status": {
    GET: { readonly parameters: { readonly node: string; readonly vmid: number; }; readonly answer: readonly ({ readonly subdir: string; })[] };
  };
  "/nodes/{node}/qemu/{vmid}/status/current": {
    GET: { readonly parameters: { readonly node: string; readonly vmid: number; }; readonly answer: { readonly vmid: number; readonly status: "stopped" | "running"; readonly qmpstatus?: string; readonly name?: string; readonly pid?: number; readonly uptime?: number; readonly cpu?: number; readonly cpus?: number; readonly mem?: number; readonly maxmem?: number; readonly memhost?: number; readonly maxdisk?: number; readonly diskread?: number; readonly diskwrite?: number; readonly netin?: number; readonly netout?: number; readonly lock?: string; readonly tags?: string; readonly template?: 0 | 1; readonly agent?: 0 | 1; readonly spice?: 0 | 1; readonly serial?: 0 | 1; readonly clipboard?: "vnc"; readonly ha: Readonly<Record<string, unknown>>; readonly "running-machine"?: string; readonly "running-qemu"?: string; } };
  };
  "/nodes/{node}/qemu/{vmid}/status/reboot": {
    POST: { readonly parameters: { readonly node: string; readonly vmid: number; readonly timeout?: number; }; readonly answer: string };
  };
  "/nodes/{node}/qemu/{vmid}/status/reset": {
    POST: { readonly parameters: { readonly node: string; readonly vmid: number; readonly skiplock?: 0 | 1; }; readonly answer: string };
  };
  "/nodes/{node}/qemu/{vmid}/status/resume": {
    POST: { readonly parameters: { readonly node: string; readonly vmid: number; readonly skiplock?: 0 | 1; readonly nocheck?: 0 | 1; }; readonly answer: string };
  };
  "/nodes/{node}/qemu/{vmid}/status/shutdown": {
    POST: { readonly parameters: { readonly node: string; readonly vmid: number; readonly skiplock?: 0 | 1; readonly timeout?: number; readonly keepActive?: 0 | 1; readonly forceStop?: 0 | 1; }; readonly answer: string };
  };
  "/nodes/{node}/qemu/{vmid}/status/start": {
    POST: { readonly parameters: { readonly node: string; readonly vmid: number; readonly skiplock?: 0 | 1; readonly timeout?: number; readonly machine?: string; readonly "force-cpu"?: string; readonly migratedfrom?: string; readonly migration_network?: string; readonly migration_type?: "secure" | "insecure"; readonly stateuri?: string; readonly targetstorage?: string; readonly "nets-host-mtu"?: string; readonly "with-conntrack-state"?: 0 | 1; }; readonly answer: string };
  };
  "/nodes/{node}/qemu/{vmid}/status/stop": {
    POST: { readonly parameters: { readonly node: string; readonly vmid: number; readonly skiplock?: 0 | 1; readonly timeout?: number; readonly keepActive?: 0 | 1; readonly migratedfrom?: string; readonly "overrule-shutdown"?: 0 | 1; }; readonly answer: string };
  };
  "/nodes/{node}/qemu/{vmid}/status/suspend": {
    POST: { readonly parameters: { readonly node: string; readonly vmid: number; readonly skiplock?: 0 | 1; readonly todisk?: 0 | 1; readonly statestorage?: string; }; readonly answer: string };
  };
  "/nodes/{node}/qemu/{vmid}/termproxy": {
    POST: { readonly parameters: { readonly node: string; readonly vmid: number; readonly serial?: "serial0" | "serial1" | "serial2" | "serial3"; }; readonly answer: unknown };
  };
  "/nodes/{node}/qemu/{vmid}/unlink": {
    PUT: { readonly parameters: { readonly node: string; readonly vmid: number; readonly idlist: string; readonly force?: 0 | 1; }; readonly answer: null };
  };
  "/nodes/{node}/qemu/{vmid}/vncproxy": {
    POST: { readonly parameters: { readonly node: string; readonly vmid: number; readonly websocket?: 0 | 1; readonly "generate-password"?: 0 | 1; }; readonly answer: unknown };
  };
  "/nodes/{node}/qemu/{vmid}/vncwebsocket": {
    GET: { readonly parameters: { readonly node: string; readonly vmid: number; readonly port: number; readonly vncticket: string; }; readonly answer: unknown };
  };
  "/nodes/{node}/query-url-metadata": {
    GET: { readonly parameters: { readonly node: string; readonly url: string; readonly "verify-certificates"?: 0 | 1; }; readonly answer: { readonly filename?: string; readonly size?: number; readonly mimetype?: string; } };
  };
  "/nodes/{node}/rrddata": {
    GET: { readonly parameters: { readonly node: string; readonly timeframe: "hour" | "day" | "week" | "month" | "year" | "decade"; readonly cf?: "AVERAGE" | "MAX"; }; readonly answer: readonly (Readonly<Record<string, unknown>>)[] };
  };
  "/nodes/{node}/services": {
    GET: { readonly parameters: { readonly node: string; }; readonly answer: readonly ({ readonly service: string; readonly name: string; readonly desc: string; readonly state: string; readonly "active-state": string; readonly "unit-state": string; })[] };
  };
  "/nodes/{node}/services/{service}": {
    GET: { readonly parameters: { readonly node: string; readonly service: "chrony" | "corosync" | "cron" | "ksmtuned" | "lxcfs" | "postfix" | "proxmox-firewall" | "pve-cluster" | "pve-firewall" | "pve-ha-crm" | "pve-ha-lrm" | "pve-lxc-syscalld" | "pvedaemon" | "pvefw-logger" | "pveproxy" | "pvescheduler" | "pvestatd" | "qmeventd" | "spiceproxy" | "sshd" | "syslog" | "systemd-journald" | "systemd-timesyncd"; }; readonly answer: readonly ({ readonly subdir: string; })[] };
  };
  "/nodes/{node}/services/{service}/reload": {
    POST: { readonly parameters: { readonly node: string; readonly service: "chrony" | "corosync" | "cron" | "ksmtuned" | "lxcfs" | "postfix" | "proxmox-firewall" | "pve-cluster" | "pve-firewall" | "pve-ha-crm" | "pve-ha-lrm" | "pve-lxc-syscalld" | "pvedaemon" | "pvefw-logger" | "pveproxy" | "pvescheduler" | "pvestatd" | "qmeventd" | "spiceproxy" | "sshd" | "syslog" | "systemd-journald" | "systemd-timesyncd"; }; readonly answer: string };
  };
  "/nodes/{node}/services/{service}/restart": {
    POST: { readonly parameters: { readonly node: string; readonly service: "chrony" | "corosync" | "cron" | "ksmtuned" | "lxcfs" | "postfix" | "proxmox-firewall" | "pve-cluster" | "pve-firewall" | "pve-ha-crm" | "pve-ha-lrm" | "pve-lxc-syscalld" | "pvedaemon" | "pvefw-logger" | "pveproxy" | "pvescheduler" | "pvestatd" | "qmeventd" | "spiceproxy" | "sshd" | "syslog" | "systemd-journald" | "systemd-timesyncd"; }; readonly answer: string };
  };
  "/nodes/{node}/services/{service}/start": {
    POST: { readonly parameters: { readonly node: string; readonly service: "chrony" | "corosync" | "cron" | "ksmtuned" | "lxcfs" | "postfix" | "proxmox-firewall" | "pve-cluster" | "pve-firewall" | "pve-ha-crm" | "pve-ha-lrm" | "pve-lxc-syscalld" | "pvedaemon" | "pvefw-logger" | "pveproxy" | "pvescheduler" | "pvestatd" | "qmeventd" | "spiceproxy" | "sshd" | "syslog" | "systemd-journald" | "systemd-timesyncd"; }; readonly answer: string };
  };
  "/nodes/{node}/services/{service}/state": {
    GET: { readonly parameters: { readonly node: string; readonly service: "chrony" | "corosync" | "cron" | "ksmtuned" | "lxcfs" | "postfix" | "proxmox-firewall" | "pve-cluster" | "pve-firewall" | "pve-ha-crm" | "pve-ha-lrm" | "pve-lxc-syscalld" | "pvedaemon" | "pvefw-logger" | "pveproxy" | "pvescheduler" | "pvestatd" | "qmeventd" | "spiceproxy" | "sshd" | "syslog" | "systemd-journald" | "systemd-timesyncd"; }; readonly answer: { readonly service: string; readonly name: string; readonly desc: string; readonly state: string; readonly "active-state": string; readonly "unit-state": string; } };
  };
  "/nodes/{node}/services/{service}/stop": {
    POST: { readonly parameters: { readonly node: string; readonly service: "chrony" | "corosync" | "cron" | "ksmtuned" | "lxcfs" | "postfix" | "proxmox-firewall" | "pve-cluster" | "pve-firewall" | "pve-ha-crm" | "pve-ha-lrm" | "pve-lxc-syscalld" | "pvedaemon" | "pvefw-logger" | "pveproxy" | "pvescheduler" | "pvestatd" | "qmeventd" | "spiceproxy" | "sshd" | "syslog" | "systemd-journald" | "systemd-timesyncd"; }; readonly answer: string };
  };
  "/nodes/{node}/startall": {
    POST: { readonly parameters: { readonly node: string; readonly force?: 0 | 1; readonly vms?: string; readonly "max-workers"?: number; }; readonly answer: string };
  };
  "/nodes/{node}/status": {
    GET: { readonly parameters: { readonly node: string; }; readonly answer: { readonly "boot-info": { readonly mode: "efi" | "legacy-bios"; readonly secureboot?: 0 | 1; }; readonly cpu: number; readonly cpuinfo: { readonly cores: number; readonly cpus: number; readonly model: string; readonly sockets: number; }; readonly "current-kernel": { readonly machine: string; readonly release: string; readonly sysname: string; readonly version: string; }; readonly loadavg: readonly (string)[]; readonly memory: { readonly available: number; readonly free: number; readonly total: number; readonly used: number; }; readonly pveversion: string; readonly rootfs: { readonly avail: number; readonly free: number; readonly total: number; readonly used: number; }; } };
    POST: { readonly parameters: { readonly node: string; readonly command: "reboot" | "shutdown"; }; readonly answer: null };
  };
  "/nodes/{node}/stopall": {
    POST: { readonly parameters: { readonly node: string; readonly "force-stop"?: 0 | 1; readonly timeout?: number; readonly vms?: string; readonly "max-workers"?: number; }; readonly answer: string };
  };
  "/nodes/{node}/storage": {
    GET: { readonly parameters: { readonly node: string; readonly storage?: string; readonly content?: string; readonly enabled?: 0 | 1; readonly target?: string; readonly format?: 0 | 1; }; readonly answer: readonly ({ readonly storage: string; readonly type: string; readonly content: string; readonly enabled?: 0 | 1; readonly active?: 0 | 1; readonly shared?: 0 | 1; readonly total?: number; readonly used?: number; readonly avail?: number; readonly used_fraction?: number; readonly select_existing?: 0 | 1; readonly formats?: { readonly default: "qcow2" | "raw" | "subvol" | "vmdk"; readonly supported: readonly ("qcow2" | "raw" | "subvol" | "vmdk")[]; }; })[] };
  };
  "/nodes/{node}/storage/{storage}": {
    GET: { readonly parameters: { readonly node: string; readonly storage: string; }; readonly answer: readonly ({ readonly subdir: string; })[] };
  };
  "/nodes/{node}/storage/{storage}/content": {
    GET: { readonly parameters: { readonly node: string; readonly storage: string; readonly content?: string; readonly vmid?: number; }; readonly answer: readonly ({ readonly volid: string; readonly format: string; readonly size?: number; readonly "approximate-size"?: number; readonly used?: number; readonly vmid?: number; readonly parent?: string; readonly ctime?: number; readonly notes?: string; readonly protected?: 0 | 1; readonly encrypted?: string; readonly verification?: { readonly state: string; readonly upid: string; }; })[] };
    POST: { readonly parameters: { readonly node: string; readonly storage: string; readonly filename: string; readonly vmid: number; readonly size: string; readonly format?: "raw" | "qcow2" | "subvol" | "vmdk"; }; readonly answer: string };
  };
  "/nodes/{node}/storage/{storage}/content/{volume}": {
    GET: { readonly parameters: { readonly node: string; readonly storage: string; readonly volume: string; }; readonly answer: { readonly path: string; readonly size: number; readonly used: number; readonly format: string; readonly notes?: string; readonly protected?: 0 | 1; } };
    PUT: { readonly parameters: { readonly node: string; readonly storage: string; readonly volume: string; readonly notes?: string; readonly protected?: 0 | 1; }; readonly answer: null };
    DELETE: { readonly parameters: { readonly node: string; readonly storage: string; readonly volume: string; readonly delay?: number; }; readonly answer: string };
  };
  "/nodes/{node}/storage/{storage}/download-url": {
    POST: { readonly parameters: { readonly node: string; readonly storage: string; readonly url: string; readonly content: "iso" | "vztmpl" | "import"; readonly filename: string; readonly checksum?: string; readonly "checksum-algorithm"?: "md5" | "sha1" | "sha224" | "sha256" | "sha384" | "sha512"; readonly compression?: string; readonly "verify-certificates"?: 0 | 1; }; readonly answer: string };
  };
  "/nodes/{node}/storage/{storage}/prunebackups": {
    GET: { readonly parameters: { readonly node: string; readonly storage: string; readonly "prune-backups"?: string; readonly type?: "qemu" | "lxc"; readonly vmid?: number; }; readonly answer: readonly ({ readonly volid: string; readonly ctime: number; readonly mark: "keep" | "remove" | "protected" | "renamed"; readonly type: string; readonly vmid?: number; })[] };
    DELETE: { readonly parameters: { readonly node: string; readonly storage: string; readonly "prune-backups"?: string; readonly type?: "qemu" | "lxc"; readonly vmid?: number; }; readonly answer: string };
  };
  "/nodes/{node}/storage/{storage}/rrddata": {
    GET: { readonly parameters: { readonly node: string; readonly storage: string; readonly timeframe: "hour" | "day" | "week" | "month" | "year"; readonly cf?: "AVERAGE" | "MAX"; }; readonly answer: readonly (Readonly<Record<string, unknown>>)[] };
  };
  "/nodes/{node}/storage/{storage}/status": {
    GET: { readonly parameters: { readonly node: string; readonly storage: string; }; readonly answer: { readonly type: string; readonly content: string; readonly enabled?: 0 | 1; readonly active?: 0 | 1; readonly shared?: 0 | 1; readonly total?: number; readonly used?: number; readonly avail?: number; } };
  };
  "/nodes/{node}/storage/{storage}/upload": {
    POST: { readonly parameters: { readonly node: string; readonly storage: string; readonly content: "iso" | "vztmpl" | "import"; readonly filename: string; readonly checksum?: string; readonly "checksum-algorithm"?: "md5" | "sha1" | "sha224" | "sha256" | "sha384" | "sha512"; readonly tmpfilename?: string; }; readonly answer: string };
  };
  "/nodes/{node}/subscription": {
    GET: { readonly parameters: { readonly node: string; }; readonly answer: { readonly status: "new" | "notfound" | "active" | "invalid" | "expired" | "suspended"; readonly message?: string; readonly url?: string; } };
    POST: { readonly parameters: { readonly node: string; readonly force?: 0 | 1; }; readonly answer: null };
    PUT: { readonly parameters: { readonly node: string; readonly key: string; }; readonly answer: null };
    DELETE: { readonly parameters: { readonly node: string; }; readonly answer: null };
  };
  "/nodes/{node}/syslog": {
    GET: { readonly parameters: { readonly node: string; readonly start?: number; readonly limit?: number; readonly since?: string; readonly until?: string; readonly service?: string; }; readonly answer: readonly ({ readonly n: number; readonly t: string; })[] };
  };
  "/nodes/{node}/tasks": {
    GET: { readonly parameters: { readonly node: string; readonly start?: number; readonly limit?: number; readonly userfilter?: string; readonly typefilter?: string; readonly vmid?: number; readonly errors?: 0 | 1; readonly source?: "archive" | "active" | "all"; readonly since?: number; readonly until?: number; readonly statusfilter?: string; }; readonly answer: readonly ({ readonly upid: string; readonly node: string; readonly pid: number; readonly pstart: number; readonly starttime: number; readonly type: string; readonly id: string; readonly user: string; readonly endtime?: number; readonly status?: string; })[] };
  };
  "/nodes/{node}/tasks/{upid}": {
    GET: { readonly parameters: { readonly node: string; readonly upid: string; }; readonly answer: readonly ({ readonly name: string; })[] };
    DELETE: { readonly parameters: { readonly node: string; readonly upid: string; }; readonly answer: null };
  };
  "/nodes/{node}/tasks/{upid}/log": {
    GET: { readonly parameters: { readonly node: string; readonly upid: string; readonly start?: number; readonly limit?: number; readonly download?: 0 | 1; }; readonly answer: readonly ({ readonly n: number; readonly t: string; })[] };
  };
  "/nodes/{node}/tasks/{upid}/status": {
    GET: { readonly parameters: { readonly node: string; readonly upid: string; }; readonly answer: { readonly upid: string; readonly node: string; readonly pid: number; readonly pstart: number; readonly starttime: number; readonly type: string; readonly id: string; readonly user: string; readonly status: "running" | "stopped"; readonly exitstatus?: string; } };
  };
  "/nodes/{node}/termproxy": {
    POST: { readonly parameters: { readonly node: string; readonly cmd?: "ceph_install" | "login" | "upgrade"; readonly "cmd-opts"?: string; }; readonly answer: unknown };
  };
  "/nodes/{node}/time": {
    GET: { readonly parameters: { readonly node: string; }; readonly answer: { readonly localtime: number; readonly time: number; readonly timezone: string; } };
    PUT: { readonly parameters: { readonly node: string; readonly timezone: string; }; readonly answer: null };
  };
  "/nodes/{node}/version": {
    GET: { readonly parameters: { readonly node: string; }; readonly answer: { readonly release: string; readonly repoid: string; readonly version: string; } };
  };
  "/nodes/{node}/vncwebsocket": {
    GET: { readonly parameters: { readonly node: string; readonly port: number; readonly vncticket: string; }; readonly answer: unknown };
  };
  "/nodes/{node}/wakeonlan": {
    POST: { readonly parameters: { readonly node: string; }; readonly answer: string };
  };
  "/pools": {
    GET: { readonly parameters: { readonly poolid?: string; readonly type?: "qemu" | "lxc" | "storage"; }; readonly answer: readonly ({ readonly poolid: string; readonly comment?: string; readonly members?: readonly ({ readonly id: string; readonly node: string; readonly storage?: string; readonly type: "qemu" | "lxc" | "openvz" | "storage"; readonly vmid?: number; })[]; })[] };
    POST: { readonly parameters: { readonly poolid: string; readonly comment?: string; }; readonly answer: null };
    PUT: { readonly parameters: { readonly poolid: string; readonly comment?: string; readonly vms?: string; readonly storage?: string; readonly "allow-move"?: 0 | 1; readonly delete?: 0 | 1; }; readonly answer: null };
    DELETE: { readonly parameters: { readonly poolid: string; }; readonly answer: null };
  };
  "/pools/{poolid}": {
    GET: { readonly parameters: { readonly poolid: string; readonly type?: "qemu" | "lxc" | "storage"; }; readonly answer: { readonly comment?: string; readonly members: readonly ({ readonly id: string; readonly node: string; readonly storage?: string; readonly type: "qemu" | "lxc" | "openvz" | "storage"; readonly vmid?: number; })[]; } };
    PUT: { readonly parameters: { readonly poolid: string; readonly comment?: string; readonly vms?: string; readonly storage?: string; readonly "allow-move"?: 0 | 1; readonly delete?: 0 | 1; }; readonly answer: null };
    DELETE: { readonly parameters: { readonly poolid: string; }; readonly answer: null };
  };
  "/storage": {
    GET: { readonly parameters: { readonly type?: "btrfs" | "cephfs" | "cifs" | "dir" | "esxi" | "iscsi" | "iscsidirect" | "lvm" | "lvmthin" | "nfs" | "pbs" | "rbd" | "zfs" | "zfspool"; }; readonly answer: readonly ({ readonly storage: string; })[] };
    POST: { readonly parameters: { readonly authsupported?: string; readonly base?: string; readonly blocksize?: string; readonly bwlimit?: string; readonly comstar_hg?: string; readonly comstar_tg?: string; readonly content?: string; readonly "content-dirs"?: string; readonly "create-base-path"?: 0 | 1; readonly "create-subdirs"?: 0 | 1; readonly "data-pool"?: string; readonly datastore?: string; readonly disable?: 0 | 1; readonly domain?: string; readonly "encryption-key"?: string; readonly export?: string; readonly fingerprint?: string; readonly format?: "raw" | "qcow2" | "subvol" | "vmdk"; readonly "fs-name"?: string; readonly fuse?: 0 | 1; readonly is_mountpoint?: string; readonly iscsiprovider?: string; readonly keyring?: string; readonly krbd?: 0 | 1; readonly lio_tpg?: string; readonly "master-pubkey"?: string; readonly "max-protected-backups"?: number; readonly mkdir?: 0 | 1; readonly monhost?: string; readonly mountpoint?: string; readonly namespace?: string; readonly nocow?: 0 | 1; readonly nodes?: string; readonly nowritecache?: 0 | 1; readonly options?: string; readonly password?: string; readonly path?: string; readonly pool?: string; readonly port?: number; readonly portal?: string; readonly preallocation?: "off" | "metadata" | "falloc" | "full"; readonly "prune-backups"?: string; readonly saferemove?: 0 | 1; readonly "saferemove-stepsize"?: "1" | "2" | "4" | "8" | "16" | "32"; readonly saferemove_throughput?: string; readonly server?: string; readonly share?: string; readonly shared?: 0 | 1; readonly "skip-cert-verification"?: 0 | 1; readonly smbversion?: "default" | "2.0" | "2.1" | "3" | "3.0" | "3.11"; readonly "snapshot-as-volume-chain"?: 0 | 1; readonly sparse?: 0 | 1; readonly subdir?: string; readonly tagged_only?: 0 | 1; readonly target?: string; readonly thinpool?: string; readonly username?: string; readonly vgname?: string; readonly "zfs-base-path"?: string; readonly storage: string; readonly type: "btrfs" | "cephfs" | "cifs" | "dir" | "esxi" | "iscsi" | "iscsidirect" | "lvm" | "lvmthin" | "nfs" | "pbs" | "rbd" | "zfs" | "zfspool"; }; readonly answer: { readonly storage: string; readonly type: "btrfs" | "cephfs" | "cifs" | "dir" | "esxi" | "iscsi" | "iscsidirect" | "lvm" | "lvmthin" | "nfs" | "pbs" | "rbd" | "zfs" | "zfspool"; readonly config?: { readonly "encryption-key"?: string; }; } };
  };
  "/storage/{storage}": {
    GET: { readonly parameters: { readonly storage: string; }; readonly answer: Readonly<Record<string, unknown>> };
    PUT: { readonly parameters: { readonly storage: string; readonly blocksize?: string; readonly bwlimit?: string; readonly comstar_hg?: string; readonly comstar_tg?: string; readonly content?: string; readonly "content-dirs"?: string; readonly "create-base-path"?: 0 | 1; readonly "create-subdirs"?: 0 | 1; readonly "data-pool"?: string; readonly disable?: 0 | 1; readonly domain?: string; readonly "encryption-key"?: string; readonly fingerprint?: string; readonly format?: "raw" | "qcow2" | "subvol" | "vmdk"; readonly "fs-name"?: string; readonly fuse?: 0 | 1; readonly is_mountpoint?: string; readonly keyring?: string; readonly krbd?: 0 | 1; readonly lio_tpg?: string; readonly "master-pubkey"?: string; readonly "max-protected-backups"?: number; readonly mkdir?: 0 | 1; readonly monhost?: string; readonly mountpoint?: string; readonly namespace?: string; readonly nocow?: 0 | 1; readonly nodes?: string; readonly nowritecache?: 0 | 1; readonly options?: string; readonly password?: string; readonly pool?: string; readonly port?: number; readonly preallocation?: "off" | "metadata" | "falloc" | "full"; readonly "prune-backups"?: string; readonly saferemove?: 0 | 1; readonly "saferemove-stepsize"?: "1" | "2" | "4" | "8" | "16" | "32"; readonly saferemove_throughput?: string; readonly server?: string; readonly shared?: 0 | 1; readonly "skip-cert-verification"?: 0 | 1; readonly smbversion?: "default" | "2.0" | "2.1" | "3" | "3.0" | "3.11"; readonly "snapshot-as-volume-chain"?: 0 | 1; readonly sparse?: 0 | 1; readonly subdir?: string; readonly tagged_only?: 0 | 1; readonly username?: string; readonly "zfs-base-path"?: string; readonly delete?: string; readonly digest?: string; }; readonly answer: { readonly storage: string; readonly type: "btrfs" | "cephfs" | "cifs" | "dir" | "esxi" | "iscsi" | "iscsidirect" | "lvm" | "lvmthin" | "nfs" | "pbs" | "rbd" | "zfs" | "zfspool"; readonly config?: { readonly "encryption-key"?: string; }; } };
    DELETE: { readonly parameters: { readonly storage: string; }; readonly answer: null };
  };
  "/version": {
    GET: { readonly parameters: Readonly<Record<string, never>>; readonly answer: { readonly release: string; readonly repoid: string; readonly version: string; readonly console?: "applet" | "vv" | "html5" | "xtermjs"; } };
  };
}
