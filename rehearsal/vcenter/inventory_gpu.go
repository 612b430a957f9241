package main

import "strconv"

// Graphics is how a host uses its GPUs.
type Graphics struct {
	DefaultType string `yaml:"defaultType"` // what suits its GPUs, if nobody says
	Assignment  string `yaml:"assignment"`  // performance, if nobody says
	// Driver is the version of NVIDIA's host driver, "" for none; if nobody says, one where a GPU is meant for vGPUs.
	Driver *string `yaml:"driver"`
}

const usualDriver = "580.65.05" // of vGPU 19

// GPU is one PCI device of a host: a board with several GPUs is several of them.
type GPU struct {
	Board   string `yaml:"board"`
	Address string `yaml:"address"`
	Mode    string `yaml:"mode"`
	Label   string `yaml:"label"`
}

// Machines are there from the start: one, or as many copies as are wanted, with numbers in their names.
type Machines struct {
	Name      string  `yaml:"name"`
	Copies    *int    `yaml:"copies"` // one if nobody says
	Folder    string  `yaml:"folder"`
	Cluster   string  `yaml:"cluster"`
	Host      string  `yaml:"host"` // any of the cluster, if nobody says
	CPUs      int     `yaml:"cpus"`
	MemoryMiB int     `yaml:"memoryMiB"`
	Power     string  `yaml:"power"` // off, if nobody says
	Profile   Profile `yaml:"profile"`
	Devices   Devices `yaml:"devices"`
}

// Profile is the vGPUs that each of these machines has.
type Profile struct {
	Name  string `yaml:"name"`
	Count *int   `yaml:"count"` // one if nobody says
}

// Devices are a host's GPUs that a machine has as a whole.
type Devices struct {
	Host      string   `yaml:"host"`
	Addresses []string `yaml:"addresses"`
}

// nameOf is the name of one of them; the first is number one.
func (m Machines) nameOf(number int) string {
	if orOne(m.Copies) == 1 {
		return m.Name
	}
	return m.Name + "-" + strconv.Itoa(number)
}

// orOne is an optional number's usual value.
func orOne(number *int) int {
	if number == nil {
		return 1
	}
	return *number
}
