package main

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// strictDecoder fills Go values from YAML and remembers every problem with its path and line.
type strictDecoder struct {
	file  string
	lines map[string]int // path -> line
	told  map[string]bool
	found []finding
}

type finding struct {
	line    int
	problem problem
}

func newStrictDecoder(file string) *strictDecoder {
	return &strictDecoder{file: file, lines: map[string]int{}, told: map[string]bool{}}
}

// report tells the first problem of a path; what follows from it would only confuse.
func (d *strictDecoder) report(path, value, advice string) {
	if d.told[path] {
		return
	}
	d.told[path] = true
	line := d.line(path)
	d.found = append(d.found, finding{line, problem{fmt.Sprintf("%s:%d %s", d.file, line, path), value, advice}})
}

// err is everything found, in the document's order.
func (d *strictDecoder) err() error {
	slices.SortStableFunc(d.found, func(a, b finding) int { return cmp.Compare(a.line, b.line) })
	var all problems
	for _, found := range d.found {
		all.collect(found.problem)
	}
	return all.err()
}

// line is where the path stands, or for something missing, where it ought to be.
func (d *strictDecoder) line(path string) int {
	for {
		line, known := d.lines[path]
		end := strings.LastIndexAny(path, ".[")
		if known || end < 0 {
			return max(line, 1)
		}
		path = path[:end]
	}
}

func (d *strictDecoder) decode(node *yaml.Node, into reflect.Value, path string) {
	if node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	d.lines[path] = node.Line
	switch into.Kind() {
	case reflect.Struct:
		d.decodeStruct(node, into, path)
	case reflect.Slice:
		if node.Kind != yaml.SequenceNode {
			d.report(path, describe(node), "give a list")
			return
		}
		into.Set(reflect.MakeSlice(into.Type(), len(node.Content), len(node.Content)))
		for i, item := range node.Content {
			d.decode(item, into.Index(i), fmt.Sprintf("%s[%d]", path, i))
		}
	case reflect.String:
		if node.Kind != yaml.ScalarNode || node.ShortTag() != "!!str" {
			d.report(path, describe(node), "give a text; put numbers in quotes")
			return
		}
		into.SetString(node.Value)
	case reflect.Bool:
		if node.Kind != yaml.ScalarNode || node.ShortTag() != "!!bool" || node.Decode(into.Addr().Interface()) != nil {
			d.report(path, describe(node), "give true or false")
		}
	default:
		if node.Kind != yaml.ScalarNode || node.ShortTag() == "!!null" || node.Decode(into.Addr().Interface()) != nil {
			d.report(path, describe(node), "give a whole number")
		}
	}
}

func (d *strictDecoder) decodeStruct(node *yaml.Node, into reflect.Value, path string) {
	if node.Kind != yaml.MappingNode {
		d.report(path, describe(node), "give keys: "+strings.Join(keysOf(into.Type()), ", "))
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		at := strings.TrimPrefix(path+"."+key.Value, ".")
		d.lines[at] = key.Line
		field, known := fieldOf(into, key.Value)
		switch {
		case !known:
			d.report(at, "unknown key", "known here: "+strings.Join(keysOf(into.Type()), ", "))
		case seen[key.Value]:
			d.report(at, "given twice", "keep one")
		default:
			d.decode(value, field, at)
		}
		seen[key.Value] = true
	}
}

// describe shows what stands in the document.
func describe(node *yaml.Node) string {
	switch node.Kind {
	case yaml.MappingNode:
		return "keys"
	case yaml.SequenceNode:
		return "a list"
	}
	if node.ShortTag() == "!!null" {
		return "nothing"
	}
	return node.Value
}

func keysOf(t reflect.Type) []string {
	keys := make([]string, 0, t.NumField())
	for i := range t.NumField() {
		keys = append(keys, t.Field(i).Tag.Get("yaml"))
	}
	return keys
}

func fieldOf(value reflect.Value, key string) (reflect.Value, bool) {
	for i, known := range keysOf(value.Type()) {
		if known == key {
			return value.Field(i), true
		}
	}
	return reflect.Value{}, false
}
