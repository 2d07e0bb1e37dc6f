package main

import (
	"bytes"
	"context"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/irene-onnx/irene/cmd/irene/internal/loopback"
	"github.com/irene-onnx/irene/cmd/irene/internal/page"
	"github.com/irene-onnx/irene/cmd/irene/internal/report"
)

func viewCommand() command {
	return command{
		name:    "view",
		summary: "the page of a model, or of several compared, in your browser",
		args:    "MODEL …",
		min:     1,
		max:     page.Most,
		details: `Shows what irene export writes as HTML, without a file: sizes and device are chosen on the page. The address is printed, and
   answers on this machine alone, until Ctrl-C. Up to six models are compared.

     irene view bert.onnx
     irene view bert.onnx distilbert.onnx --device l4 --dim batch=8
     irene view bert.onnx --port 8080 --no-open

   To look from another machine, lead the port there: ssh -L 8080:127.0.0.1:8080 HOST irene view bert.onnx --port 8080 --no-open.`,
		flags: viewFlags,
		run:   runView,
	}
}

func viewFlags() []cli.Flag {
	own := []cli.Flag{
		&cli.IntFlag{Name: "port", DefaultText: "a free one", Usage: "answer on this port, `N`"},
		&cli.BoolFlag{Name: "no-open", Usage: "print the address and open no browser", DisableDefaultText: true},
	}
	return append(own, modelFlags(bindingFlags("open the page with a dim at a size, `NAME=N` (repeatable)", ""), predictionFlags(deviceFlag(orNone)))...)
}

// runView makes the page, and serves it until it is stopped.
func runView(env *environment, ctx *cli.Context) error {
	port := ctx.Int("port")
	if port < 0 || port > 65535 {
		return usagef("--port %d: ports are numbers up to 65535; 0 is a free one", port)
	}
	want, err := parseModel(ctx)
	if err != nil {
		return err
	}
	d, err := want.document(env, ctx.Args().Slice())
	if err != nil {
		return err
	}
	life, stop := untilStopped()
	defer stop()
	return serve(life, env, d, port, !ctx.Bool("no-open"))
}

// document is the page of models as a server answers with it.
func (q *modelRequest) document(env *environment, paths []string) (d loopback.Document, err error) {
	var reports []*report.Report
	for _, path := range paths {
		g, err := decodeModel(env, path)
		if err != nil {
			return d, err
		}
		_, r, err := q.report(env, g)
		if err != nil {
			return d, err
		}
		reports = append(reports, r)
	}
	var b bytes.Buffer
	if err := q.writePage(&b, env, reports); err != nil {
		return d, err
	}
	d.HTML = b.Bytes()
	d.Policy, err = page.Policy()
	return d, err
}

// serve says where the page is, opens it, and answers as long as its context lasts.
func serve(life context.Context, env *environment, d loopback.Document, port int, open bool) error {
	l, err := loopback.Listen(port)
	if err != nil {
		return fmt.Errorf("--port %d: %w", port, err)
	}
	address := loopback.Address(l)
	fmt.Fprintln(env.stdout, address)
	note := "Ctrl-C ends it"
	if open {
		if err := loopback.Open(address); err != nil {
			note = fmt.Sprintf("%v: open the address yourself; %s", err, note)
		}
	}
	fmt.Fprintf(env.stderr, "irene: %s\n", note)
	return loopback.Serve(life, l, d)
}
