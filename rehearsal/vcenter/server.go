package main

import (
	"crypto/tls"
	"errors"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
)

// server is a vCenter that clients can reach.
type server struct {
	address string // where clients reach it
	control net.Listener
	vcenter *vcenter
}

// startServer reads everything people give, reports all that is wrong, and serves.
func startServer(o options) (*server, error) {
	log.SetFlags(0)
	log.SetPrefix(program + ": ")
	var wrong problems
	inventory, err := readInventory(o.inventory)
	wrong.collect(err)
	certificate, err := readCertificate(o.certificate, o.key)
	wrong.collect(err)
	password, err := readPassword(o.passwordFile)
	wrong.collect(err)
	control, err := listenControl(o.control)
	wrong.collect(err)
	listener, err := listen(o.listen)
	wrong.collect(err)
	if err := wrong.err(); err != nil {
		return nil, err
	}
	v, err := newVCenter(inventory, url.UserPassword(o.user, password), o.taskTime)
	if err != nil {
		return nil, err
	}
	s := &server{address: listener.Addr().String(), control: control, vcenter: v}
	v.serve(&url.URL{Scheme: "https", Host: s.address})
	configuration := &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	v.registry.SessionManager().TLS = func() *tls.Config { return configuration }
	go serveUntilEnd(tls.NewListener(listener, configuration), v)
	go serveUntilEnd(control, v.controlHandler())
	return s, nil
}

func serveUntilEnd(listener net.Listener, handler http.Handler) {
	quiet := log.New(connectionLog{}, "", 0)
	if err := (&http.Server{Handler: handler, ErrorLog: quiet}).Serve(listener); !errors.Is(err, net.ErrClosed) {
		log.Printf("%s: %v", listener.Addr(), err)
	}
}

// connectionLog drops what clients that try the certificate or hang up make the HTTP server say.
type connectionLog struct{}

// Write implements io.Writer.
func (connectionLog) Write(line []byte) (int, error) {
	if text := string(line); !strings.Contains(text, "TLS handshake error") {
		log.Print(strings.TrimSpace(text))
	}
	return len(line), nil
}

// removeFiles removes the datastores, and the control endpoint's socket if it is one.
func (s *server) removeFiles() {
	if err := s.control.Close(); err != nil {
		log.Printf("control: %v", err)
	}
	if err := os.RemoveAll(s.vcenter.files); err != nil {
		log.Printf("%s: %v: remove it", s.vcenter.files, err)
	}
}

func listen(address string) (net.Listener, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, problem{"--listen", address, "choose an address of this machine and a free port: " + reasonToListen(err)}
	}
	return listener, nil
}

func reasonToListen(err error) string {
	var number syscall.Errno
	if errors.As(err, &number) {
		return number.Error()
	}
	return err.Error()
}

func readCertificate(certificateFile, keyFile string) (tls.Certificate, error) {
	var wrong problems
	certificate, err := os.ReadFile(certificateFile)
	if err != nil {
		wrong.add(certificateFile, reason(err), "give a readable PEM file with --certificate")
	}
	key, err := os.ReadFile(keyFile)
	if err != nil {
		wrong.add(keyFile, reason(err), "give a readable PEM file with --key")
	}
	if err := wrong.err(); err != nil {
		return tls.Certificate{}, err
	}
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		return pair, problem{certificateFile, strings.TrimPrefix(err.Error(), "tls: "), "give a certificate and its own key"}
	}
	return pair, nil
}

func readPassword(file string) (string, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return "", problem{file, reason(err), "give a readable file with --password-file"}
	}
	password := strings.TrimRight(string(content), "\r\n")
	if password == "" {
		return "", problem{file, "empty", "write the user's password into it"}
	}
	return password, nil
}
