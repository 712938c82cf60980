// The life of a VM by the npm client proxmox-api, in a process of its own as its users have it. The arguments are host,
// port, user, password. NODE_TLS_REJECT_UNAUTHORIZED=0 is what its manual says for a self-signed certificate.
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import proxmoxApi from "proxmox-api";

const [host, port, username, password] = process.argv.slice(2);
const api = proxmoxApi({ host, port: Number(port), username, password });
const [first] = await api.nodes.$get();
const node = api.nodes.$(first.node);

async function done(upid) {
  for (let i = 0; i < 600; i += 1) {
    const status = await node.tasks.$(upid).status.$get();
    if (status.status === "stopped") {
      assert.equal(status.exitstatus, "OK");
      return;
    }
    await sleep(100);
  }
  assert.fail(`task does not end: ${upid}`);
}

const vmid = Number(await api.cluster.nextid.$get());
await done(await node.qemu.$post({ vmid, name: "by-proxmox-api", memory: "128", scsi0: "local:1" }));
const vm = node.qemu.$(vmid);
assert.equal((await vm.config.$get()).name, "by-proxmox-api");
await done(await vm.status.start.$post());
assert.equal((await vm.status.current.$get()).status, "running");
await done(await vm.status.stop.$post());
await done(await vm.$delete());
console.log("ok");
