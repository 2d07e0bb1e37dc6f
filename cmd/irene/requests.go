package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/generate"
)

// parseServing reads the flags that say which requests come, and what energy costs.
func (q *generateRequest) parseServing(env *environment, ctx *cli.Context) error {
	trace, lengths := ctx.String("trace"), ctx.String("lengths")
	var err error
	switch {
	case trace != "" && lengths != "":
		return usagef("--trace and --lengths: one of them says which requests come")
	case trace != "":
		var rate float64
		if q.requests, rate, err = readTrace(env, trace); err != nil {
			return err
		}
		if !ctx.IsSet("rate") {
			q.rate = rate
		}
	case lengths != "":
		if q.requests, err = parseLengths(lengths); err != nil {
			return err
		}
	case ctx.IsSet("rate"): // requests like the one that the flags describe
		q.requests = []generate.Request{{Prompt: q.prompt, Tokens: q.tokens, Count: 1}}
	}
	if ctx.IsSet("rate") && !(q.rate > 0 && q.rate < 1e9) {
		return usagef("--rate %v: want a positive number of requests per second", q.rate)
	}
	return nil
}

// parseLengths reads "200:300=3,2000:150=1"; a count may be missing.
func parseLengths(text string) ([]generate.Request, error) {
	var out []generate.Request
	for _, part := range strings.Split(text, ",") {
		lengths, count, counted := strings.Cut(strings.TrimSpace(part), "=")
		prompt, tokens, ok := strings.Cut(lengths, ":")
		p, errP := strconv.ParseInt(strings.TrimSpace(prompt), 10, 64)
		n, errN := strconv.ParseInt(strings.TrimSpace(tokens), 10, 64)
		r := generate.Request{Prompt: p, Tokens: n, Count: 1}
		if !ok || errP != nil || errN != nil {
			return nil, usagef("--lengths %s: %q is not PROMPT:TOKENS=COUNT", text, part)
		}
		if counted {
			c, err := strconv.ParseFloat(strings.TrimSpace(count), 64)
			if err != nil || !(c > 0) || math.IsInf(c, 0) {
				return nil, usagef("--lengths %s: %q is no count", text, count)
			}
			r.Count = c
		}
		if err := checkRequest(r); err != nil {
			return nil, usagef("--lengths %s: %v", text, err)
		}
		out = append(out, r)
	}
	return out, nil
}

func checkRequest(r generate.Request) error {
	if r.Prompt < 0 || r.Tokens < 1 || r.Prompt > maxSteps || r.Tokens > maxSteps {
		return fmt.Errorf("%d prompt and %d generated tokens: want at least 0 and 1, and at most %d", r.Prompt, r.Tokens, maxSteps)
	}
	return nil
}

// traceRow is a line of a trace, in the spellings that there are.
type traceRow struct {
	Prompt       *int64   `json:"prompt"`
	PromptTokens *int64   `json:"prompt_tokens"`
	Tokens       *int64   `json:"tokens"`
	Output       *int64   `json:"output"`
	OutputTokens *int64   `json:"output_tokens"`
	Arrival      *float64 `json:"arrival_s"`
}

// readTrace reads requests and, where they have arrival times, how many come per second.
func readTrace(env *environment, path string) (out []generate.Request, rate float64, err error) {
	in, err := openInput(env, path)
	if err != nil {
		return nil, 0, err
	}
	defer func() { err = errors.Join(in.misread(err, path, ofRequests), in.Close()) }()
	scan := bufio.NewScanner(in)
	scan.Buffer(nil, 1<<20)
	first, last, timed := math.Inf(1), math.Inf(-1), 0
	for line := 1; scan.Scan(); line++ {
		text := bytes.TrimSpace(scan.Bytes())
		if len(text) == 0 {
			continue
		}
		var row traceRow
		fail := func(msg string) error { return &energy.SyntaxError{File: path, Line: line, Msg: msg} }
		if err := json.Unmarshal(text, &row); err != nil {
			return nil, 0, fail("not a JSON object of numbers: " + err.Error())
		}
		prompt, tokens := firstOf(row.Prompt, row.PromptTokens), firstOf(row.Tokens, row.Output, row.OutputTokens)
		if prompt == nil || tokens == nil {
			return nil, 0, fail("want prompt and tokens, the lengths of the request")
		}
		r := generate.Request{Prompt: *prompt, Tokens: *tokens, Count: 1}
		if err := checkRequest(r); err != nil {
			return nil, 0, fail(err.Error())
		}
		if row.Arrival != nil {
			first, last, timed = min(first, *row.Arrival), max(last, *row.Arrival), timed+1
		}
		out = append(out, r)
	}
	if err := scan.Err(); err != nil {
		return nil, 0, fmt.Errorf("%s: %w", path, bare(err))
	}
	if len(out) == 0 {
		return nil, 0, fmt.Errorf("%s: no requests", path)
	}
	if timed == len(out) && last > first {
		rate = float64(len(out)-1) / (last - first)
	}
	return out, rate, nil
}

func firstOf(list ...*int64) *int64 {
	for _, p := range list {
		if p != nil {
			return p
		}
	}
	return nil
}
