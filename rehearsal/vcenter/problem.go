package main

import (
	"errors"
	"fmt"
)

// problem is something people can put right: where it is, what is there, what to do.
type problem struct {
	path, value, advice string
}

func (p problem) Error() string {
	return fmt.Sprintf("%s: %s: %s", p.path, p.value, p.advice)
}

// problems collects, so that people see everything at once.
type problems []error

func (p *problems) add(path, value, advice string) {
	*p = append(*p, problem{path, value, advice})
}

func (p problems) err() error {
	return errors.Join(p...)
}

// collect takes over another error, or several joined ones; nil is none.
func (p *problems) collect(err error) {
	if err != nil {
		*p = append(*p, err)
	}
}
