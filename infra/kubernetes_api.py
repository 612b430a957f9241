"""A small client of a Kubernetes API, with the rights of a kubeconfig: reads, applies, and says why it can't."""

from __future__ import annotations

import base64
import json
import os
import ssl
import tempfile
import time
from typing import TYPE_CHECKING, Any

import httpx

from infra.errors import PersonError

if TYPE_CHECKING:
    from collections.abc import Mapping

_TIMEOUT = httpx.Timeout(15, connect=3)  # seconds; where no machine is yet nobody refuses a connection
_PAUSE = 1.0  # seconds between two questions
# The Kubernetes provider's own variable, whose only yes is `true`: what stands in a cluster that is away goes with it.
FORGET_UNREACHABLE = "PULUMI_K8S_DELETE_UNREACHABLE"
FIELD_MANAGER = "slipway"  # who Slipway is for server-side apply

_NOT_VERIFIED = "CERTIFICATE_VERIFY_FAILED"
# What OpenSSL says of a certificate, and what that means here.
_UNTRUSTED = {
    "not yet valid": "its certificate is not valid yet: the clocks of this machine and of the control plane differ; "
    "set them (network.timeServers), then run this again",
    "has expired": "its certificate has expired; renew it on the control-plane nodes: kubeadm certs renew all",
    "mismatch": "its certificate is for other names than this address; something else answers there",
}
_OTHER_AUTHORITY = (
    "its certificate was signed by another authority than this cluster's: another cluster answers at this address, "
    "or the kubeconfig is of an earlier one; see what stands at the address"
)


_REJECTED = (
    "the cluster does not accept this kubeconfig: its certificate has ended, or it is another cluster's; "
    "run slipway up with the layer compute, which renews it"
)


class ApiUnreachable(PersonError):
    """A Kubernetes API that does not answer, or whose answer can't be trusted, which waiting does not mend."""

    def __init__(self, server: str, error: httpx.TransportError) -> None:
        self.passes = _NOT_VERIFIED not in str(error)
        super().__init__(f"{server}: {unreachable_reason(error)}")


class ApiRefused(PersonError):
    """A request that the Kubernetes API does not carry out."""

    def __init__(self, server: str, what: str, answer: httpx.Response) -> None:
        self.status = answer.status_code
        self.passes = self.status != httpx.codes.UNAUTHORIZED
        fix = "" if self.passes else f"; {_REJECTED}"
        super().__init__(f"{server}: {what}: {self.status} {_said(answer)}{fix}")


class KubernetesApi:
    """A Kubernetes API. `kubeconfig` is one with embedded data, as JSON; its first cluster and user count."""

    def __init__(self, kubeconfig: str) -> None:
        document = json.loads(kubeconfig)
        cluster, user = document["clusters"][0]["cluster"], document["users"][0]["user"]
        self.server = str(cluster["server"])
        trust = ssl.create_default_context(cadata=_decoded(cluster["certificate-authority-data"]))
        headers = {"Authorization": f"Bearer {user['token']}"} if "token" in user else {}
        if "client-certificate-data" in user:
            with tempfile.NamedTemporaryFile("w", suffix=".pem") as both:  # made for its owner alone
                both.write(_decoded(user["client-certificate-data"]) + _decoded(user["client-key-data"]))
                both.flush()
                trust.load_cert_chain(both.name)
        self._client = httpx.Client(
            base_url=self.server, verify=trust, headers=headers, timeout=_TIMEOUT, trust_env=False
        )

    def __enter__(self) -> KubernetesApi:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def version(self) -> str:
        """Return the API server's version once it is ready. Raises `ApiUnreachable`, `ApiRefused`."""
        self._asked("GET", "/readyz")
        return str(self._asked("GET", "/version").json()["gitVersion"])

    def uid(self) -> str:
        """Return what tells this cluster from every other one, also from one with the same keys: its kube-system's UID.

        Raises `ApiUnreachable`, `ApiRefused`.
        """
        return str(self._asked("GET", "/api/v1/namespaces/kube-system").json()["metadata"]["uid"])

    def get(self, path: str) -> dict[str, Any] | None:
        """Return an object or a list, or None when there is none. Raises `ApiUnreachable`, `ApiRefused`."""
        try:
            found: dict[str, Any] = self._asked("GET", path).json()
        except ApiRefused as refused:
            if refused.status == httpx.codes.NOT_FOUND:
                return None
            raise
        return found

    def apply(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Bring an object to a wanted state by server-side apply, also one that others made; return it."""
        found: dict[str, Any] = self._asked(
            "PATCH",
            path,
            params={"fieldManager": FIELD_MANAGER, "force": "true"},
            content=json.dumps(body),
            headers={"Content-Type": "application/apply-patch+yaml"},
        ).json()
        return found

    def create(self, path: str, body: Mapping[str, Any]) -> bool:
        """Create an object; return whether it was made, not there already."""
        try:
            self._asked("POST", path, content=json.dumps(body), headers={"Content-Type": "application/json"})
        except ApiRefused as refused:
            if refused.status == httpx.codes.CONFLICT:
                return False
            raise
        return True

    def merge(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Merge a strategic patch into an object and return it: lists are merged by their keys."""
        headers = {"Content-Type": "application/strategic-merge-patch+json"}
        found: dict[str, Any] = self._asked("PATCH", path, content=json.dumps(body), headers=headers).json()
        return found

    def delete(self, path: str) -> None:
        """Delete an object; one that is gone already is fine."""
        try:
            self._asked("DELETE", path)
        except ApiRefused as refused:
            if refused.status != httpx.codes.NOT_FOUND:
                raise

    def _asked(self, method: str, path: str, **options: Any) -> httpx.Response:  # noqa: ANN401 - httpx' own
        try:
            answer = self._client.request(method, path, **options)
        except httpx.TransportError as error:
            raise ApiUnreachable(self.server, error) from None
        if answer.is_error:
            raise ApiRefused(self.server, f"{method} {path}", answer)
        return answer


def wait_for_api(kubeconfig: str, patience: float) -> str:
    """Return the version of an API once it is ready; `patience` is in seconds.

    What time does not mend is raised at once: `ApiUnreachable` for a certificate that can't be trusted, `ApiRefused`
    for a kubeconfig that is not accepted. Raises the last reason when it does not become ready in time.
    """
    deadline = time.monotonic() + patience
    with KubernetesApi(kubeconfig) as api:
        while True:
            try:
                return api.version()
            except (ApiUnreachable, ApiRefused) as reason:
                if time.monotonic() > deadline or not reason.passes:
                    raise
            time.sleep(_PAUSE)


def forgets_unreachable() -> bool:
    """Whether a person has asked to take what stands in a cluster that can't be reached for deleted."""
    return os.environ.get(FORGET_UNREACHABLE) == "true"


def unreachable_reason(error: httpx.TransportError) -> str:
    """Return why an API can't be reached, and what to do."""
    said = str(error)
    if _NOT_VERIFIED in said:
        return next((meaning for words, meaning in _UNTRUSTED.items() if words in said.lower()), _OTHER_AUTHORITY)
    what = "does not answer" if isinstance(error, httpx.TimeoutException) else f"can't be reached ({said})"
    return f"{what}; see whether the control-plane nodes run, and on one of them: journalctl -u slipway-join"


def _said(answer: httpx.Response) -> str:
    """Return what a refusal says, in one line: the message of a Status, or the text as it is."""
    try:
        status = answer.json()
    except ValueError:
        status = None
    said = status.get("message") if isinstance(status, dict) else None
    return " ".join(str(said or answer.text).split())


def _decoded(text: str) -> str:
    return base64.b64decode(text).decode()
