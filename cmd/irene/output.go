package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
)

// outputFlags are --format and --output of the commands that write in one of several formats; more is what else the
// output's extension does.
func outputFlags(formats []string, more string) []cli.Flag {
	return []cli.Flag{
		oneOfFlag(cli.StringFlag{Name: "format", DefaultText: "text", Usage: "`FORMAT`: WORDS"}, formats),
		&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write to `FILE`, whole or not at all; its extension may tell the format" + more},
	}
}

// chooseFormat finds the format of a table by its name, else by the extension of the output file, else the first. A file
// whose extension promises another format is refused.
func chooseFormat[V any](table []render.Format[V], name, output string) (render.Format[V], error) {
	if name != "" {
		return table[slices.Index(render.FormatNames(table), name)], nil
	}
	f, known := render.FormatOf(table, output)
	switch ext := filepath.Ext(output); {
	case known:
		return f, nil
	case isStdout(output) || !isExtension(ext):
		return table[0], nil
	default:
		return f, usagef("-o %s: no format has the extension %s; one of %s, or --format NAME%s", output, ext, strings.Join(extensions(table), " "), exported(output))
	}
}

// isExtension reports whether a text behind the last dot of a file's name says what is in it; those of plain text say nothing.
func isExtension(ext string) bool {
	if len(ext) < 2 || slices.Contains([]string{".txt", ".text", ".log", ".out", ".tmp", ".new"}, strings.ToLower(ext)) {
		return false
	}
	for _, c := range []byte(ext[1:]) {
		if !('a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9') {
			return false
		}
	}
	return ext[1] > '9' // "run.1" is a number
}

// extensions are those of the formats in a table.
func extensions[V any](table []render.Format[V]) []string {
	var out []string
	for _, f := range table {
		out = append(out, f.Ext...)
	}
	return out
}

// exported says that irene export writes such a file, where it does.
func exported(output string) string {
	if f, ok := render.FormatOf(exportFormats(), output); ok {
		return fmt.Sprintf("; irene export writes %s (%s)", f.Name, f.Help)
	}
	return "; irene export writes pages and pictures"
}

// tableFormatFlag is --format of the commands that print one table; of says of which outputs.
func tableFormatFlag(of string) cli.Flag {
	return oneOfFlag(cli.StringFlag{Name: "format", Value: "text", Usage: "`FORMAT`" + of + ": WORDS"}, []string{"text", "json"})
}

// writeFormat writes a value in a format to the file at path, as writeOutput does.
func writeFormat[V any](env *environment, path string, format func(io.Writer, V) error, v V) error {
	return streamOutput(env, path, func(w io.Writer) error {
		out := bufio.NewWriterSize(w, 1<<16) // what fails early writes nothing
		if err := format(out, v); err != nil {
			return err
		}
		return out.Flush()
	})
}

// writeOutput writes data to the file at path, or to standard output where path is "" or "-". A file appears whole or
// not at all.
func writeOutput(env *environment, path string, data []byte) error {
	return streamOutput(env, path, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// streamOutput is writeOutput for what is not in memory at once. A file's data goes to a temporary file beside it, which
// takes its name at the end. Devices and pipes are written as they are.
func streamOutput(env *environment, path string, write func(io.Writer) error) error {
	if isStdout(path) {
		return write(namedWriter{env.stdout, "standard output"})
	}
	var failed error // of write, which names what it speaks of
	err := outputTo(path, func(w io.Writer) error {
		failed = write(namedWriter{w, path})
		return failed
	})
	if err == nil || failed != nil {
		return err
	}
	if dir := missingFolder(path); dir != "" {
		return fmt.Errorf("%s: %w; there is no folder %s", path, bare(err), dir)
	}
	return fmt.Errorf("%s: %w", path, bare(err))
}

// isStdout reports whether --output is standard output.
func isStdout(path string) bool { return path == "" || path == "-" }

func outputTo(path string, write func(io.Writer) error) error {
	target, err := followLinks(path)
	if err != nil {
		return err
	}
	info, err := os.Stat(target)
	mode := fs.FileMode(0)
	switch {
	case err != nil:
	case info.IsDir():
		return errors.New("is a directory")
	case !info.Mode().IsRegular():
		return writeDevice(target, write)
	default:
		mode = info.Mode().Perm()
	}
	return replaceFile(target, write, mode)
}

// followLinks is the file that a path means, whether it is there yet or not: a link stays, what it leads to is written.
func followLinks(path string) (string, error) {
	for range 40 {
		info, err := os.Lstat(path)
		if err != nil || info.Mode()&fs.ModeSymlink == 0 {
			return path, nil
		}
		to, err := os.Readlink(path)
		if err != nil {
			return "", err
		}
		if !filepath.IsAbs(to) {
			to = filepath.Dir(path) + string(filepath.Separator) + to // Join would take .. for the folder before, which may be a link
		}
		path = to
	}
	return "", errors.New("too many symbolic links")
}

// namedWriter puts the file's name before errors.
type namedWriter struct {
	w    io.Writer
	name string
}

// Write writes to the file.
func (n namedWriter) Write(p []byte) (int, error) {
	k, err := n.w.Write(p)
	if err != nil {
		return k, fmt.Errorf("%s: %w", n.name, bare(err))
	}
	return k, nil
}

// writeDevice writes to a file that is none, as a pipe is.
func writeDevice(target string, write func(io.Writer) error) error {
	f, err := os.OpenFile(target, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}

// replaceFile writes a temporary file and renames it. The new file keeps the mode of the one it replaces; 0 stands for
// what the process's umask leaves.
func replaceFile(target string, write func(io.Writer) error, mode fs.FileMode) (err error) {
	tmp := fmt.Sprintf("%s.%d.tmp", target, os.Getpid())
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(tmp))
		}
	}()
	err = write(f)
	if err == nil && mode != 0 {
		err = f.Chmod(mode)
	}
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return err
	}
	return os.Rename(tmp, target)
}
