package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/urfave/cli/v2"

	"github.com/irene-onnx/irene/cmd/irene/internal/worklist"
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
	"github.com/irene-onnx/irene/profiler"
)

func profileCommand() command {
	return command{
		name:    "profile",
		summary: "measure operators, modules and models on this machine's device",
		args:    "MODEL|NAME=MODEL …",
		min:     1,
		max:     1000,
		details: `Each distinct operator of the models, each distinct module and each whole model is run on the device, at every size
   given, and its time and energy are appended to a file of records, from which irene train makes coefficients:

     irene profile bert.onnx --dim batch=1,8 --dim sequence=128,256,512 -o records.jsonl --budget 10m
     irene train --data records.jsonl -o mine.json
     irene analyze bert.onnx --dim batch=4 --coefficients mine.json

   A run that was interrupted goes on where it was when it is called again. docs/measure.md is the tutorial.`,
		flags: profileFlags,
		run:   runProfile,
	}
}

// runProfile reads the models, plans, and measures.
func runProfile(env *environment, ctx *cli.Context) error {
	q, err := parseProfile(ctx)
	if err != nil {
		return err
	}
	life, stop := untilStopped()
	defer stop()
	err = q.withinBudget(life, func() error { return q.carryOut(life, env) })
	if err != nil && life.Err() != nil && !errors.As(err, new(*stoppedError)) {
		return errors.New("stopped before anything was measured")
	}
	return err
}

// carryOut is the run, as long as its context says.
func (q *profileRequest) carryOut(life context.Context, env *environment) error {
	loading, loaded := q.limit(life, 0)
	defer loaded()
	models, err := q.decode(env)
	if err != nil {
		return err
	}
	m, err := openMachine(loading, env, q)
	if err != nil {
		return err
	}
	return errors.Join(q.measure(life, loading, env, m, models), m.close())
}

// decode reads the models.
func (q *profileRequest) decode(env *environment) ([]*worklist.Model, error) {
	var out []*worklist.Model
	for _, f := range q.models {
		g, err := decodeModel(env, f.path)
		if err != nil {
			return nil, err
		}
		if err := checkInputs(g, q.values); err != nil {
			return nil, err
		}
		out = append(out, &worklist.Model{Name: f.name, Graph: g})
	}
	return out, q.checkAxes(out)
}

// measure plans the tasks, while one context lasts, and runs them, or says what it would do.
func (q *profileRequest) measure(ctx, planning context.Context, env *environment, m *machine, models []*worklist.Model) error {
	dir, err := tempFolder()
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	for _, note := range m.notes {
		m.tell("%s", note)
	}
	tasks, err := q.plan(planning, env, m, models, dir)
	if err != nil {
		return err
	}
	total := len(tasks)
	if tasks, err = profiler.Shard(tasks, q.shard, q.shards); err != nil {
		return err
	}
	if q.dryRun {
		return q.describe(env, m, tasks, total)
	}
	out, _, note, err := energy.OpenAppender(q.output)
	if err != nil {
		return err
	}
	if note != "" {
		fmt.Fprintf(env.stderr, "irene: %s\n", note)
	}
	err = q.run(ctx, env, m, tasks, out)
	return errors.Join(err, out.Close())
}

// plan makes the tasks of all models at all sizes.
func (q *profileRequest) plan(ctx context.Context, env *environment, m *machine, models []*worklist.Model, dir string) ([]profiler.Task, error) {
	rt := worklist.Runtime{Profile: q.profile, Dir: dir, Cache: q.cache, Executor: executorName(m.executor.Describe().Runtime)}
	if o, ok := m.executor.(profiler.Optimizer); ok && q.optimization() != "" {
		rt.Optimize = func(ctx context.Context, model, result string) error {
			return o.Optimize(ctx, model, result, q.optimization())
		}
	}
	p := startProgress(env, "profile: planning", 0)
	defer p.stop()
	var points []*worklist.Point
	for _, model := range models {
		sizes := q.sizes(model.Graph)
		for i, at := range sizes {
			p.set(i, len(sizes))
			point, err := worklist.NewPoint(ctx, model, q.options(at), rt)
			if err != nil {
				return nil, dimError(err, len(q.axes) > 0)
			}
			points = append(points, point)
		}
	}
	return worklist.Tasks(points, worklist.Options{
		Levels: q.levels, InContext: q.inContext, Device: m.device(), Dir: dir, Seed: q.seed,
		Graph: q.provider == "cuda" || q.executor == pretending, Pretend: q.executor == pretending,
	}), nil
}

// executorName is what of an executor decides how it optimizes a model.
func executorName(r energy.Runtime) string {
	return fmt.Sprint(r.Name, " ", r.Version, " ", r.Options["provider"], " ", r.Options["commit"])
}

// sizes are the dims to bind, one map for each point of the grid. A model takes the axes that it has; one that none of
// the models has is refused by checkAxes.
func (q *profileRequest) sizes(g *graph.Graph) []map[string]int64 {
	var names []string
	var values [][]int64
	for _, a := range q.axes {
		if _, _, err := analysis.Resolve(g, a.name); err == nil {
			names, values = append(names, a.name), append(values, a.values)
		}
	}
	return worklist.Grid(names, values)
}

// checkAxes refuses an axis that no model has.
func (q *profileRequest) checkAxes(models []*worklist.Model) error {
	for _, a := range q.axes {
		var last error
		for _, m := range models {
			if _, _, last = analysis.Resolve(m.Graph, a.name); last == nil {
				break
			}
		}
		if last != nil {
			return dimError(last, true)
		}
	}
	return nil
}
