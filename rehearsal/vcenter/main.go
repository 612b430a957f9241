// Command vcenter-simulator plays a vCenter for rehearsals: the inventory of a small YAML file,
// vSphere's own API, and machines that boot with the address their metadata gives them.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"time"
)

const program = "vcenter-simulator"

// options is what the command line says.
type options struct {
	inventory, listen, certificate, key, user, passwordFile, control string
	taskTime                                                         time.Duration
}

func main() {
	end := watchForEnd()
	options, err := parseOptions(os.Args[1:])
	if err == flag.ErrHelp {
		return
	}
	exitOn(err)
	server, err := startServer(options)
	exitOn(err)
	fmt.Printf("ready https://%s/sdk\n", server.address)
	<-end
	server.removeFiles()
}

// exitOn shows people what is wrong, one problem per line.
func exitOn(err error) {
	if err == nil {
		return
	}
	for _, line := range strings.Split(err.Error(), "\n") {
		fmt.Fprintf(os.Stderr, "%s: %s\n", program, line)
	}
	os.Exit(2)
}

func parseOptions(arguments []string) (options, error) {
	var o options
	var seconds float64
	flags := flag.NewFlagSet(program, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&o.inventory, "inventory", "", "a `file` that says what the vCenter has")
	flags.StringVar(&o.listen, "listen", "", "the `address:port` to serve HTTPS on")
	flags.StringVar(&o.certificate, "certificate", "", "a PEM `file` with the server's certificate")
	flags.StringVar(&o.key, "key", "", "a PEM `file` with the certificate's private key")
	flags.StringVar(&o.user, "user", "", "the `name` of the only user")
	flags.StringVar(&o.passwordFile, "password-file", "", "a `file` with the user's password")
	flags.StringVar(&o.control, "control", "", "the loopback `address:port`, or unix:PATH, of the control endpoint")
	flags.Float64Var(&seconds, "task-seconds", 0, "how long every task lasts, in `seconds`")
	if err := flags.Parse(arguments); err != nil {
		if err == flag.ErrHelp {
			flags.SetOutput(os.Stdout)
			flags.Usage()
			return o, err
		}
		return o, problem{"command line", err.Error(), "run " + program + " --help"}
	}
	if flags.NArg() > 0 {
		return o, problem{"command line", flags.Arg(0), "remove it: everything is given by name"}
	}
	if seconds < 0 {
		return o, problem{"--task-seconds", fmt.Sprint(seconds), "give zero or more seconds"}
	}
	o.taskTime = time.Duration(seconds * float64(time.Second))
	return o, missingOptions(flags)
}

func missingOptions(flags *flag.FlagSet) error {
	var missing problems
	flags.VisitAll(func(f *flag.Flag) {
		if f.Value.String() == "" {
			_, usage := flag.UnquoteUsage(f)
			missing.add("--"+f.Name, "missing", "give "+usage)
		}
	})
	return missing.err()
}

// watchForEnd closes its channel on SIGTERM, SIGINT or the parent's death. For that the kernel sends a
// SIGHUP, but also when only the parent's thread that started us ends: then there is still the same parent.
func watchForEnd() <-chan struct{} {
	parent, end := os.Getppid(), make(chan struct{})
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	runtime.LockOSThread() // the wish belongs to this thread, which must stay
	if _, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_SET_PDEATHSIG, uintptr(syscall.SIGHUP), 0); errno != 0 {
		fmt.Fprintf(os.Stderr, "%s: will not notice its parent's end: %v\n", program, errno)
	}
	if os.Getppid() != parent {
		signals <- syscall.SIGHUP // it was faster
	}
	go func() {
		for received := range signals {
			if received != syscall.SIGHUP || os.Getppid() != parent {
				close(end)
				return
			}
		}
	}()
	return end
}
