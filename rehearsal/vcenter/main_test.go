package main

import (
	"bufio"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The test program plays the simulator, or a parent that starts one, when this says so.
const roleVariable = "VCENTER_SIMULATOR_TEST_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(roleVariable) {
	case "simulator":
		main()
	case "parent":
		playParent()
	default:
		os.Exit(m.Run())
	}
}

// playParent starts a simulator, tells its process and ends when its own input does.
func playParent() {
	command := asRole("simulator", os.Args[1:]...)
	output, err := command.StdoutPipe()
	if err == nil {
		err = command.Start()
	}
	if err != nil {
		panic(err)
	}
	_, _ = bufio.NewReader(output).ReadString('\n')
	_, _ = os.Stdout.WriteString(strconv.Itoa(command.Process.Pid) + "\n")
	_, _ = io.Copy(io.Discard, os.Stdin)
}

func asRole(role string, arguments ...string) *exec.Cmd {
	command := exec.Command(os.Args[0], arguments...)
	command.Env = append(os.Environ(), roleVariable+"="+role)
	return command
}

func commandLine(t *testing.T) []string {
	o := testOptions(t)
	return []string{"--inventory", o.inventory, "--listen", o.listen, "--certificate", o.certificate, "--key", o.key,
		"--user", o.user, "--password-file", o.passwordFile, "--control", o.control}
}

func TestProgramSaysReadyAndEndsOnSIGTERM(t *testing.T) {
	temporary := t.TempDir()
	command := asRole("simulator", commandLine(t)...)
	command.Env = append(command.Env, "TMPDIR="+temporary)
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	reader := bufio.NewReader(output)
	ready, _ := reader.ReadString('\n')
	if !strings.HasPrefix(ready, "ready https://127.0.0.1:") || !strings.HasSuffix(ready, "/sdk\n") {
		t.Errorf("said %q", ready)
	}
	_ = command.Process.Signal(syscall.SIGHUP) // the parent lives
	_ = command.Process.Signal(syscall.SIGTERM)
	rest, _ := io.ReadAll(reader)
	if err := command.Wait(); err != nil || len(rest) != 0 {
		t.Errorf("ended with %v, after %q", err, rest)
	}
	if left, _ := filepath.Glob(temporary + "/*"); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestProgramEndsWithItsParent(t *testing.T) {
	parent := asRole("parent", commandLine(t)...)
	input, err := parent.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	line, _ := bufio.NewReader(output).ReadString('\n')
	child, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	_ = input.Close()
	_ = parent.Wait()
	deadline := time.Now().Add(20 * time.Second)
	for !errors.Is(syscall.Kill(child, 0), syscall.ESRCH) && !isZombie(child) {
		if time.Now().After(deadline) {
			t.Fatal("the simulator still runs")
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// isZombie tells an ended process that nobody has collected.
func isZombie(process int) bool {
	content, err := os.ReadFile("/proc/" + strconv.Itoa(process) + "/stat")
	return err != nil || strings.Contains(string(content), ") Z ")
}

func TestProgramRefuses(t *testing.T) {
	taken := newLab(t).server.address
	good := commandLine(t)
	with := func(name, value string) []string {
		changed := append([]string{}, good...)
		for i := range changed {
			if changed[i] == name {
				changed[i+1] = value
			}
		}
		return changed
	}
	for _, refused := range []struct {
		arguments []string
		expected  string
	}{
		{nil, "vcenter-simulator: --certificate: missing: give a PEM file with the server's certificate"},
		{[]string{"--bogus"}, "vcenter-simulator: command line: flag provided but not defined: -bogus: run vcenter-simulator --help"},
		{append(good, "more"), "vcenter-simulator: command line: more: remove it: everything is given by name"},
		{with("--listen", taken), "vcenter-simulator: --listen: " + taken + ": choose an address of this machine and a free port: address already in use"},
		{with("--control", "0.0.0.0:1"), "vcenter-simulator: --control: 0.0.0.0:1: give unix:PATH, or a loopback address"},
		{with("--certificate", "none.pem"), "vcenter-simulator: none.pem: no such file or directory: give a readable PEM file with --certificate"},
		{with("--certificate", testInventory), "vcenter-simulator: " + testInventory + ": failed to find any PEM data"},
		{with("--password-file", os.DevNull), "vcenter-simulator: /dev/null: empty: write the user's password into it"},
		{with("--inventory", "testdata/bad.yaml"), "vcenter-simulator: testdata/bad.yaml:1 vcenter.version: 8.0: "},
	} {
		output, err := asRole("simulator", refused.arguments...).CombinedOutput()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != 2 || !strings.HasPrefix(string(output), refused.expected) {
			t.Errorf("%v: %v: %s", refused.arguments, err, output)
		}
	}
}

func TestControlOnASocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "control")
	listener, err := listenControl("unix:" + path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := listenControl("unix:" + path); err == nil {
		t.Error("two control endpoints on one socket")
	}
	if err := listener.Close(); err != nil {
		t.Error(err)
	}
}
