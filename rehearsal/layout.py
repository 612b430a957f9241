"""Where a rehearsal keeps its files, and which environment variables its programs see."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from infra.charts.bundle import BUNDLES_VARIABLE
from infra.for_real import REHEARSAL_VARIABLE
from infra.model.handover import LAYERS

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".tools"
VCENTER_ADDRESS = "192.0.2.10"  # RFC 5737, TEST-NET-1: no environment can use it
VCENTER_USER = "rehearsal@vsphere.local"

# A rehearsal does not see the person's own settings for Pulumi, vSphere, clouds, clusters or proxies.
_FOREIGN_VARIABLES = ("PULUMI_", "VSPHERE_", "SSL_CERT_", "SLIPWAY_", "AWS_", "AZURE_", "ARM_", "GOOGLE_", "KUBECONFIG")


@dataclass(frozen=True)
class Layout:
    """The files of one rehearsal, all below `.rehearsal/<name>/`.

    Its `name` is the environment's; a rehearsal of several side by side has their names with `+` between.
    """

    name: str
    root: Path = ROOT

    @property
    def environments(self) -> tuple[str, ...]:
        """The names of the environments in it."""
        return tuple(self.name.split("+"))

    @property
    def folder(self) -> Path:
        """Everything of this rehearsal."""
        return self.root / ".rehearsal" / self.name

    @property
    def inventory_file(self) -> Path:
        """What the simulated vCenter was started with."""
        return self.folder / "inventory.yaml"

    @property
    def lock_file(self) -> Path:
        """Locked while the rehearsal runs; outside the folder, which every start empties."""
        return self.folder.with_suffix(".lock")

    @property
    def running_file(self) -> Path:
        """Holds the process id of the rehearsal's first process while it runs."""
        return self.folder / "running.json"

    @property
    def log_file(self) -> Path:
        """What the simulated vCenter and the rehearsal's first process say."""
        return self.folder / "rehearsal.log"

    @property
    def control_socket(self) -> Path:
        """Unix socket of the simulated vCenter's control endpoint."""
        return self.folder / "control.sock"

    @property
    def password_file(self) -> Path:
        """The password of the simulated vCenter, made at every start."""
        return self.folder / "vcenter-password"

    @property
    def certificates(self) -> Path:
        """Folder of the rehearsal's certificate authority and the vCenter's certificate."""
        return self.folder / "certificates"

    @property
    def hosts_file(self) -> Path:
        """Stands in for /etc/hosts inside the rehearsal."""
        return self.folder / "hosts"

    @property
    def stack_files(self) -> Path:
        """Folder of the stack files that stand in for the committed ones inside the rehearsal."""
        return self.folder / "stacks"

    @property
    def state(self) -> Path:
        """The state of the rehearsal's stacks."""
        return self.folder / "state"

    @property
    def pulumi_home(self) -> Path:
        """Pulumi's own folder: the rehearsal's plugins, none of the person's logins."""
        return self.folder / "pulumi-home"

    @property
    def ended_log(self) -> Path:
        """Names the machines that ended by themselves."""
        return self.folder / "ended-machines.log"

    @property
    def bundles(self) -> Path:
        """Contract charts by release, where a release's own are not at hand."""
        return self.folder / "bundles"

    def kubeconfig(self, environment: str) -> Path:
        """Return the file of the administrator's kubeconfig of an environment, which is there once it has a cluster."""
        return self.folder / f"{environment}.kubeconfig"

    def stacks(self) -> list[str]:
        """Return the names of all stacks in it."""
        return [f"{environment}.{layer}" for environment in self.environments for layer in LAYERS]

    def variables(self) -> dict[str, str]:
        """Return the environment variables of everything that runs inside."""
        kept = {name: value for name, value in os.environ.items() if not _is_foreign(name)}
        path = [str(TOOLS / "bin"), str(self.root / ".venv" / "bin"), str(self.root), os.defpath]
        if "PATH" in kept:
            path[-1] = kept["PATH"]
        return {
            **kept,
            "PATH": os.pathsep.join(path),
            REHEARSAL_VARIABLE: self.name,
            "SSL_CERT_FILE": str(self.certificates / "authorities.pem"),
            "PULUMI_BACKEND_URL": f"file://{self.state}",
            "PULUMI_HOME": str(self.pulumi_home),
            "PULUMI_CONFIG_PASSPHRASE": "",
            "KUBECONFIG": str(self.kubeconfig(self.environments[0])),
            BUNDLES_VARIABLE: str(self.bundles.relative_to(self.root)) if self.bundles.exists() else "",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_IGNORE_AMBIENT_PLUGINS": "true",  # the rehearsal's own stand in its Pulumi home
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS": "true",
        }


def _is_foreign(variable: str) -> bool:
    return variable.startswith(_FOREIGN_VARIABLES) or variable.lower().endswith("_proxy")
