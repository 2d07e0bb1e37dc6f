package main

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/irene-onnx/irene/fixtures"
)

// viewed is irene view as a process of its own.
type viewed struct {
	*exec.Cmd
	address string
	stderr  bytes.Buffer
}

// view starts it and waits for the address.
func view(t *testing.T, env []string, args ...string) *viewed {
	t.Helper()
	v := &viewed{Cmd: exec.Command(os.Args[0], append([]string{"view"}, args...)...)}
	v.Env = append(append(os.Environ(), commandEnv+"=1", deviceVariable+"=gtx-1070"), env...)
	v.Stderr = &v.stderr
	out, err := v.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.Process.Kill() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("no address: %v, %s", err, v.Wait())
	}
	v.address = strings.TrimSpace(line)
	return v
}

// end interrupts it, as Ctrl-C does.
func (v *viewed) end(t *testing.T) {
	t.Helper()
	if err := v.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := v.Wait(); err != nil {
		t.Errorf("it ends with %v: %s", err, &v.stderr)
	}
}

// TestView serves two models at sizes of their own: the page that irene export writes, on loopback, until it is interrupted.
func TestView(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no process is interrupted there")
	}
	dir := t.TempDir()
	var paths []string
	for _, name := range []string{"bert-base", "distilbert-base"} {
		path := filepath.Join(dir, name+".onnx")
		if err := os.WriteFile(path, fixtures.Model(t, name), 0o600); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	flags := []string{"--dim", "batch=4", "--device", "l4", "--power-limit", "60W", "--runtime", "ort-extended"}
	browser, seen := filepath.Join(dir, "browser"), filepath.Join(dir, "seen")
	if err := os.WriteFile(browser, []byte("#!/bin/sh\necho \"$1\" > "+seen+".tmp && mv "+seen+".tmp "+seen+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	v := view(t, []string{"BROWSER=" + browser}, append(paths, flags...)...)
	if !strings.HasPrefix(v.address, "http://127.0.0.1:") {
		t.Fatalf("it answers at %q", v.address)
	}
	r, err := http.Get(v.address)
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(r.Body)
	r.Body.Close()
	if err != nil {
		t.Fatal(err)
	}
	var want, stderr bytes.Buffer
	if status := run(append(append([]string{"export", "--format", "html", "-o", "-"}, paths...), flags...), nil, &want, &stderr); status != exitDone {
		t.Fatalf("export: %d %s", status, &stderr)
	}
	if !bytes.Equal(got, want.Bytes()) {
		t.Errorf("%d bytes, which are not the %d of irene export", len(got), want.Len())
	}
	policy := r.Header.Get("Content-Security-Policy")
	if own, _, _ := strings.Cut(policy, "; frame-ancestors"); !bytes.Contains(got, []byte(`content="`+strings.ReplaceAll(strings.ReplaceAll(own, "'", "&#39;"), "+", "&#43;")+`"`)) {
		t.Errorf("the page has another policy than the header: %s", policy)
	}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		text, err := os.ReadFile(seen)
		if err == nil {
			if strings.TrimSpace(string(text)) != v.address {
				t.Errorf("the browser was given %q", text)
			}
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("no browser was started")
		}
	}

	var out bytes.Buffer
	stderr.Reset()
	port := strings.TrimSuffix(strings.TrimPrefix(v.address, "http://127.0.0.1:"), "/")
	status := run([]string{"view", paths[0], "--no-open", "--port", port}, nil, &out, &stderr)
	if wanted := "irene: --port " + port + ": in use by another program; take another, or 0 for a free one\n"; status != exitFailed || stderr.String() != wanted || out.Len() > 0 {
		t.Errorf("on a port in use: status %d, %q", status, &stderr)
	}
	v.end(t)
	if text := v.stderr.String(); text != "irene: Ctrl-C ends it\n" {
		t.Errorf("it says %q", text)
	}
	if _, err := http.Get(v.address); err == nil {
		t.Error("it still answers")
	}
}

// TestViewUnseen: where no browser can be opened, the address is all there is.
func TestViewUnseen(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("a system's own command is always there")
	}
	path := filepath.Join(t.TempDir(), "tiny.onnx")
	if err := os.WriteFile(path, tinyModel().Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	v := view(t, []string{"BROWSER=", "DISPLAY=", "WAYLAND_DISPLAY=", "WSL_DISTRO_NAME="}, path)
	v.end(t)
	if text := v.stderr.String(); text != "irene: there is no display: open the address yourself; Ctrl-C ends it\n" {
		t.Errorf("it says %q", text)
	}
}
