package loopback

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Document is what the server answers with.
type Document struct {
	HTML   []byte
	Policy string // content security policy, as the page states it itself
}

// Listen takes a port of the loopback interface, which no other machine reaches; 0 is a free one. Where the machine has no
// IPv4, it is that of IPv6. Errors are to stand behind the port.
func Listen(port int) (net.Listener, error) {
	var err error
	for _, host := range []string{"127.0.0.1", "::1"} {
		var l net.Listener
		if l, err = net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port))); err == nil {
			return l, nil
		}
		if !errors.Is(err, syscall.EADDRNOTAVAIL) && !errors.Is(err, syscall.EAFNOSUPPORT) {
			break
		}
	}
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, errors.New("in use by another program; take another, or 0 for a free one")
	case errors.Is(err, syscall.EACCES):
		return nil, errors.New("for the system's programs alone; take another, or 0 for a free one")
	}
	return nil, err
}

// Address is what a browser is given to reach a listener.
func Address(l net.Listener) string { return "http://" + l.Addr().String() + "/" }

// Serve answers until the context ends, and then lets requests come to their end for a moment.
func Serve(ctx context.Context, l net.Listener, d Document) error {
	s := &http.Server{Handler: Handler(d), ReadHeaderTimeout: 10 * time.Second, WriteTimeout: time.Minute, IdleTimeout: time.Minute, MaxHeaderBytes: 1 << 16}
	stopped := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		if s.Shutdown(last) != nil {
			stopped <- s.Close()
			return
		}
		stopped <- nil
	})
	err := s.Serve(l)
	if stop() || !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-stopped
}

// Handler answers GET / with the document, and nothing else. Requests for hosts of other names are refused: a page of
// somebody else whose name was made to lead here (DNS rebinding) would read the document.
func Handler(d Document) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		setHeaders(w.Header(), d.Policy)
		switch {
		case !isLoopback(r.Host):
			http.Error(w, "this page is for the machine that it runs on, under the names 127.0.0.1 and localhost", http.StatusMisdirectedRequest)
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "GET alone", http.StatusMethodNotAllowed)
		case r.URL.Path != "/":
			http.Error(w, "there is one page, /", http.StatusNotFound)
		default:
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(d.HTML))
		}
	})
}

// setHeaders keeps the page to itself: it loads nothing, nobody frames it, no other site reads or remembers it.
func setHeaders(h http.Header, policy string) {
	for name, value := range map[string]string{
		"Content-Security-Policy":      policy + "; frame-ancestors 'none'",
		"Cache-Control":                "no-store",
		"Cross-Origin-Opener-Policy":   "same-origin",
		"Cross-Origin-Resource-Policy": "same-origin",
		"Referrer-Policy":              "no-referrer",
		"X-Content-Type-Options":       "nosniff",
		"X-Frame-Options":              "DENY",
	} {
		h.Set(name, value)
	}
}

// isLoopback reports whether the host of a request is a name of this machine that nobody else can give away. Its port may
// be another: that of a tunnel.
func isLoopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	if n := len(host); n > 2 && host[0] == '[' && host[n-1] == ']' {
		host = host[1 : n-1]
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
