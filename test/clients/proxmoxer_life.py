"""The life of a VM by proxmoxer: argv is host, port, user, password, paths of a bootable ISO and of the cluster's CA."""

import os
import sys
import time

import urllib3
from proxmoxer import ProxmoxAPI
from proxmoxer.core import ResourceException

urllib3.disable_warnings()
host, port, user, password, iso, authority = sys.argv[1:7]
api = ProxmoxAPI(host, port=int(port), user=user, password=password, verify_ssl=False)
node = api.nodes.get()[0]["node"]


def done(upid):
    deadline = time.time() + 120
    while time.time() < deadline:
        status = api.nodes(node).tasks(upid).status.get()
        if status["status"] == "stopped":
            assert status["exitstatus"] == "OK", (status, api.nodes(node).tasks(upid).log.get())
            return
        time.sleep(0.1)
    raise AssertionError("task does not end: " + upid)


assert api.version.get()["version"].startswith("9.")
with open(iso, "rb") as file:
    done(api.nodes(node).storage("local").upload.post(content="iso", filename=file))
assert "local:iso/test-guest.iso" in [row["volid"] for row in api.nodes(node).storage("local").content.get()]



def refusal(call):
    try:
        call()
    except ResourceException as error:
        return error.status_code, error.content
    raise AssertionError("not refused")


missing = "Configuration file 'nodes/%s/qemu-server/98765.conf' does not exist" % node
assert refusal(api.nodes(node).qemu(98765).config.get) == (500, missing)
assert refusal(api.nodes("nowhere").status.get)[1].startswith("hostname lookup 'nowhere' failed - ")
assert refusal(lambda: api.nodes(node).qemu.post(vmid="x")) == (400, "Parameter verification failed.")

# By a token, over a connection whose certificate is checked.
token = api.access.users(user).token("proxmoxer").post(privsep=0)["value"]
os.environ["REQUESTS_CA_BUNDLE"] = authority
checked = ProxmoxAPI(host, port=int(port), user=user, token_name="proxmoxer", token_value=token, verify_ssl=True)
assert checked.nodes.get()[0]["node"] == node
del os.environ["REQUESTS_CA_BUNDLE"]

vmid = int(api.cluster.nextid.get())
done(
    api.nodes(node).qemu.post(
        vmid=vmid,
        name="by-proxmoxer",
        memory=256,
        ide2="local:iso/test-guest.iso,media=cdrom",
        scsi0="local:1,format=qcow2",
        net0="virtio,bridge=vmbr0",
        serial0="socket",
        boot="order=ide2",
    )
)
vm = api.nodes(node).qemu(vmid)
assert vm.config.get()["name"] == "by-proxmoxer"
vm.config.put(description="changed by proxmoxer")
assert vm.config.get()["description"].strip() == "changed by proxmoxer"
done(vm.status.start.post())
assert vm.status.current.get()["status"] == "running"
assert any(row["vmid"] == vmid for row in api.cluster.resources.get(type="vm"))
done(vm.status.stop.post())
assert vm.status.current.get()["status"] == "stopped"
done(vm.delete())
assert vmid not in [row["vmid"] for row in api.nodes(node).qemu.get()]
print("ok")
