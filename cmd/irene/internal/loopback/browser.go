package loopback

import (
	"errors"
	"os"
	"os/exec"
	"runtime"
	"strings"
)

// Open shows an address in the user's browser. It does not wait for it, and fails where there is none to be seen.
func Open(address string) error {
	tried := openers(runtime.GOOS, os.Getenv)
	for _, command := range tried {
		cmd := exec.Command(command[0], append(command[1:], address)...)
		if cmd.Start() == nil {
			go cmd.Wait() // what becomes of it is the browser's own affair
			return nil
		}
	}
	if len(tried) == 0 {
		return errors.New("there is no display")
	}
	return errors.New("no browser was found")
}

// openers are the commands that may open an address, the user's own first: https://specifications.freedesktop.org and,
// of BROWSER, xdg-open(1).
func openers(system string, env func(string) string) [][]string {
	var out [][]string
	for _, own := range strings.Split(env("BROWSER"), string(os.PathListSeparator)) {
		if words := strings.Fields(strings.ReplaceAll(own, "%s", "")); len(words) > 0 {
			out = append(out, words)
		}
	}
	switch {
	case system == "darwin":
		out = append(out, []string{"/usr/bin/open"})
	case system == "windows":
		out = append(out, []string{"rundll32", "url.dll,FileProtocolHandler"})
	case env("DISPLAY") != "" || env("WAYLAND_DISPLAY") != "":
		out = append(out, []string{"xdg-open"})
	case env("WSL_DISTRO_NAME") != "":
		out = append(out, []string{"wslview"}, []string{"explorer.exe"})
	}
	return out
}
