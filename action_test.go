package irene_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestAction reads the action that users copy: what it takes is said and used, its scripts are there and get what they read,
// and no text of a user's is pasted into a shell
// (https://docs.github.com/actions/reference/security/secure-use#good-practices-for-mitigating-script-injection-attacks).
func TestAction(t *testing.T) {
	const dir = "deploy/action"
	data, err := os.ReadFile(filepath.Join(dir, "action.yml"))
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	head, steps, _ := strings.Cut(text, "\n  steps:\n")
	inputs := block(head, "inputs")
	for name := range inputs {
		if !strings.Contains(steps, "inputs."+name+" ") {
			t.Errorf("input %s is used nowhere", name)
		}
	}
	for _, m := range regexp.MustCompile(`inputs\.([\w-]+)`).FindAllStringSubmatch(steps, -1) {
		if _, known := inputs[m[1]]; !known {
			t.Errorf("inputs.%s is not declared", m[1])
		}
	}
	for name, body := range inputs {
		if !strings.Contains(body, "description:") || !strings.Contains(body, "default:") {
			t.Errorf("input %s: a description and a default: %s", name, body)
		}
	}
	scripts := 0
	for _, step := range strings.Split(steps, "\n    - ") {
		m := regexp.MustCompile(`(?m)^\s*run: (.*)$`).FindStringSubmatch(step)
		if m == nil {
			continue
		}
		if !strings.Contains(step, "shell: bash") {
			t.Errorf("a step of a composite action names its shell: %s", step)
		}
		if strings.Contains(m[1], "${{") {
			t.Errorf("%q pastes text into a shell; env hands it over", m[1])
		}
		name := regexp.MustCompile(`\$GITHUB_ACTION_PATH/(\w+\.sh)`).FindStringSubmatch(m[1])
		script, err := os.ReadFile(filepath.Join(dir, name[1]))
		if err != nil {
			t.Fatal(err)
		}
		scripts++
		for _, v := range regexp.MustCompile(`(?m)^        ([A-Z0-9_]+): `).FindAllStringSubmatch(step, -1) {
			if !strings.Contains(string(script), v[1]) && v[1] != "GH_TOKEN" { // which gh reads
				t.Errorf("%s reads no %s", name[1], v[1])
			}
		}
	}
	if found, _ := filepath.Glob(dir + "/*.sh"); len(found) != scripts {
		t.Errorf("%d scripts, of which %d are run", len(found), scripts)
	}
	outputs := block(head, "outputs")
	script, err := os.ReadFile(filepath.Join(dir, "compare.sh"))
	if err != nil {
		t.Fatal(err)
	}
	for name := range outputs {
		if !strings.Contains(string(script), `echo "`+name+`=`) {
			t.Errorf("nothing writes the output %s", name)
		}
	}
}

// TestInstall holds the files that README.md and the action fetch to those that a release has.
func TestInstall(t *testing.T) {
	read := func(name string) string {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	release, install := read(".goreleaser.yaml"), read("deploy/action/install.sh")
	list := func(name string) []string { // of the first build
		return strings.Split(regexp.MustCompile(name + `: \[(.*)\]`).FindStringSubmatch(release)[1], ", ")
	}
	var files []string
	for _, system := range list("goos") {
		for _, processor := range list("goarch") {
			ext := ".tar.gz"
			if system == "windows" {
				ext = ".zip"
			}
			files = append(files, "irene_"+system+"_"+processor+ext)
		}
	}
	fetched := regexp.MustCompile(`\$at/(irene_\S+)`).FindAllStringSubmatch(read("README.md"), -1)
	systems := map[string]bool{}
	for _, m := range fetched {
		if systems[strings.Split(m[1], "_")[1]] = true; !slices.Contains(files, m[1]) {
			t.Errorf("README.md fetches %s; a release has %v", m[1], files)
		}
	}
	for _, system := range list("goos") {
		if !systems[system] {
			t.Errorf("README.md has no line for %s", system)
		}
		if !strings.Contains(install, "os="+system) {
			t.Errorf("the action fetches nothing for %s", system)
		}
	}
}

// block are the entries of a mapping at the top of a YAML text, by name.
func block(text, name string) map[string]string {
	_, rest, _ := strings.Cut(text, "\n"+name+":\n")
	if end := regexp.MustCompile(`(?m)^\S`).FindStringIndex(rest); end != nil {
		rest = rest[:end[0]]
	}
	out := map[string]string{}
	entries := regexp.MustCompile(`(?m)^  ([\w-]+):$`)
	at := entries.FindAllStringSubmatchIndex(rest, -1)
	for i, m := range at {
		end := len(rest)
		if i+1 < len(at) {
			end = at[i+1][0]
		}
		out[rest[m[2]:m[3]]] = rest[m[1]:end]
	}
	return out
}

// TestShellScripts has shellcheck read every shell script of the repository, where it is there.
func TestShellScripts(t *testing.T) {
	program, err := exec.LookPath("shellcheck")
	if err != nil {
		t.Skip("needs shellcheck")
	}
	var scripts []string
	for _, pattern := range []string{"deploy/*/*.sh", "deploy/*/*/*.sh", "fixtures/*/*.sh"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		scripts = append(scripts, found...)
	}
	if !slices.Contains(scripts, "deploy/action/compare.sh") {
		t.Fatalf("scripts: %v", scripts)
	}
	if out, err := exec.Command(program, append([]string{"--severity=warning"}, scripts...)...).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
