#!/bin/bash
# Makes a fresh Ubuntu 24.04 machine the template of Slipway's release 2026.11.0. Run it inside, as root, with internet;
# it ends with the notes that the template has to carry.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive

echo "==> kernel: what Kubernetes needs of it, and no swap"
printf 'overlay\nbr_netfilter\n' > /etc/modules-load.d/kubernetes.conf
modprobe overlay
modprobe br_netfilter
printf 'net.ipv4.ip_forward = 1\nnet.bridge.bridge-nf-call-iptables = 1\nnet.bridge.bridge-nf-call-ip6tables = 1\n' \
  > /etc/sysctl.d/90-kubernetes.conf
sysctl --system > /dev/null
swapoff -a
sed -i '/\sswap\s/d' /etc/fstab

echo "==> nothing updates itself: nodes are replaced, and the notes below stay true"
systemctl disable --now apt-daily.timer apt-daily-upgrade.timer unattended-upgrades.service || true
apt-get purge -q -y unattended-upgrades

echo "==> guest tools and first boot"
apt-get update -q
apt-get install -q -y open-vm-tools cloud-init ca-certificates curl gpg
printf 'datasource_list: [VMware, None]\n' > /etc/cloud/cloud.cfg.d/99-slipway.cfg  # after Ubuntu's own list

echo "==> containerd and Kubernetes 1.36.3"
install -d -m 0755 /etc/apt/keyrings
curl -fsSL https://download.docker.com/linux/ubuntu/gpg | gpg --dearmor --yes -o /etc/apt/keyrings/docker.gpg
curl -fsSL https://pkgs.k8s.io/core:/stable:/v1.36/deb/Release.key \
  | gpg --dearmor --yes -o /etc/apt/keyrings/kubernetes.gpg
echo 'deb [signed-by=/etc/apt/keyrings/docker.gpg] https://download.docker.com/linux/ubuntu noble stable' \
  > /etc/apt/sources.list.d/docker.list
echo 'deb [signed-by=/etc/apt/keyrings/kubernetes.gpg] https://pkgs.k8s.io/core:/stable:/v1.36/deb/ /' \
  > /etc/apt/sources.list.d/kubernetes.list
apt-get update -q
apt-get install -q -y containerd.io 'kubelet=1.36.3-*' 'kubeadm=1.36.3-*' 'kubectl=1.36.3-*'
apt-mark hold containerd.io kubelet kubeadm kubectl

containerd config default > /etc/containerd/config.toml
sed -i \
  -e 's/SystemdCgroup = false/SystemdCgroup = true/' \
  -e "s|^\( *sandbox\(_image\)\? = \).*|\1'registry.k8s.io/pause:3.10.2'|" \
  -e "s|^\( *config_path = \).*|\1'/etc/containerd/certs.d'|" /etc/containerd/config.toml
systemctl enable containerd kubelet
systemctl restart containerd

echo "==> images that a node without internet needs"
ctr --namespace k8s.io images pull registry.k8s.io/coredns/coredns:v1.14.2 > /dev/null  # no digest is known yet
ctr --namespace k8s.io images pull registry.k8s.io/etcd:3.6.8-0 > /dev/null  # no digest is known yet
ctr --namespace k8s.io images pull registry.k8s.io/kube-apiserver:v1.36.3 > /dev/null  # no digest is known yet
ctr --namespace k8s.io images pull registry.k8s.io/kube-controller-manager:v1.36.3 > /dev/null  # no digest is known yet
ctr --namespace k8s.io images pull registry.k8s.io/kube-scheduler:v1.36.3 > /dev/null  # no digest is known yet
ctr --namespace k8s.io images pull ghcr.io/kube-vip/kube-vip:v1.2.3 > /dev/null  # no digest is known yet
ctr --namespace k8s.io images pull registry.k8s.io/pause:3.10.2 > /dev/null  # no digest is known yet

echo "==> nothing of this machine's own stays"
apt-get clean
rm -f /etc/ssh/ssh_host_* /etc/netplan/*.yaml /var/lib/dbus/machine-id
truncate -s 0 /etc/machine-id
cloud-init clean --logs --seed

version_of() { dpkg-query --show --showformat '${Version}' "$1" | sed -E 's/^[0-9]+://; s/[-~+].*//'; }
echo "==> done. Power it off, give it these notes, and mark it as a template:"
cat << NOTES
# What is in this template, written by its build.
kubelet: $(version_of kubelet)
kubeadm: $(version_of kubeadm)
containerd: "$(version_of containerd.io)"
open-vm-tools: "$(version_of open-vm-tools)"
cloud-init: "$(version_of cloud-init)"
gpu-driver: none
images:
$(ctr --namespace k8s.io images list --quiet | grep -v '@sha256\|^sha256' | sed 's/^/  - /')
NOTES
