// Package render has what every output of the command is written with: tables, numbers for people, JSON and Markdown.
package render
