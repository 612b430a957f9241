package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

//go:embed boards.yaml
var boardsFile []byte

const nvidia = 0x10de

// board is one kind of GPU.
type board struct {
	Name          string         `yaml:"name"`
	Device        uint16         `yaml:"device"`
	SubDevice     uint16         `yaml:"subDevice"`
	DeviceName    string         `yaml:"deviceName"`
	MemoryGiB     int            `yaml:"memoryGiB"`
	MMIOGiB       int            `yaml:"mmioGiB"`  // what a machine has to have room for
	SmallBAR      bool           `yaml:"smallBar"` // a machine with BIOS can use it
	Prefix        string         `yaml:"prefix"`
	TimeSliced    map[string]int `yaml:"timeSliced"` // type -> most per GPU
	GeometryName  string         `yaml:"geometry"`
	MultiInstance []migType      `yaml:"multiInstance"`
	Unconfirmed   []string       `yaml:"unconfirmed"`

	geometry *geometry
	profiles []*vgpuProfile // by size, largest first, time-sliced ones before MIG-backed ones
}

type migType struct {
	Type     string `yaml:"type"`
	Max      int    `yaml:"max"`
	Instance string `yaml:"instance"`
}

// geometry is how a GPU with MIG can be divided.
type geometry struct {
	Name      string         `yaml:"name"`
	Compute   int            `yaml:"compute"`
	Memory    int            `yaml:"memory"`
	Instances []instanceKind `yaml:"instances"`
}

type instanceKind struct {
	Name    string `yaml:"name"`
	Compute int    `yaml:"compute"`
	Memory  int    `yaml:"memory"`
	Starts  []int  `yaml:"starts"`
}

// vgpuProfile is one kind of vGPU.
type vgpuProfile struct {
	name     string
	board    *board
	sizeGiB  int // framebuffer
	most     int // per GPU
	instance *instanceKind
	sharing  int // vGPUs per GPU instance
}

func (p *vgpuProfile) multiInstance() bool { return p.instance != nil }

// catalogue is everything that the embedded file tells.
type catalogue struct {
	boards   map[string]*board
	profiles map[string]*vgpuProfile
	names    []string // of boards, in the file's order
}

var knownBoards = readBoards()

func readBoards() *catalogue {
	var content struct {
		Geometries []*geometry `yaml:"geometries"`
		Boards     []*board    `yaml:"boards"`
	}
	decoder := yaml.NewDecoder(bytes.NewReader(boardsFile))
	decoder.KnownFields(true)
	if err := decoder.Decode(&content); err != nil {
		panic(err) // the program was built with a broken file
	}
	known := &catalogue{boards: map[string]*board{}, profiles: map[string]*vgpuProfile{}}
	for _, b := range content.Boards {
		for _, g := range content.Geometries {
			if g.Name == b.GeometryName {
				b.geometry = g
			}
		}
		b.completeProfiles()
		known.boards[b.Name] = b
		known.names = append(known.names, b.Name)
		for _, p := range b.profiles {
			known.profiles[p.name] = p
		}
	}
	return known
}

func (b *board) completeProfiles() {
	for kind, most := range b.TimeSliced {
		b.profiles = append(b.profiles, &vgpuProfile{name: b.Prefix + kind, board: b, sizeGiB: sizeOf(kind), most: most})
	}
	slices.SortFunc(b.profiles, func(x, y *vgpuProfile) int { return y.sizeGiB - x.sizeGiB })
	for _, kind := range b.MultiInstance {
		at := slices.IndexFunc(b.geometry.Instances, func(i instanceKind) bool { return i.Name == kind.Instance })
		instance := &b.geometry.Instances[at]
		b.profiles = append(b.profiles, &vgpuProfile{name: b.Prefix + kind.Type, board: b, sizeGiB: sizeOf(kind.Type), most: kind.Max,
			instance: instance, sharing: kind.Max / len(instance.Starts)})
	}
}

// sizeOf reads a type such as 20c or 3-40c.
func sizeOf(kind string) int {
	size, err := strconv.Atoi(strings.TrimRight(kind[strings.LastIndex(kind, "-")+1:], "c"))
	if err != nil {
		panic(fmt.Errorf("vGPU type %s: %w", kind, err))
	}
	return size
}
