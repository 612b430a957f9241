"""The settings that a stack has to have: logins and keys, which no document holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.errors import PersonError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

_MEANINGS = {
    "vsphere:user": "the user that the cluster's own drivers log in to vCenter with",
    "vsphere:password": "its password",
    "slipway:vgpuLicenceToken": "NVIDIA's client configuration token, which vGPUs are licensed with",
    "slipway:gpuRegistryPassword": "the password of cluster.gpu.driverRegistryUser",
    "slipway:acmeKey": "the TSIG key of cluster.certificates.acme",
    "slipway:authorityKey": "the key of cluster.certificates.authority, in PEM format",
    "slipway:ldapPassword": "the password of cluster.signIn.ldap.bindName",
    "slipway:backupSecretKey": "the secret of the access key platform.backups.user",
    "slipway:mailPassword": "the password of platform.monitoring.alerts.email.user",
    "slipway:alertWebhook": "the URL that alerts are posted to",
}
NOT_SECRET = ("vsphere:user",)


class SettingsMissing(PersonError):
    """Settings of a stack that have to be there before anything is touched."""

    def __init__(self, lines: Iterable[str]) -> None:
        super().__init__("\n".join(lines))


def missing_settings(stack: str, wanted: Sequence[str], there: Collection[str]) -> list[str]:
    """Return a line for every setting that a stack lacks, with the command that sets it."""
    return [
        f"stacks/Pulumi.{stack}.yaml: {name}: not set ({_MEANINGS[name]}); run: "
        f"pulumi config set {'' if name in NOT_SECRET else '--secret '}{name} -s {stack}"
        for name in wanted
        if name not in there
    ]
