"""The identity of a cluster: what kubeadm and Kubernetes would accept, and what its kubeconfigs say."""

from __future__ import annotations

import base64
import json
import re
import subprocess
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from infra.identity import (
    ADMIN_LIFETIME,
    admin_kubeconfig,
    bootstrap_kubeconfig,
    ca_hash,
    expires,
    new_identity,
)
from infra.vsphere.provider.identity_kind import SECRET_OUTPUTS, ClusterIdentity, NotImportable
from infra.vsphere.provider.kinds import Login

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2028, 2, 29, 12, tzinfo=UTC)
IDENTITY = new_identity(NOW)
KIND, NOBODY = ClusterIdentity(), Login("", "", "")
INPUTS = {"cluster": "dev", "address": "10.20.0.5"}


def openssl(*arguments: str, stdin: str = "") -> str:
    done = subprocess.run(["openssl", *arguments], input=stdin, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.mark.parametrize(
    ("certificate", "name"),
    [
        (IDENTITY.ca_certificate, "kubernetes"),
        (IDENTITY.front_proxy_ca_certificate, "front-proxy-ca"),
        (IDENTITY.etcd_ca_certificate, "etcd-ca"),
    ],
)
def test_authorities_are_what_kubeadm_would_make(certificate: str, name: str) -> None:
    found = x509.load_pem_x509_certificate(certificate.encode())
    assert found.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == name
    assert found.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert found.extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
    assert expires(certificate) == NOW + timedelta(days=3650)


def test_keys_belong_to_their_certificates() -> None:
    public = openssl("pkey", "-pubout", stdin=IDENTITY.ca_key)
    assert public == openssl("x509", "-pubkey", "-noout", stdin=IDENTITY.ca_certificate)
    assert openssl("pkey", "-pubout", stdin=IDENTITY.service_account_key) == IDENTITY.service_account_public_key
    assert IDENTITY.ca_key.startswith("-----BEGIN EC PRIVATE KEY-----")


def test_hash_is_the_one_that_kubeadm_s_documentation_computes(tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_text(IDENTITY.ca_certificate, encoding="ascii")
    command = "openssl x509 -pubkey -noout -in ca.crt | openssl pkey -pubin -outform der | openssl dgst -sha256 -hex"
    done = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert ca_hash(IDENTITY.ca_certificate) == f"sha256:{done.stdout.split()[-1]}"


def test_token_is_of_kubeadm_s_form_and_every_identity_is_another() -> None:
    assert re.fullmatch(r"[a-z0-9]{6}\.[a-z0-9]{16}", IDENTITY.bootstrap_token)
    other = new_identity(NOW)
    assert not set(vars(IDENTITY).values()) & set(vars(other).values())
    assert len(base64.b64decode(IDENTITY.encryption_key)) == 32


def test_administrator_s_certificate_is_signed_by_the_authority(tmp_path: Path) -> None:
    text, until = admin_kubeconfig(IDENTITY, "dev", "10.20.0.5", NOW)
    kubeconfig = json.loads(text)
    assert kubeconfig["clusters"][0]["cluster"]["server"] == "https://10.20.0.5:6443"
    user = kubeconfig["users"][0]["user"]
    certificate = base64.b64decode(user["client-certificate-data"])
    (tmp_path / "admin.crt").write_bytes(certificate)
    (tmp_path / "ca.crt").write_text(IDENTITY.ca_certificate, encoding="ascii")
    at = str(int(NOW.timestamp()))
    files = ("-CAfile", f"{tmp_path}/ca.crt", f"{tmp_path}/admin.crt")
    assert "OK" in openssl("verify", "-attime", at, "-purpose", "sslclient", *files)
    assert x509.load_pem_x509_certificate(certificate).subject.rfc4514_string() == (
        "CN=slipway-admin,O=kubeadm:cluster-admins"
    )
    assert until == NOW + ADMIN_LIFETIME


def test_what_machines_join_with_holds_no_key() -> None:
    text = bootstrap_kubeconfig(IDENTITY, "dev", "10.20.0.5")
    assert json.loads(text)["users"][0]["user"] == {"token": IDENTITY.bootstrap_token}


def test_another_address_makes_another_kubeconfig_and_leaves_the_keys() -> None:
    made = KIND.create(NOBODY, INPUTS, "urn")
    moved = {**INPUTS, "address": "10.20.0.6"}
    assert KIND.changes(made.properties, INPUTS) == []
    assert [(c.path, c.replaces) for c in KIND.changes(made.properties, moved)] == [("address", False)]
    after = KIND.update(NOBODY, made.id, made.properties, moved)
    differing = {name for name in made.properties if made.properties[name] != after.properties[name]}
    assert differing - {"adminExpires"} == {"address", "adminKubeconfig"}
    assert "https://10.20.0.6:6443" in after.properties["adminKubeconfig"]


def test_administrator_s_certificate_is_made_anew_before_it_ends() -> None:
    made = KIND.create(NOBODY, INPUTS, "urn").properties
    ending = {**made, "adminExpires": (datetime.now(UTC) + timedelta(days=59)).isoformat()}
    assert [change.path for change in KIND.changes(ending, INPUTS)] == ["adminExpires"]
    old = {**made, "caExpires": (datetime.now(UTC) + timedelta(days=59)).isoformat()}
    (remark,) = KIND.remarks(NOBODY, old)
    assert "the authority of cluster dev ends on " in remark
    assert KIND.remarks(NOBODY, made) == []


def test_everything_secret_is_marked_so() -> None:
    made = KIND.create(NOBODY, INPUTS, "urn").properties
    assert set(made) - set(SECRET_OUTPUTS) == {"cluster", "address", "caHash", "caExpires", "adminExpires"}
    plain = json.dumps({name: made[name] for name in made if name not in SECRET_OUTPUTS})
    assert "PRIVATE" not in plain


def test_an_identity_is_in_the_state_or_lost() -> None:
    with pytest.raises(NotImportable, match="restore the stack's state from its backup"):
        KIND.read(NOBODY, "dev-1", {}, {})


def test_what_an_earlier_version_did_not_make_is_added_and_the_rest_stays() -> None:
    made = KIND.create(NOBODY, INPUTS, "urn")
    older = {name: value for name, value in made.properties.items() if name != "encryptionKey"}
    assert [(change.path, change.kind) for change in KIND.changes(older, INPUTS)] == [("encryptionKey", "add")]
    after = KIND.update(NOBODY, made.id, older, INPUTS).properties
    assert after["encryptionKey"]
    assert after["caKey"] == made.properties["caKey"]


def test_an_administrator_s_certificate_that_ends_with_the_authority_is_not_made_anew_again_and_again() -> None:
    made = KIND.create(NOBODY, INPUTS, "urn").properties
    end = (datetime.now(UTC) + timedelta(days=30)).isoformat()
    assert KIND.changes({**made, "adminExpires": end, "caExpires": end}, INPUTS) == []


def test_certificates_say_whose_they_are_as_strict_clients_want_it() -> None:
    """RFC 5280, 4.2.1.1 and 4.2.1.2; Python refuses others from 3.13 on."""
    authority = x509.load_pem_x509_certificate(IDENTITY.ca_certificate.encode())
    own = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    user = json.loads(admin_kubeconfig(IDENTITY, "dev", "10.20.0.5", NOW)[0])["users"][0]["user"]
    admin = x509.load_pem_x509_certificate(base64.b64decode(user["client-certificate-data"]))
    assert admin.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier == own
