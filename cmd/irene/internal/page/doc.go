// Package page writes the HTML page that shows models and predicts them anew at any sizes and on any of its devices:
// html/engine.js has its arithmetic, html/overlap.js that of overlapping kernels, html/report.js and html/compare.js what it shows.
package page
