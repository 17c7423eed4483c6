package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

const serviceAccountFolder = "/var/run/secrets/kubernetes.io/serviceaccount"

// pod execs the command in a mount namespace of its own in which DIR stands where Kubernetes mounts a pod's
// service account. The host's mounts and folders stay as they are.
func pod(args []string) error {
	options, command, err := splitArguments(args)
	if err != nil {
		return err
	}
	source, err := serviceAccountOption(options)
	if err != nil {
		return err
	}
	if err := dieWithParent(syscall.SIGKILL); err != nil {
		return err
	}
	if err := syscall.Unshare(syscall.CLONE_NEWNS); err != nil {
		return fmt.Errorf("cannot make a mount namespace: %w", err)
	}
	if err := privateMounts(); err != nil {
		return err
	}
	// Opened before the next mount, since DIR may itself lie below the folder it covers; and
	// after unshare, since only a folder of this namespace can be bound.
	folder, err := os.Open(source)
	if err != nil {
		return fmt.Errorf("--service-account: %w", err)
	}
	cover, err := folderToCover()
	if err != nil {
		return err
	}
	if err := syscall.Mount("netbox", cover, "tmpfs", syscall.MS_NOSUID|syscall.MS_NODEV, "mode=0755,size=1m"); err != nil {
		return fmt.Errorf("cannot mount over %s: %w", cover, err)
	}
	if err := os.MkdirAll(serviceAccountFolder, 0o755); err != nil {
		return err
	}
	opened := fmt.Sprintf("/proc/self/fd/%d", folder.Fd())
	if err := syscall.Mount(opened, serviceAccountFolder, "", syscall.MS_BIND, ""); err != nil {
		return fmt.Errorf("cannot bind %s to %s: %w", source, serviceAccountFolder, err)
	}
	folder.Close()
	return become(command)
}

func serviceAccountOption(options []string) (string, error) {
	switch {
	case len(options) == 2 && options[0] == "--service-account":
		return options[1], nil
	case len(options) == 1 && strings.HasPrefix(options[0], "--service-account="):
		return strings.TrimPrefix(options[0], "--service-account="), nil
	}
	return "", errors.New("pod takes exactly one option: --service-account DIR")
}

// folderToCover is the deepest existing folder on the way to the service account's: all below it gets covered by an
// empty file system, in which the rest of the path can be made without touching the host.
func folderToCover() (string, error) {
	for folder := filepath.Dir(serviceAccountFolder); folder != "/"; folder = filepath.Dir(folder) {
		real, err := filepath.EvalSymlinks(folder)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		return real, err
	}
	return "", errors.New("neither /var nor a folder below it exists")
}

// privateMounts keeps every later mount from reaching the namespace this one was copied from.
func privateMounts() error {
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("cannot make the mounts private: %w", err)
	}
	return nil
}
