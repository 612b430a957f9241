package main

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/types"
)

const networkYAML = `version: 2
ethernets:
  id0:
    match: {name: "ens*"}
    addresses: [192.0.2.21/24, "2001:db8::21/64"]
    routes: [{to: default, via: 192.0.2.1}]
`

func metadataYAML(network string) string {
	return "local-hostname: node-1\nnetwork:\n  " + strings.ReplaceAll(strings.TrimSpace(network), "\n", "\n  ") + "\n"
}

func zipped(text string) string {
	var buffer bytes.Buffer
	writer := gzip.NewWriter(&buffer)
	_, _ = writer.Write([]byte(text))
	_ = writer.Close()
	return encoded(buffer.String())
}

func encoded(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

func guestinfoConfig(metadata, encoding string) *types.VirtualMachineConfigSpec {
	config := &types.VirtualMachineConfigSpec{ExtraConfig: []types.BaseOptionValue{
		&types.OptionValue{Key: "guestinfo.metadata", Value: metadata}}}
	if encoding != "" {
		config.ExtraConfig = append(config.ExtraConfig, &types.OptionValue{Key: "guestinfo.metadata.encoding", Value: encoding})
	}
	return config
}

func TestBootAddressWithEachEncoding(t *testing.T) {
	l := newLab(t)
	plain := metadataYAML(networkYAML)
	for name, config := range map[string]*types.VirtualMachineConfigSpec{
		"plain":           guestinfoConfig(plain, ""),
		"base64":          guestinfoConfig(encoded(plain), "base64"),
		"b64":             guestinfoConfig(encoded(plain), "b64"),
		"gzip+base64":     guestinfoConfig(zipped(plain), "gzip+base64"),
		"gz+b64":          guestinfoConfig(zipped(plain), "gz+b64"),
		"JSON":            guestinfoConfig(`{"local-hostname":"node-1","network":{"ethernets":{"e":{"addresses":["192.0.2.21/24"]}}}}`, ""),
		"nested":          guestinfoConfig("local-hostname: node-1\nnetwork: {config: {ethernets: {e: {addresses: [192.0.2.21/24]}}}}", ""),
		"gateway4":        guestinfoConfig("local-hostname: node-1\nnetwork: {ethernets: {e: {addresses: [192.0.2.21/24], gateway4: 192.0.2.1}}}", ""),
		"encoded network": guestinfoConfig("local-hostname: node-1\nnetwork: "+zipped(networkYAML)+"\nnetwork.encoding: gz+b64", ""),
	} {
		t.Run(name, func(t *testing.T) {
			vm := l.clone(strings.ReplaceAll(name, " ", "-"), config)
			l.powerOn(vm)
			guest, summary := l.properties(vm).Guest, l.properties(vm).Summary.Guest
			if guest.IpAddress != "192.0.2.21" || guest.HostName != "node-1" || summary.IpAddress != "192.0.2.21" || summary.HostName != "node-1" {
				t.Errorf("%s, %s, %s, %s; %s", guest.IpAddress, guest.HostName, summary.IpAddress, summary.HostName, l.said)
			}
			l.must(l.wait(vm.PowerOff(l.ctx)))
		})
	}
}

func TestGuestIsVisibleWhileItRuns(t *testing.T) {
	l := newLab(t)
	vm := l.clone("node-1", guestinfoConfig(metadataYAML(networkYAML), ""))
	l.powerOn(vm)
	guest := l.properties(vm).Guest
	if guest.ToolsRunningStatus != "guestToolsRunning" || guest.ToolsStatus != types.VirtualMachineToolsStatusToolsOk {
		t.Errorf("tools: %s, %s", guest.ToolsRunningStatus, guest.ToolsStatus)
	}
	card := guest.Net[0]
	if card.MacAddress != l.card(vm).MacAddress || card.Network != "vm-network" || len(card.IpAddress) != 2 ||
		card.IpConfig.IpAddress[0].IpAddress != "192.0.2.21" || card.IpConfig.IpAddress[0].PrefixLength != 24 {
		t.Errorf("%+v", card)
	}
	route := guest.IpStack[0].IpRouteConfig.IpRoute[0]
	if route.Network != "0.0.0.0" || route.Gateway.IpAddress != "192.0.2.1" {
		t.Errorf("%+v", route)
	}
	address, err := vm.WaitForIP(l.ctx)
	l.must(err)
	if address != "192.0.2.21" {
		t.Errorf("address: %s", address)
	}

	l.must(vm.ShutdownGuest(l.ctx))
	l.must(vm.WaitForPowerState(l.ctx, types.VirtualMachinePowerStatePoweredOff))
	l.waitUntil("the address is gone", func() bool { return l.properties(vm).Guest.IpAddress == "" })
	guest = l.properties(vm).Guest
	if guest.ToolsRunningStatus != "guestToolsNotRunning" || guest.HostName != "" || guest.IpStack != nil || guest.Net[0].IpAddress != nil {
		t.Errorf("%+v", guest)
	}
	mustFault[*types.InvalidPowerState](t, vm.ShutdownGuest(l.ctx))
}

func TestGuestComesBackAfterReset(t *testing.T) {
	l := newLab(t)
	vm := l.clone("node-1", guestinfoConfig(metadataYAML(networkYAML), ""))
	l.powerOn(vm)
	for _, again := range []func() error{
		func() error { return l.wait(vm.Reset(l.ctx)) },
		func() error { return l.wait(vm.Suspend(l.ctx)) },
		func() error { return l.wait(vm.PowerOn(l.ctx)) },
	} {
		l.must(again())
		guest := l.properties(vm)
		if on := guest.Runtime.PowerState == types.VirtualMachinePowerStatePoweredOn; on != (guest.Guest.IpAddress == "192.0.2.21") {
			t.Errorf("%s with %q", guest.Runtime.PowerState, guest.Guest.IpAddress)
		}
	}
}

func TestGuestWithoutUsableMetadata(t *testing.T) {
	l := newLab(t)
	for name, expected := range map[string]struct {
		config *types.VirtualMachineConfigSpec
		said   string
	}{
		"none":     {nil, "guestinfo.metadata is missing"},
		"encoding": {guestinfoConfig("x", "rot13"), `unknown encoding "rot13"`},
		"garbage":  {guestinfoConfig("not base64!", "base64"), "illegal base64 data"},
		"zip":      {guestinfoConfig(encoded("no zip"), "gzip+base64"), "unexpected EOF"},
		"yaml":     {guestinfoConfig("a: [", ""), "yaml"},
		"network":  {guestinfoConfig("local-hostname: x", ""), "no ethernets"},
		"prefix":   {guestinfoConfig("network: {ethernets: {e: {addresses: [192.0.2.300/24]}}}", ""), "192.0.2.300"},
	} {
		t.Run(name, func(t *testing.T) {
			vm := l.clone("bad-"+name, expected.config)
			l.powerOn(vm)
			guest := l.properties(vm).Guest
			if guest.IpAddress != "" || guest.ToolsRunningStatus != "guestToolsRunning" {
				t.Errorf("%s, %s", guest.IpAddress, guest.ToolsRunningStatus)
			}
			if said := l.said.String(); !strings.Contains(said, "bad-"+name+": no address: ") || !strings.Contains(said, expected.said) {
				t.Errorf("said: %s", said)
			}
		})
	}
}

func TestTwoGuestsCannotHaveOneAddress(t *testing.T) {
	l := newLab(t)
	config := guestinfoConfig(metadataYAML(networkYAML), "")
	first, second := l.clone("node-1", config), l.clone("node-2", config)
	l.powerOn(first)
	l.powerOn(second)
	if address := l.properties(second).Guest.IpAddress; address != "" {
		t.Errorf("address: %s", address)
	}
	if said := l.said.String(); !strings.Contains(said, "node-2: address 192.0.2.21 belongs to node-1") {
		t.Errorf("said: %s", said)
	}
	off := func(vm *object.VirtualMachine) { l.must(l.wait(vm.PowerOff(l.ctx))) }
	off(second)
	if address := l.properties(first).Guest.IpAddress; address != "192.0.2.21" {
		t.Errorf("address: %s", address)
	}
	off(first)
	l.powerOn(second)
	if address := l.properties(second).Guest.IpAddress; address != "192.0.2.21" {
		t.Errorf("address: %s", address)
	}
}

func TestCardIsMatchedByItsAddress(t *testing.T) {
	data := &metadata{cards: map[string]cardMetadata{}}
	for name, macAddress := range map[string]string{"a": "", "b": "00:50:56:80:00:02", "c": ""} {
		card := cardMetadata{Gateway4: name}
		card.Match.MACAddress = macAddress
		data.cards[name] = card
	}
	for index, expected := range []string{"a", "c"} {
		if card, _ := data.card(index, "00:50:56:80:00:09"); card.Gateway4 != expected {
			t.Errorf("card %d: %s instead of %s", index, card.Gateway4, expected)
		}
	}
	if card, _ := data.card(0, "00:50:56:80:00:02"); card.Gateway4 != "b" {
		t.Errorf("matched: %s", card.Gateway4)
	}
	if _, described := data.card(2, ""); described {
		t.Error("a third card")
	}
}
