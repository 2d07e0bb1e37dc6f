// Package loopback serves one page to browsers on this machine alone, and opens it in one.
package loopback
