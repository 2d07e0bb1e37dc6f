package loopback

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

const policy = "default-src 'none'"

// serving starts a server and returns its listener; end stops it and returns what Serve did.
func serving(t *testing.T) (l net.Listener, end func() error) {
	t.Helper()
	l, err := Listen(0)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- Serve(ctx, l, Document{HTML: []byte("<!doctype html>page"), Policy: policy}) }()
	return l, func() error {
		cancel()
		select {
		case err := <-done:
			return err
		case <-time.After(10 * time.Second):
			return fmt.Errorf("it does not end")
		}
	}
}

// ask sends a request as it is written and returns the answer's status, headers and body.
func ask(t *testing.T, l net.Listener, method, path, host string) (status int, h http.Header, body string) {
	t.Helper()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", method, path, host)
	r, err := http.ReadResponse(bufio.NewReader(c), &http.Request{Method: method})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, r.Header, string(b)
}

func TestAnswers(t *testing.T) {
	l, end := serving(t)
	port := l.Addr().(*net.TCPAddr).Port
	for _, tt := range []struct {
		method, path, host string
		status             int
		body               string
	}{
		{"GET", "/", fmt.Sprintf("127.0.0.1:%d", port), 200, "<!doctype html>page"},
		{"GET", "/?x=1", fmt.Sprintf("localhost:%d", port), 200, "<!doctype html>page"},
		{"GET", "/", "LocalHost:9", 200, "<!doctype html>page"}, // of a tunnel
		{"GET", "/", "[::1]:9", 200, "<!doctype html>page"},
		{"GET", "/", "[::1]", 200, "<!doctype html>page"},
		{"GET", "/", "127.0.0.1", 200, "<!doctype html>page"},
		{"HEAD", "/", "localhost", 200, ""},
		{"GET", "/", fmt.Sprintf("evil.example:%d", port), 421, "under the names 127.0.0.1 and localhost"},
		{"GET", "/", "localhost.evil.example", 421, "under the names"},
		{"GET", "/", "127.0.0.1.evil.example", 421, "under the names"},
		{"GET", "/", "192.168.1.7", 421, "under the names"},
		{"GET", "/", "0.0.0.0", 421, "under the names"},
		{"GET", "/", "", 421, "under the names"},
		{"GET", "http://evil.example/", "localhost", 421, "under the names"}, // the line of the request counts, RFC 9112 3.2.2
		{"POST", "/", "localhost", 405, "GET alone"},
		{"PUT", "/", "localhost", 405, "GET alone"},
		{"DELETE", "/x", "localhost", 405, "GET alone"},
		{"OPTIONS", "/", "localhost", 405, "GET alone"},
		{"GET", "/favicon.ico", "localhost", 404, "there is one page"},
		{"GET", "/../../etc/passwd", "localhost", 404, "there is one page"},
	} {
		status, h, body := ask(t, l, tt.method, tt.path, tt.host)
		if status != tt.status || !strings.Contains(body, tt.body) || status != 200 && strings.Contains(body, "doctype") {
			t.Errorf("%s %s of %q: %d %q", tt.method, tt.path, tt.host, status, body)
		}
		for name, want := range map[string]string{
			"Content-Security-Policy": policy + "; frame-ancestors 'none'", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
			"Cross-Origin-Resource-Policy": "same-origin", "Referrer-Policy": "no-referrer",
		} {
			if got := h.Get(name); got != want {
				t.Errorf("%s %s of %q: %s: %q", tt.method, tt.path, tt.host, name, got)
			}
		}
		if h.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s %s: other sites may read it", tt.method, tt.path)
		}
	}
	if err := end(); err != nil {
		t.Error(err)
	}
}

// TestAlone: other machines do not reach it, so that this one's address in a network leads nowhere.
func TestAlone(t *testing.T) {
	l, end := serving(t)
	at := l.Addr().(*net.TCPAddr)
	if !at.IP.IsLoopback() || Address(l) != fmt.Sprintf("http://%v/", at) {
		t.Errorf("it answers at %v, %s", at, Address(l))
	}
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range addresses {
		n, ok := a.(*net.IPNet)
		if !ok || n.IP.IsLoopback() || n.IP.To4() == nil {
			continue
		}
		if c, err := net.DialTimeout("tcp", net.JoinHostPort(n.IP.String(), fmt.Sprint(at.Port)), time.Second); err == nil {
			c.Close()
			t.Errorf("it answers at %v", n.IP)
		}
	}
	if err := end(); err != nil {
		t.Error(err)
	}
}

// TestEnd: neither a connection that is kept, nor one that never asks, nor half a request keeps the server.
func TestEnd(t *testing.T) {
	l, end := serving(t)
	for _, sent := range []string{"", "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"} {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		io.WriteString(c, sent)
	}
	began := time.Now()
	if err := end(); err != nil || time.Since(began) > 5*time.Second {
		t.Errorf("%v after %v", err, time.Since(began))
	}
	if c, err := net.Dial("tcp", l.Addr().String()); err == nil {
		c.Close()
		t.Error("it still answers")
	}
}

func TestListen(t *testing.T) {
	l, err := Listen(0)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := l.Addr().(*net.TCPAddr).Port
	if _, err := Listen(port); err == nil || err.Error() != "in use by another program; take another, or 0 for a free one" {
		t.Errorf("a port that is taken: %v", err)
	}
}
