package main

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/types"
)

// metadata is what a guest learns from guestinfo.metadata, as far as a vCenter sees it afterwards.
type metadata struct {
	Hostname        string    `yaml:"local-hostname"`
	Network         yaml.Node `yaml:"network"`
	NetworkEncoding string    `yaml:"network.encoding"`

	cards map[string]cardMetadata // by netplan's name
}

// cardMetadata is one network card in netplan's words.
type cardMetadata struct {
	Match struct {
		MACAddress string `yaml:"macaddress"`
	} `yaml:"match"`
	Addresses []netip.Prefix `yaml:"addresses"`
	Gateway4  string         `yaml:"gateway4"`
	Gateway6  string         `yaml:"gateway6"`
	Routes    []struct {
		To  string `yaml:"to"`
		Via string `yaml:"via"`
	} `yaml:"routes"`
}

// readMetadata decodes a machine's guestinfo the way cloud-init's VMware datasource does.
func readMetadata(config []types.BaseOptionValue) (*metadata, error) {
	content, encoding := guestinfo(config, "guestinfo.metadata"), guestinfo(config, "guestinfo.metadata.encoding")
	if content == "" {
		return nil, errors.New("guestinfo.metadata is missing")
	}
	text, err := decodeGuestinfo(content, encoding)
	if err != nil {
		return nil, fmt.Errorf("guestinfo.metadata: %w", err)
	}
	var data metadata
	if err := yaml.Unmarshal(text, &data); err != nil {
		return nil, fmt.Errorf("guestinfo.metadata: %w", err)
	}
	if err := data.readNetwork(); err != nil {
		return nil, fmt.Errorf("guestinfo.metadata: network: %w", err)
	}
	return &data, nil
}

func guestinfo(config []types.BaseOptionValue, key string) string {
	value, _ := object.OptionValueList(config).GetString(key)
	return value
}

// decodeGuestinfo knows the encodings that cloud-init knows.
func decodeGuestinfo(content, encoding string) ([]byte, error) {
	zipped := encoding == "gzip+base64" || encoding == "gz+b64"
	switch {
	case encoding == "":
		return []byte(content), nil
	case !zipped && encoding != "base64" && encoding != "b64":
		return nil, fmt.Errorf("unknown encoding %q", encoding)
	}
	decoded, err := base64.StdEncoding.DecodeString(strings.TrimSpace(content))
	if err != nil || !zipped {
		return decoded, err
	}
	reader, err := gzip.NewReader(bytes.NewReader(decoded))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(reader)
}

// readNetwork finds netplan's ethernets: they may be nested under "config" or "network", and the whole
// may be an encoded text.
func (m *metadata) readNetwork() error {
	node := &m.Network
	if node.Kind == yaml.ScalarNode {
		text, err := decodeGuestinfo(node.Value, m.NetworkEncoding)
		if err != nil {
			return err
		}
		var document yaml.Node
		if err := yaml.Unmarshal(text, &document); err != nil {
			return err
		}
		node = &document
	}
	for range 3 { // document, then at most two keys around the ethernets
		var found struct {
			Config    yaml.Node               `yaml:"config"`
			Network   yaml.Node               `yaml:"network"`
			Ethernets map[string]cardMetadata `yaml:"ethernets"`
		}
		if node.Kind != 0 {
			if err := node.Decode(&found); err != nil {
				return err
			}
		}
		switch {
		case found.Ethernets != nil:
			m.cards = found.Ethernets
			return nil
		case found.Config.Kind != 0:
			node = &found.Config
		default:
			node = &found.Network
		}
	}
	return errors.New("no ethernets")
}

// card is what the metadata says about a machine's n-th card: matched by its address, or by order.
func (m *metadata) card(index int, macAddress string) (cardMetadata, bool) {
	var unmatched []string
	for name, card := range m.cards {
		switch {
		case card.Match.MACAddress == "":
			unmatched = append(unmatched, name)
		case strings.EqualFold(card.Match.MACAddress, macAddress):
			return card, true
		}
	}
	slices.Sort(unmatched)
	if index >= len(unmatched) {
		return cardMetadata{}, false
	}
	return m.cards[unmatched[index]], true
}

// gateways are the card's default routes: network (0.0.0.0 or ::) and address.
func (c cardMetadata) gateways() map[string]string {
	found := map[string]string{}
	candidates := []string{c.Gateway4, c.Gateway6}
	for _, route := range c.Routes {
		if route.To == "default" || route.To == "0.0.0.0/0" || route.To == "::/0" {
			candidates = append(candidates, route.Via)
		}
	}
	for _, candidate := range candidates {
		if address, err := netip.ParseAddr(candidate); err == nil {
			network := netip.IPv6Unspecified()
			if address.Is4() {
				network = netip.IPv4Unspecified()
			}
			found[network.String()] = address.String()
		}
	}
	return found
}
