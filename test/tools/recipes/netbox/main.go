// Command netbox gives tests a network, mounts and processes of their own, without root's help where the
// kernel allows it, and without any other program.
//
//	netbox run [--address IP]... -- CMD ARG...   a box: own network, mounts, process ids and temporary folder
//	netbox pod --service-account DIR -- CMD ARG...  CMD sees DIR where a pod finds its service account
//	netbox exec -- CMD ARG...                    CMD, killed as soon as the process that started it is gone
//
// pod and exec replace themselves by CMD, so their process id is CMD's and its signals and exit code are plain.
// run stays, hands on signals, and ends everything in the box when CMD ends. Every form is killed when the
// process that started it dies.
//
// Exit codes: CMD's own; 125 when netbox itself fails (the kernel forbids a step, say); 127 when CMD cannot be
// started; 128 + N for run when signal N ended CMD.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
)

const (
	exitNetboxFailed = 125
	exitNotStarted   = 127
)

// The thread that starts must stay: a parent-death signal and a private mount namespace belong to one thread,
// and exec keeps those of the thread that calls it.
func init() { runtime.LockOSThread() }

func main() {
	if len(os.Args) < 2 {
		fail(errors.New("usage: netbox run|pod|exec [options] -- CMD ARG..."))
	}
	verb, rest := os.Args[1], os.Args[2:]
	var err error
	switch verb {
	case "run":
		err = run(rest)
	case boxInitVerb:
		err = boxInit(rest)
	case "pod":
		err = pod(rest)
	case "exec":
		err = execOnly(rest)
	default:
		err = fmt.Errorf("unknown verb %q; use run, pod or exec", verb)
	}
	if err != nil {
		fail(err)
	}
}

func execOnly(args []string) error {
	_, command, err := splitArguments(args)
	if err != nil {
		return err
	}
	if err := dieWithParent(syscall.SIGKILL); err != nil {
		return err
	}
	return become(command)
}

// splitArguments parts netbox's own options from the command after "--".
func splitArguments(args []string) (options, command []string, err error) {
	for i, arg := range args {
		if arg != "--" {
			continue
		}
		if i+1 == len(args) {
			break
		}
		return args[:i], args[i+1:], nil
	}
	return nil, nil, errors.New("no command: put it after --")
}

// become replaces this process by command; it returns only when that is impossible.
func become(command []string) error {
	path, err := exec.LookPath(command[0])
	if err != nil {
		return notStarted{err}
	}
	return notStarted{syscall.Exec(path, command, os.Environ())}
}

// dieWithParent asks the kernel to send this process (and what it execs) a signal when the process that started it
// dies.
func dieWithParent(with syscall.Signal) error {
	parent := os.Getppid()
	const setParentDeathSignal = 1 // PR_SET_PDEATHSIG, linux/prctl.h
	if _, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, setParentDeathSignal, uintptr(with), 0); errno != 0 {
		return fmt.Errorf("cannot tie this process to its parent: %w", errno)
	}
	if os.Getppid() != parent {
		return errors.New("the process that started netbox is gone")
	}
	return nil
}

// notStarted marks a failure to start CMD, as against one of netbox itself.
type notStarted struct{ cause error }

func (n notStarted) Error() string { return "cannot start the command: " + n.cause.Error() }

func fail(err error) {
	fmt.Fprintf(os.Stderr, "netbox: %v\n", err)
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOSPC) {
		fmt.Fprintln(os.Stderr, "netbox: the kernel forbids it here; run as root (a container needs CAP_SYS_ADMIN), or allow "+
			"unprivileged user namespaces: sysctl user.max_user_namespaces, kernel.apparmor_restrict_unprivileged_userns=0")
	}
	var start notStarted
	if errors.As(err, &start) {
		os.Exit(exitNotStarted)
	}
	os.Exit(exitNetboxFailed)
}
