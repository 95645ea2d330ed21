"""A VM's whole life through proxmoxer, a client that knows nothing of the simulator.

Takes the API's host:port, its CA and root's password; prints what it saw as JSON.
"""

import json
import sys

from proxmoxer import ProxmoxAPI, ResourceException
from proxmoxer.tools import Tasks

host, ca, password = sys.argv[1:]
seen = {}


def wait(api, upid):
    status = Tasks.blocking_status(api, upid, timeout=60, polling_interval=0.1)
    if status is None or status["exitstatus"] != "OK":
        raise SystemExit(f"{upid}: {status}")


root = ProxmoxAPI(host, user="root@pam", password=password, verify_ssl=ca)
seen["version"] = root.version.get()["release"]

root.access.roles.post(
    roleid="Lifecycle",
    privs="VM.Allocate,VM.Audit,VM.Clone,VM.Config.CPU,VM.Config.Disk,VM.Config.HWType,VM.Config.Memory,"
    "VM.Config.Network,VM.Config.Options,VM.Migrate,VM.PowerMgmt,VM.Snapshot,Datastore.AllocateSpace,Datastore.Audit,SDN.Use,Sys.Audit",
)
root.access.users.post(userid="life@pve", password="geheim-123")
root.access.acl.put(path="/", users="life@pve", roles="Lifecycle")
token = root.access.users("life@pve").token("cycle").post(privsep=0)
seen["token"] = token["full-tokenid"]

api = ProxmoxAPI(host, user="life@pve", token_name="cycle", token_value=token["value"], verify_ssl=ca)
here = api.nodes("pve1")

vmid = int(api.cluster.nextid.get())
disk = {"scsihw": "virtio-scsi-single", "scsi0": "ceph:4", "net0": "virtio,bridge=vmbr0"}
wait(api, here.qemu.post(vmid=vmid, name="first", memory=512, cores=1, **disk))
seen["created"] = here.qemu(vmid).config.get()["scsi0"]

cloneid = int(api.cluster.nextid.get())
wait(api, here.qemu(vmid).clone.post(newid=cloneid, name="second", full=1))
clone = here.qemu(cloneid)
here.qemu(cloneid).config.put(cores=2, memory=1024, tags="B;a")
wait(api, clone.resize.put(disk="scsi0", size="+2G"))
config = clone.config.get()
seen["configured"] = [config["name"], config["cores"], config["memory"], config["tags"], config["scsi0"]]

wait(api, clone.snapshot.post(snapname="before"))
seen["snapshots"] = sorted(each["name"] for each in clone.snapshot.get())
wait(api, clone.snapshot("before").delete())

wait(api, clone.status.start.post())
wait(api, clone.migrate.post(target="pve2", online=1))
there = api.nodes("pve2").qemu(cloneid)
seen["migrated"] = there.status.current.get()["status"]
wait(api, there.status.stop.post())

for machine in (there, here.qemu(vmid)):
    wait(api, machine.delete())
try:
    there.config.get()
except ResourceException as error:
    seen["gone"] = f"{error.status_code} {error.content}"

try:
    api.access.users.post(userid="other@pve")
except ResourceException as error:
    seen["denied"] = error.status_code

print(json.dumps(seen))
