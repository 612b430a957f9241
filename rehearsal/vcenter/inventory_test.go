package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestShippedInventories(t *testing.T) {
	files, err := filepath.Glob("../inventories/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("%v: %v", files, err)
	}
	for _, file := range files {
		options := testOptions(t)
		options.inventory = file
		server, err := startServer(options)
		if err != nil {
			t.Error(err)
			continue
		}
		server.removeFiles()
	}
}

func TestAllProblemsOfAnInventoryAtOnce(t *testing.T) {
	golden, err := os.ReadFile("testdata/bad.golden")
	if err != nil {
		t.Fatal(err)
	}
	_, err = readInventory("testdata/bad.yaml")
	if err == nil || err.Error() != strings.TrimSpace(string(golden)) {
		t.Errorf("got:\n%v\ninstead of:\n%s", err, golden)
	}
}

func TestUnusableInventories(t *testing.T) {
	for content, expected := range map[string]string{
		"":           ": empty: describe at least one datacenter",
		"a: [":       ": line 1: did not find expected node content: write valid YAML",
		"- datacent": ":1 : a list: give keys: vcenter, storagePolicies, datacenters",
	} {
		file := writeFile(t, "inventory.yaml", content)
		if _, err := readInventory(file); err == nil || !strings.HasPrefix(err.Error(), file+expected) {
			t.Errorf("%q: %v", content, err)
		}
	}
	if _, err := readInventory("no-such-file"); err == nil || err.Error() != "no-such-file: no such file or directory: give a readable inventory file" {
		t.Error(err)
	}
}

func TestMachinesThatDoNotFit(t *testing.T) {
	for machines, expected := range map[string]string{
		"{name: a, copies: 9, cluster: cluster-01, cpus: 1, memoryMiB: 4096, power: on, profile: {name: nvidia_l4-6c}}":                                 "a-9: " + noGraphics,
		"{name: a, cluster: cluster-01, cpus: 1, memoryMiB: 300000, power: on, profile: {name: nvidia_l4-6c}}":                                          "a: The available Memory resources",
		"{name: a, cluster: cluster-01, cpus: 1, memoryMiB: 1, power: on, devices: {host: esx-01.dev.example.internal, addresses: [\"0000:01:00.0\"]}}": "a: Device 1:0.0 is not a passthrough device.",
	} {
		content := fmt.Sprintf(twinInventory, "vcenter: {version: \"8.0.3\", build: \"1\"}") + "    machines:\n      - " + machines + "\n"
		options := testOptions(t)
		options.inventory = writeFile(t, "inventory.yaml", content)
		_, err := startServer(options)
		if err == nil || !strings.Contains(err.Error(), "machines[0]: "+expected) {
			t.Errorf("%v instead of %s", err, expected)
		}
	}
}
