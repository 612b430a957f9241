"""Which NVIDIA driver hosts have."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pyVmomi import vim

from infra.vsphere.reading import Reader

if TYPE_CHECKING:
    from collections.abc import Collection

    from infra.vsphere.session import VCenter

# How NVIDIA names the package: NVD-AIE_ESXi_8.0.0_Driver, NVD-VGPU_..., NVIDIA-VMware_ESXi_..._Host_Driver (older).
_DRIVER = re.compile(r"(NVD|NVIDIA).*Driver", re.IGNORECASE)


def host_drivers(instance: VCenter, hosts: Collection[str]) -> dict[str, str | None]:
    """Return the version of NVIDIA's driver of hosts, by their names: "" for none, None where it may not be read.

    One request, and one more per host: vSphere has no other way to ask for packages.
    """
    managers = {
        values["name"]: values.get("configManager.imageConfigManager")
        for _, values in Reader(instance).all(vim.HostSystem, ["name", "configManager.imageConfigManager"])
    }
    return {host: _driver(managers.get(host)) for host in hosts}


def _driver(manager: Any) -> str | None:
    if manager is None:
        return None
    try:
        packages = manager.FetchSoftwarePackages()
    except vim.fault.NoPermission:
        return None
    found = [package.version for package in packages if _DRIVER.match(package.name)]
    return found[0].partition("-")[0] if found else ""
