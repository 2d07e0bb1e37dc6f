package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/graph/analysis"
	"github.com/irene-onnx/irene/graph/kernel"
)

// profileRequest is the command line of irene profile.
type profileRequest struct {
	models []namedFile
	axes   []axis
	values map[string][]float64
	levels []energy.Level

	executor, provider, library string
	threads                     int
	tf32                        bool
	profile                     string

	meter, gpu, meterLibrary string
	wallLog                  string
	clocks                   string       // to be locked, as given; "" are none
	smClock, memoryClock     energy.Hertz // likewise

	windows        int
	window, warmup time.Duration
	maxCV          float64
	budget         time.Duration
	inContext      int
	seed           uint64
	shard, shards  int // 1 of 1: all

	output string
	claims string // folder; "": the output's own
	lease  time.Duration
	cache  string
	dryRun bool
	json   bool
	begun  time.Time
}

// namedFile is a model with the name that records give it.
type namedFile struct{ name, path string }

func profileFlags() []cli.Flag {
	return append(bindingFlags("sizes of a dim, `NAME=SIZES`, as irene sweep takes them (repeatable)", ""), []cli.Flag{
		&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "append records to `FILE`; what it has already is not measured again"},
		&cli.StringFlag{Name: "level", Value: "operator,module,model", Usage: "what is measured, a `LIST` of operator, module, model"},
		&cli.IntFlag{Name: "in-context", Usage: "measure `N` operators within their running models, too"},
		&cli.DurationFlag{Name: "budget", DefaultText: "as long as all of it takes", Usage: "measure for `TIME`, as 10m, the most telling first"},
		&cli.StringFlag{Name: "claims", DefaultText: "the output's name with " + claimsSuffix, Usage: "share the tasks with the runs that name the same `FOLDER`, each on a board of the same kind and with a file of its own"},
		&cli.DurationFlag{Name: "lease", Value: time.Minute, Usage: "take over the tasks of runs that were not heard of for `TIME`"},
		&cli.StringFlag{Name: "shard", Usage: "measure the part `I/N` of it, I from 1 to N"},
		oneOfFlag(cli.StringFlag{Name: "executor", Value: executorRows()[0].name, Usage: "what runs the operators, `EXECUTOR`: WORDS"}, rowNames(executorRows())),
		oneOfFlag(cli.StringFlag{Name: "provider", DefaultText: "cuda with the meter nvml, else cpu", Usage: "ONNX Runtime's execution `PROVIDER`: WORDS"}, []string{"cpu", "cuda", "tensorrt"}),
		&cli.StringFlag{Name: "ort-lib", TakesFile: true, EnvVars: []string{"ONNXRUNTIME_LIB"}, Usage: "ONNX Runtime's library, libonnxruntime.so `FILE`"},
		oneOfFlag(cli.StringFlag{Name: "runtime", Value: defaultProfiled, Usage: "how far the model is optimized before it is measured, by `PROFILE`: WORDS"}, []string{defaultProfiled, "ort-basic", "none"}),
		&cli.IntFlag{Name: "threads", DefaultText: "one per core", Usage: "compute with `N` threads on the provider cpu"},
		&cli.BoolFlag{Name: "tf32", Usage: "let products of float32 round their inputs to TF32"},
		oneOfFlag(cli.StringFlag{Name: "meter", Value: autoMeter, Usage: "what reads energy, `METER`: WORDS"}, append([]string{autoMeter}, rowNames(meterRows())...)),
		&cli.StringFlag{Name: "gpu", DefaultText: "the first of CUDA_VISIBLE_DEVICES", Usage: "the `GPU`, by its UUID or index"},
		&cli.StringFlag{Name: "nvml-lib", TakesFile: true, Usage: "the driver's library, libnvidia-ml.so.1 `FILE`"},
		&cli.StringFlag{Name: "lock-clocks", Usage: "hold the clocks at `SM[,MEMORY]` MHz, where that is allowed"},
		&cli.StringFlag{Name: "wall-log", TakesFile: true, Usage: "growing log of a meter at the plug, `FILE` of lines TIME,WATTS"},
		&cli.StringFlag{Name: "cache", Usage: "keep optimized models in `FOLDER`, for the next call"},
		&cli.IntFlag{Name: "windows", Value: 3, Usage: "measure in `N` windows"},
		&cli.DurationFlag{Name: "window", Value: 5 * time.Second, Usage: "least `TIME` of a window"},
		&cli.DurationFlag{Name: "warmup", Value: 2 * time.Second, Usage: "`TIME` of load before the first window"},
		&cli.Float64Flag{Name: "max-cv", Value: 0.03, Usage: "windows that scatter by more than the share `CV` are repeated, then flagged"},
		&cli.Uint64Flag{Name: "seed", Value: 1, Usage: "shuffle the tasks by the number `N`"},
		&cli.BoolFlag{Name: "dry-run", Usage: "say what would be measured and how, and measure nothing"},
		tableFormatFlag(" of what --dry-run says"),
	}...)
}

// defaultProfiled is the runtime profile that is measured unless another one is asked for. Those that can be are the ones
// whose graphs ONNX Runtime makes, and the file as it is.
const defaultProfiled = "ort-extended"

// autoMeter chooses a meter by what the machine has.
const autoMeter = "auto"

// parseProfile checks the command line as far as models and devices are not needed.
func parseProfile(ctx *cli.Context) (q profileRequest, err error) {
	q = profileRequest{
		executor: ctx.String("executor"), provider: ctx.String("provider"), library: ctx.String("ort-lib"), threads: ctx.Int("threads"),
		tf32: ctx.Bool("tf32"), profile: ctx.String("runtime"), meter: ctx.String("meter"), gpu: ctx.String("gpu"), meterLibrary: ctx.String("nvml-lib"),
		wallLog: ctx.String("wall-log"), windows: ctx.Int("windows"), window: ctx.Duration("window"), warmup: ctx.Duration("warmup"),
		maxCV: ctx.Float64("max-cv"), budget: ctx.Duration("budget"), inContext: ctx.Int("in-context"), seed: ctx.Uint64("seed"),
		output: ctx.String("output"), claims: ctx.String("claims"), lease: ctx.Duration("lease"), cache: ctx.String("cache"), begun: time.Now(), dryRun: ctx.Bool("dry-run"), json: ctx.String("format") == "json",
	}
	for _, parse := range []func(*cli.Context) error{q.parseWords, q.parseNumbers, q.parseShard, q.parseClocks, q.parseModels} {
		if err := parse(ctx); err != nil {
			return q, err
		}
	}
	if q.axes, err = parseAxes(ctx.StringSlice("dim")); err != nil {
		return q, err
	}
	q.values, err = parseValues(ctx.StringSlice("value"))
	return q, err
}

func (q *profileRequest) parseWords(ctx *cli.Context) error {
	levels, err := parseList("level", ctx.String("level"), []string{string(energy.LevelOperator), string(energy.LevelModule), string(energy.LevelModel)})
	for _, l := range levels {
		q.levels = append(q.levels, energy.Level(l))
	}
	if err == nil && len(levels) == 0 {
		err = usagef("--level: name at least one of operator, module, model")
	}
	if err == nil && !q.dryRun && ctx.IsSet("format") {
		err = usagef("--format is of what --dry-run says")
	}
	if err == nil && q.inContext > 0 && !slices.Contains(levels, string(energy.LevelOperator)) {
		err = usagef("--in-context %d measures operators: name operator in --level", q.inContext)
	}
	if err == nil && q.output == "" && !q.dryRun {
		err = usagef("profile needs --output FILE for its records, or --dry-run")
	}
	return err
}

func (q *profileRequest) parseNumbers(ctx *cli.Context) error {
	switch {
	case q.windows < 1 || q.windows > 1000:
		return usagef("--windows %d: want 1 to 1000", q.windows)
	case q.window <= 0 || q.window > time.Hour:
		return usagef("--window %v: want a time above 0 and up to an hour", q.window)
	case q.warmup < 0 || q.warmup > time.Hour:
		return usagef("--warmup %v: want a time up to an hour", q.warmup)
	case !(q.maxCV > 0):
		return usagef("--max-cv %v: want a share above 0, as 0.03", q.maxCV)
	case q.budget < 0 || q.budget == 0 && ctx.IsSet("budget"):
		return usagef("--budget %v: want a time above 0, as 10m", q.budget)
	case q.lease < 100*time.Millisecond || q.lease > time.Hour:
		return usagef("--lease %v: want a time from 100ms to an hour", q.lease)
	case q.inContext < 0:
		return usagef("--in-context %d: want a number of operators", q.inContext)
	case q.threads < 0 || q.threads > 4096:
		return usagef("--threads %d: want a number of threads", q.threads)
	}
	return nil
}

// parseShard reads --shard 2/8.
func (q *profileRequest) parseShard(ctx *cli.Context) error {
	q.shard, q.shards = 1, 1
	text := ctx.String("shard")
	if text == "" {
		return nil
	}
	i, n, ok := strings.Cut(text, "/")
	var errI, errN error
	q.shard, errI = strconv.Atoi(i)
	q.shards, errN = strconv.Atoi(n)
	if !ok || errI != nil || errN != nil || q.shard < 1 || q.shard > q.shards {
		return usagef("--shard %s: want I/N, as 1/8 for the first part of eight", text)
	}
	return nil
}

// parseClocks reads --lock-clocks 1410,2619.
func (q *profileRequest) parseClocks(ctx *cli.Context) error {
	text := ctx.String("lock-clocks")
	if text == "" {
		return nil
	}
	q.clocks = text
	sm, memory, both := strings.Cut(text, ",")
	for _, c := range []struct {
		text string
		want bool
		into *energy.Hertz
	}{{sm, true, &q.smClock}, {memory, both, &q.memoryClock}} {
		if !c.want {
			continue
		}
		mhz, err := strconv.Atoi(strings.TrimSpace(c.text))
		if err != nil || mhz < 1 || mhz > 100_000 {
			return usagef("--lock-clocks %s: want clocks in MHz, as 1410 or 1410,2619", text)
		}
		*c.into = energy.Hertz(mhz) * 1e6
	}
	return nil
}

// parseModels reads the models: files, or NAME=FILE. The name of a file is that without folder and extensions.
func (q *profileRequest) parseModels(ctx *cli.Context) error {
	for _, arg := range ctx.Args().Slice() {
		name, path, named := strings.Cut(arg, "=")
		if !named || strings.ContainsAny(name, `/\`) {
			path = arg
			name = strings.TrimSuffix(strings.TrimSuffix(filepath.Base(path), ".gz"), ".onnx")
		}
		if name == "" || path == "" {
			return usagef("%s: want a file, or NAME=FILE", arg)
		}
		if slices.ContainsFunc(q.models, func(m namedFile) bool { return m.name == name }) {
			return usagef("%s: two models of the name %s; give one another as NAME=FILE", arg, name)
		}
		q.models = append(q.models, namedFile{name, path})
	}
	return nil
}

// optimization is the level at which the executor rewrites models under a runtime profile; "" for none.
func (q *profileRequest) optimization() string {
	level, ok := strings.CutPrefix(q.profile, "ort-")
	if !ok {
		return ""
	}
	return level
}

// options are those of an analysis at sizes of the dims that a model has.
func (q *profileRequest) options(at map[string]int64) analysis.Options {
	return analysis.Options{Dims: at, Values: q.values}
}

// profileHelp describes a runtime profile in one line.
func profileHelp(name string) string {
	names, help := kernel.Profiles()
	if i := slices.Index(names, name); i >= 0 {
		return fmt.Sprintf("%s (%s)", name, help[i])
	}
	return name
}
