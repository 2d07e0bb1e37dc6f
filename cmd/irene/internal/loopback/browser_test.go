package loopback

import (
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"
)

func TestOpeners(t *testing.T) {
	separator := string(os.PathListSeparator)
	for _, tt := range []struct {
		system string
		env    map[string]string
		want   [][]string
	}{
		{"linux", nil, nil},
		{"linux", map[string]string{"DISPLAY": ":0"}, [][]string{{"xdg-open"}}},
		{"freebsd", map[string]string{"WAYLAND_DISPLAY": "wayland-0"}, [][]string{{"xdg-open"}}},
		{"linux", map[string]string{"WSL_DISTRO_NAME": "Debian"}, [][]string{{"wslview"}, {"explorer.exe"}}},
		{"linux", map[string]string{"BROWSER": "firefox --new-tab %s" + separator + separator + "w3m"}, [][]string{{"firefox", "--new-tab"}, {"w3m"}}},
		{"darwin", map[string]string{"BROWSER": "x"}, [][]string{{"x"}, {"/usr/bin/open"}}},
		{"windows", nil, [][]string{{"rundll32", "url.dll,FileProtocolHandler"}}},
	} {
		if got := openers(tt.system, func(name string) string { return tt.env[name] }); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s %v: %q, want %q", tt.system, tt.env, got, tt.want)
		}
	}
}

func TestOpen(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the browser here is a script of sh")
	}
	dir := t.TempDir()
	browser, seen := filepath.Join(dir, "browser"), filepath.Join(dir, "seen")
	if err := os.WriteFile(browser, []byte("#!/bin/sh\necho \"$@\" > "+seen+".tmp && mv "+seen+".tmp "+seen+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("BROWSER", filepath.Join(dir, "absent")+string(os.PathListSeparator)+browser+" --tab")
	if err := Open("http://127.0.0.1:9/"); err != nil {
		t.Fatal(err)
	}
	var got []byte
	for deadline := time.Now().Add(10 * time.Second); len(got) == 0 && time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		got, _ = os.ReadFile(seen)
	}
	if strings.TrimSpace(string(got)) != "--tab http://127.0.0.1:9/" {
		t.Errorf("the browser got %q", got)
	}
}

// TestNoBrowser: what was tried in vain is no success, and nothing is tried where nothing could be seen.
func TestNoBrowser(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("a system's own command is always there")
	}
	for _, name := range []string{"DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME", "BROWSER"} {
		t.Setenv(name, "")
	}
	if err := Open("http://127.0.0.1:9/"); err == nil || err.Error() != "there is no display" {
		t.Errorf("without a display: %v", err)
	}
	t.Setenv("BROWSER", filepath.Join(t.TempDir(), "absent"))
	if err := Open("http://127.0.0.1:9/"); err == nil || err.Error() != "no browser was found" {
		t.Errorf("with a browser that is none: %v", err)
	}
}
