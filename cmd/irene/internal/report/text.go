package report
import "io"
func writeText(w io.Writer, r *Report) error { return nil }
func writeCSV(w io.Writer, r *Report) error { return nil }
func writeMarkdown(w io.Writer, r *Report) error { return nil }
