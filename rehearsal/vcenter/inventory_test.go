package main

import (
	"os"
	"strings"
	"testing"
)

func TestShippedInventories(t *testing.T) {
	if _, err := readInventory(testInventory); err != nil {
		t.Error(err)
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
		"- datacent": ":1 : a list: give keys: vcenter, datacenters",
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
