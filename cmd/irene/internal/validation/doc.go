// Package validation writes how far predictions are off: one [Sheet] for measurements of each kind, as text, Markdown or JSON.
package validation
