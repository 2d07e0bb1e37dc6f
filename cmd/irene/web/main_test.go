//go:build !js

package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"html"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// inPage finds what stands in the elements of a page.
func inPage(t *testing.T, page []byte, element string) []string {
	t.Helper()
	var out []string
	for _, m := range regexp.MustCompile(`(?s)<`+element+`>(.*?)</`).FindAllSubmatch(page, -1) {
		out = append(out, string(m[1]))
	}
	if out == nil {
		t.Fatalf("no <%s>", element)
	}
	return out
}

// TestAssemble takes the page apart again: the program and the script around it are whole, and the policy allows the scripts
// and styles that stand there, and no connection.
func TestAssemble(t *testing.T) {
	program, glue := []byte(strings.Repeat("\x00asm</script>", 100)), "const go = '</script><!--';"
	page, err := assemble(program, []byte(glue))
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Worker  string
		Program []byte
		Most    int
	}
	if err := json.Unmarshal([]byte(inPage(t, page, `script type="application/json" id="parts"`)[0]), &got); err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(got.Program))
	if err != nil {
		t.Fatal(err)
	}
	if unpacked, err := io.ReadAll(z); err != nil || !bytes.Equal(unpacked, program) {
		t.Errorf("the program is %q, %v", unpacked, err)
	}
	if !strings.HasPrefix(got.Worker, glue+"\n") || len(got.Worker) < len(glue)+100 || got.Most < 2 {
		t.Errorf("worker %q, at most %d models", got.Worker, got.Most)
	}
	policy := html.UnescapeString(regexp.MustCompile(`Content-Security-Policy" content="([^"]*)"`).FindStringSubmatch(string(page))[1])
	directives := map[string]string{}
	for d := range strings.SplitSeq(policy, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(d), " ")
		directives[name] = value
	}
	if directives["default-src"] != "'none'" || directives["connect-src"] != "" || strings.Contains(policy, "unsafe-inline") {
		t.Errorf("policy %s", policy)
	}
	for of, texts := range map[string][]string{"script-src": inPage(t, page, "script"), "style-src": inPage(t, page, "style")} {
		for _, text := range texts {
			sum := sha256.Sum256([]byte(text))
			if hash := base64.StdEncoding.EncodeToString(sum[:]); !strings.Contains(directives[of], "'sha256-"+hash+"'") {
				t.Errorf("%s forbids what stands in the page: %.40s…", of, text)
			}
		}
	}
}

// TestWrite: the page appears in a folder that is not there yet; what is too large for the way to a browser does not.
func TestWrite(t *testing.T) {
	dir := t.TempDir()
	program, glue, out := filepath.Join(dir, "p.wasm"), filepath.Join(dir, "g.js"), filepath.Join(dir, "new", "index.html")
	for _, file := range []string{program, glue} {
		if err := os.WriteFile(file, []byte("text"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := write(program, glue, out); err != nil {
		t.Fatal(err)
	}
	if page, err := os.ReadFile(out); err != nil || !bytes.HasPrefix(page, []byte("<!doctype html>")) {
		t.Errorf("%.20s, %v", page, err)
	}
	if err := write(filepath.Join(dir, "none.wasm"), glue, out); err == nil || !strings.Contains(err.Error(), "none.wasm") {
		t.Errorf("without a program: %v", err)
	}
}
