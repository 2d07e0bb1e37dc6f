package irene_test

import (
	"io/fs"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"
)

var (
	quoted   = regexp.MustCompile("`([^`\n]+)`")
	fileName = regexp.MustCompile(`^[\w.*/-]+\.(go|c|h|js|mjs|css|json|md|py|sh|txtar|svg)$`)
	folder   = regexp.MustCompile(`^[\w.-]+(/[\w.-]+)+/?$`)
)

// TestPaths looks up every file and folder that the table of CONTRIBUTING.md and ARCHITECTURE.md name. Their paths may begin
// at any folder.
func TestPaths(t *testing.T) {
	root := os.DirFS(".")
	files, err := tree(root)
	if err != nil {
		t.Fatal(err)
	}
	for name, least := range map[string]int{"CONTRIBUTING.md": 15, "ARCHITECTURE.md": 30} {
		text := prose(t, name)
		if name == "CONTRIBUTING.md" {
			text = strings.Join(regexp.MustCompile(`(?m)^\|.*$`).FindAllString(text, -1), "\n")
		}
		named := 0
		for _, m := range quoted.FindAllStringSubmatch(text, -1) {
			p := strings.TrimSuffix(m[1], "/")
			if !fileName.MatchString(p) && !folder.MatchString(p) {
				continue
			}
			named++
			if !inTree(files, p) {
				t.Errorf("%s: there is no %s", name, p)
			}
		}
		if named < least {
			t.Errorf("%s: %d paths found", name, named)
		}
	}
}

// TestPathsFails shows the check what it is to find.
func TestPathsFails(t *testing.T) {
	files := map[string]bool{"a": true, "a/b": true, "a/b/c.go": true, "a/b/d_x.go": true}
	for p, want := range map[string]bool{"a/b/c.go": true, "c.go": true, "b/c.go": true, "d_*.go": true, "e.go": false, "b/x/c.go": false, "a/c.go": false, "b/*.js": false, "b": true} {
		if got := inTree(files, p); got != want {
			t.Errorf("%s: found %v", p, got)
		}
	}
}

// tree lists the files and folders of the module.
func tree(root fs.FS) (map[string]bool, error) {
	files := map[string]bool{}
	err := fs.WalkDir(root, ".", func(file string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() && (entry.Name() == ".git" || entry.Name() == ".cache" || entry.Name() == "bin") {
			return fs.SkipDir
		}
		files[file] = true
		return err
	})
	return files, err
}

// inTree reports whether a path, in which * may stand for a part of a name, is there below some folder.
func inTree(files map[string]bool, p string) bool {
	length := strings.Count(p, "/") + 1
	for file := range files {
		parts := strings.Split(file, "/")
		if len(parts) < length {
			continue
		}
		if ok, _ := path.Match(p, strings.Join(parts[len(parts)-length:], "/")); ok {
			return true
		}
	}
	return false
}
