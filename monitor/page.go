package monitor

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"net/http"
	"strings"
)

// The page is one file for the browser and three for us. Nothing in it is
// generated but the policy, which allows exactly this style and this script.
var (
	//go:embed page.html
	pageHTML string
	//go:embed page.css
	pageCSS string
	//go:embed page.js
	pageJS string

	pageText   = []byte(strings.NewReplacer("{{style}}", pageCSS, "{{script}}", pageJS).Replace(pageHTML))
	pagePolicy = "default-src 'none'; connect-src 'self'; img-src data:; script-src " + hash(pageJS) + "; style-src " + hash(pageCSS) +
		"; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)

// hash names an inline text in a Content-Security-Policy.
func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// page answers with the live page.
func page(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", pagePolicy)
	_, _ = w.Write(pageText) // the client is gone: nobody to tell
}
