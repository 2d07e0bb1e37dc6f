package page

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"
)

// Policy is the content security policy of pages: their own scripts and style hold, nothing is loaded and nobody is asked.
func Policy() (string, error) {
	hashes, err := ScriptHashes()
	if err != nil {
		return "", err
	}
	style, err := Style()
	return "default-src 'none'; script-src " + strings.Join(hashes, " ") + "; style-src " + Hash(style) + "; base-uri 'none'; form-action 'none'", err
}

// ScriptHashes are the scripts of pages as policies name them: a page inherits the policy of the page that shows it.
func ScriptHashes() ([]string, error) {
	var out []string
	for _, name := range scripts {
		text, err := htmlFiles.ReadFile("html/" + name)
		if err != nil {
			return nil, err
		}
		out = append(out, Hash(text))
	}
	return out, nil
}

// Style is the style sheet of pages.
func Style() ([]byte, error) { return htmlFiles.ReadFile("html/report.css") }

// Hash is how a content security policy names a text that may stand in a page.
func Hash(text []byte) string {
	sum := sha256.Sum256(text)
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}
