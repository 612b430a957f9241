package main

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vmware/govmomi/property"
	views "github.com/vmware/govmomi/view"
	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// wideInventory has clusters of 50 hosts with 8 GPUs each, and 10 machines for every host.
func wideInventory(clusters int) string {
	var text strings.Builder
	text.WriteString("vcenter: {version: \"8.0.3\", build: \"1\"}\ndatacenters:\n  - name: dc-01\n    clusters:\n")
	for c := range clusters {
		fmt.Fprintf(&text, "      - name: gpu-%02d\n        hosts:\n", c)
		for h := range 50 {
			fmt.Fprintf(&text, "          - name: esx-%04d.example.internal\n            cores: 128\n            memoryGiB: 2048\n            gpus:\n", c*50+h)
			for g := range 8 {
				fmt.Fprintf(&text, "              - {board: H100 SXM5, address: \"0000:%02x:00.0\", mode: %s}\n", 16+g, gpuModes[2*(g%2)])
			}
		}
	}
	text.WriteString("    datastores: [{name: ds, capacityGiB: 4096}]\n    networks: [{name: vm-network}]\n    machines:\n")
	for c := range clusters {
		fmt.Fprintf(&text, "      - {name: vgpu-%02d, copies: 200, cluster: gpu-%02d, cpus: 8, memoryMiB: 32768, power: on, profile: {name: nvidia_h100xm-40c}}\n", c, c)
		fmt.Fprintf(&text, "      - {name: plain-%02d, copies: 300, cluster: gpu-%02d, cpus: 2, memoryMiB: 4096, power: on}\n", c, c)
	}
	return text.String()
}

// BenchmarkWideInventory starts with 1,000 hosts, 8,000 GPUs and 10,000 machines, and reads them all.
func BenchmarkWideInventory(b *testing.B) {
	file := filepath.Join(b.TempDir(), "inventory.yaml")
	if err := os.WriteFile(file, []byte(wideInventory(20)), 0o600); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		started := time.Now()
		inventory, err := readInventory(file)
		if err != nil {
			b.Fatal(err)
		}
		v, err := newVCenter(inventory, url.UserPassword(testUser, testPassword), 0)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(time.Since(started).Seconds(), "s/start")
		started = time.Now()
		hosts := readAll[mo.HostSystem](b, v, "HostSystem", "name", "parent", "hardware.systemInfo.uuid", "hardware.memorySize", "hardware.pciDevice",
			"config.pciPassthruInfo", "config.graphicsInfo", "config.graphicsConfig", "config.sharedPassthruGpuTypes", "runtime.inMaintenanceMode")
		b.ReportMetric(time.Since(started).Seconds(), "s/hosts")
		started = time.Now()
		machines := readAll[mo.VirtualMachine](b, v, "VirtualMachine", "name", "runtime.host", "runtime.powerState", "config.hardware.device",
			"config.memoryAllocation", "config.hardware.memoryMB")
		b.ReportMetric(time.Since(started).Seconds(), "s/machines")
		started = time.Now()
		v.serve(&url.URL{Scheme: "https", Host: "127.0.0.1:0"})
		reports := v.machines()
		b.ReportMetric(time.Since(started).Seconds(), "s/report")
		if len(hosts) != 1000 || len(machines) != 10_000 || len(reports) != 10_000 || len(hosts[0].Config.GraphicsInfo) != 8 {
			b.Errorf("%d hosts, %d machines", len(hosts), len(machines))
		}
		if err := os.RemoveAll(v.files); err != nil {
			b.Error(err)
		}
	}
}

// readAll reads properties of all objects of a kind in one call, through SOAP but for the wire.
func readAll[T any](b *testing.B, v *vcenter, kind string, properties ...string) (found []T) {
	b.Helper()
	client, err := vim25.NewClient(b.Context(), v.service)
	if err != nil {
		b.Fatal(err)
	}
	all, err := views.NewManager(client).CreateContainerView(b.Context(), client.ServiceContent.RootFolder, []string{kind}, true)
	if err != nil {
		b.Fatal(err)
	}
	collector := property.DefaultCollector(client)
	spec := types.PropertyFilterSpec{
		ObjectSet: []types.ObjectSpec{{Obj: all.Reference(), Skip: types.NewBool(true), SelectSet: []types.BaseSelectionSpec{
			&types.TraversalSpec{Type: "ContainerView", Path: "view"}}}},
		PropSet: []types.PropertySpec{{Type: kind, PathSet: properties}},
	}
	answer, err := collector.RetrieveProperties(b.Context(), types.RetrieveProperties{SpecSet: []types.PropertyFilterSpec{spec}})
	if err != nil {
		b.Fatal(err)
	}
	if err := mo.LoadObjectContent(answer.Returnval, &found); err != nil {
		b.Fatal(err)
	}
	return found
}
