package main

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"syscall"
	"unsafe"
)

// The loopback interface is the first, and at that moment the only, interface of a new network namespace.
const loopbackIndex = 1

// setUpLoopback brings lo up and gives it each address as a host address (/32 or /128), over rtnetlink(7).
func setUpLoopback(addresses []netip.Addr) error {
	socket, err := syscall.Socket(syscall.AF_NETLINK, syscall.SOCK_RAW|syscall.SOCK_CLOEXEC, syscall.NETLINK_ROUTE)
	if err != nil {
		return fmt.Errorf("cannot open a netlink socket: %w", err)
	}
	defer syscall.Close(socket)

	if err := ask(socket, syscall.RTM_NEWLINK, 0, linkUp()); err != nil {
		return fmt.Errorf("cannot bring lo up: %w", err)
	}
	for _, address := range addresses {
		if err := ask(socket, syscall.RTM_NEWADDR, syscall.NLM_F_CREATE|syscall.NLM_F_EXCL, newAddress(address)); err != nil {
			return fmt.Errorf("cannot add %s to lo: %w", address, err)
		}
	}
	return nil
}

// linkUp is struct ifinfomsg with the flag "up" set and marked as the one to change.
func linkUp() []byte {
	body := make([]byte, syscall.SizeofIfInfomsg)
	binary.NativeEndian.PutUint32(body[4:], loopbackIndex)
	binary.NativeEndian.PutUint32(body[8:], syscall.IFF_UP)
	binary.NativeEndian.PutUint32(body[12:], syscall.IFF_UP)
	return body
}

// newAddress is struct ifaddrmsg and the attributes IFA_LOCAL and IFA_ADDRESS.
func newAddress(address netip.Addr) []byte {
	family := byte(syscall.AF_INET)
	if address.Is6() {
		family = syscall.AF_INET6
	}
	body := make([]byte, syscall.SizeofIfAddrmsg)
	body[0] = family
	body[1] = byte(address.BitLen())
	binary.NativeEndian.PutUint32(body[4:], loopbackIndex)
	for _, kind := range []uint16{syscall.IFA_LOCAL, syscall.IFA_ADDRESS} {
		attribute := make([]byte, syscall.SizeofRtAttr)
		binary.NativeEndian.PutUint16(attribute, uint16(syscall.SizeofRtAttr+address.BitLen()/8))
		binary.NativeEndian.PutUint16(attribute[2:], kind)
		body = append(append(body, attribute...), address.AsSlice()...)
	}
	return body
}

// ask sends one netlink request and waits for the kernel's acknowledgement.
func ask(socket int, kind, flags uint16, body []byte) error {
	message := make([]byte, syscall.NLMSG_HDRLEN)
	binary.NativeEndian.PutUint32(message, uint32(syscall.NLMSG_HDRLEN+len(body)))
	binary.NativeEndian.PutUint16(message[4:], kind)
	binary.NativeEndian.PutUint16(message[6:], syscall.NLM_F_REQUEST|syscall.NLM_F_ACK|flags)
	message = append(message, body...)
	if err := syscall.Sendto(socket, message, 0, &syscall.SockaddrNetlink{Family: syscall.AF_NETLINK}); err != nil {
		return err
	}
	answer := make([]byte, syscall.Getpagesize())
	size, _, err := syscall.Recvfrom(socket, answer, 0)
	if err != nil {
		return err
	}
	messages, err := syscall.ParseNetlinkMessage(answer[:size])
	if err != nil {
		return err
	}
	for _, received := range messages {
		if received.Header.Type != syscall.NLMSG_ERROR || len(received.Data) < int(unsafe.Sizeof(int32(0))) {
			continue
		}
		if code := int32(binary.NativeEndian.Uint32(received.Data)); code != 0 {
			return syscall.Errno(-code)
		}
		return nil
	}
	return fmt.Errorf("no acknowledgement in the kernel's answer")
}
