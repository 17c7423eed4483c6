package main

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
)

// boxInitVerb is what run starts itself again with: the first process inside the new namespaces.
const boxInitVerb = "box-init"

const (
	firstDefaultAddress = "192.0.2.10" // TEST-NET-1 (RFC 5737): never routed, and not loopback to the API server
	defaultAddressCount = 31
)

// Passed on to the command. Ctrl-C reaches the whole foreground group by itself, so SIGINT only needs surviving.
var forwarded = []os.Signal{syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGINT}

// run starts the box and waits for it. The new process is the first of a process namespace, so that whatever the
// command left running dies with it.
func run(args []string) error {
	if _, err := boxAddresses(args); err != nil {
		return err
	}
	starter := os.Getppid()
	if err := dieWithParent(syscall.SIGTERM); err != nil {
		return err
	}
	temporary, err := os.MkdirTemp("", "netbox-")
	if err != nil {
		return err
	}
	defer os.Remove(temporary)

	box := exec.Command("/proc/self/exe", append([]string{boxInitVerb}, args...)...)
	box.Args[0] = os.Args[0]
	box.Stdin, box.Stdout, box.Stderr = os.Stdin, os.Stdout, os.Stderr
	box.Env = append(os.Environ(), "TMPDIR="+temporary)
	box.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWIPC,
		Pdeathsig:  syscall.SIGKILL,
	}
	if os.Geteuid() != 0 {
		box.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		box.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}}
		box.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}}
	}
	// When the starter is gone nobody waits for an orderly end: kill the box, so that only its folder is left to remove.
	code, err := runForwarding(box, func(received syscall.Signal) syscall.Signal {
		if os.Getppid() != starter {
			return syscall.SIGKILL
		}
		return received
	})
	if err != nil {
		return fmt.Errorf("cannot make a network, mount and process namespace: %w", err)
	}
	os.Remove(temporary)
	os.Exit(code)
	return nil
}

// boxInit is the first process in the box: it readies network and mounts, runs the command and reaps orphans.
func boxInit(args []string) error {
	addresses, err := boxAddresses(args)
	if err != nil {
		return err
	}
	_, command, err := splitArguments(args)
	if err != nil {
		return err
	}
	if err := privateMounts(); err != nil {
		return err
	}
	if err := syscall.Mount("proc", "/proc", "proc", syscall.MS_NOSUID|syscall.MS_NODEV|syscall.MS_NOEXEC, ""); err != nil {
		return fmt.Errorf("cannot mount /proc for the box: %w", err)
	}
	temporary := os.Getenv("TMPDIR")
	if err := syscall.Mount("netbox", temporary, "tmpfs", syscall.MS_NOSUID|syscall.MS_NODEV, "mode=1777"); err != nil {
		return fmt.Errorf("cannot mount a temporary folder for the box: %w", err)
	}
	if err := setUpLoopback(addresses); err != nil {
		return err
	}
	path, err := exec.LookPath(command[0])
	if err != nil {
		return notStarted{err}
	}
	child := exec.Command(path, command[1:]...)
	child.Args[0] = command[0]
	child.Stdin, child.Stdout, child.Stderr = os.Stdin, os.Stdout, os.Stderr
	code, err := runForwarding(child, func(received syscall.Signal) syscall.Signal { return received })
	if err != nil {
		return notStarted{err}
	}
	os.Exit(code)
	return nil
}

// runForwarding starts the command, hands signals on to it, and reaps every child (in the box, orphans too)
// until the command ends; its exit code is returned. handOn chooses what is sent for a signal received.
func runForwarding(command *exec.Cmd, handOn func(syscall.Signal) syscall.Signal) (int, error) {
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, forwarded...)
	if err := command.Start(); err != nil {
		return 0, err
	}
	pid := command.Process.Pid
	go func() {
		for received := range signals {
			_ = syscall.Kill(pid, handOn(received.(syscall.Signal)))
		}
	}()
	for {
		var status syscall.WaitStatus
		reaped, err := syscall.Wait4(-1, &status, 0, nil)
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case err != nil:
			return 0, err
		case reaped != pid:
			continue
		case status.Signaled():
			return 128 + int(status.Signal()), nil
		default:
			return status.ExitStatus(), nil
		}
	}
}

// boxAddresses reads run's options; without any it gives the default block 192.0.2.10 to 192.0.2.40.
func boxAddresses(args []string) ([]netip.Addr, error) {
	options, _, err := splitArguments(args)
	if err != nil {
		return nil, err
	}
	var addresses []netip.Addr
	for i := 0; i < len(options); i++ {
		text, joined := strings.CutPrefix(options[i], "--address=")
		if !joined {
			if options[i] != "--address" || i+1 == len(options) {
				return nil, fmt.Errorf("run does not know %q; it takes --address IP", options[i])
			}
			i++
			text = options[i]
		}
		address, err := netip.ParseAddr(text)
		if err != nil {
			return nil, fmt.Errorf("--address: %w", err)
		}
		addresses = append(addresses, address)
	}
	if len(addresses) > 0 {
		return addresses, nil
	}
	next := netip.MustParseAddr(firstDefaultAddress)
	for range defaultAddressCount {
		addresses = append(addresses, next)
		next = next.Next()
	}
	return addresses, nil
}
