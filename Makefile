FUZZTIME ?= 30s
BENCH_MODELS ?= $(wildcard fixtures/models/*.onnx fixtures/models/*.onnx.gz) \
	$(foreach m,gpt2 openai-gpt deberta-v2-small llama-3.1-8b-decode,$(wildcard ../shared/models/$(m).onnx.gz))
BENCH_PYTHON ?= .cache/bench/bin/python

# Packages whose tests import the module's fixtures: they know -update, and read the corpus where it is.
FIXTURES = $(shell go list -f '{{range .TestImports}}{{if eq . "github.com/irene-onnx/irene/fixtures"}}{{$$.ImportPath}} {{end}}{{end}}{{range .XTestImports}}{{if eq . "github.com/irene-onnx/irene/fixtures"}}{{$$.ImportPath}} {{end}}{{end}}' ./...)

.DEFAULT_GOAL := help

.PHONY: help
help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

.PHONY: build
build: ## the command, as bin/irene; without a C compiler it measures nothing but does all else
	go build -o bin/irene ./cmd/irene
	CGO_ENABLED=0 go build ./...

.PHONY: test
test: ## every test that needs no GPU
	go test ./...

NODE_TESTS = .cache/corpus/conformance/onnx-node-tests.zip

.PHONY: corpus
corpus: $(NODE_TESTS) ## fetch the official ONNX node tests into .cache, by checksum (needs pip)

# The wheel is the same wherever it is fetched: it is read, not installed.
$(NODE_TESTS): fixtures/gen/requirements-node-tests.txt
	mkdir -p $(@D)
	python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: --platform manylinux_2_28_x86_64 \
		--python-version 311 --dest .cache/corpus/wheel --requirement $<
	python3 fixtures/gen/node_tests.py .cache/corpus/wheel/*.whl $@
	rm -r .cache/corpus/wheel

.PHONY: test-corpus
test-corpus: ## the tests that read the corpus in ../shared or .cache, where it is
	go test -count=1 $(filter-out %/cmd/irene,$(FIXTURES))

ORT_VERSION = 1.27.0
ORT_LIB = $(CURDIR)/.cache/ort-$(ORT_VERSION)/onnxruntime/capi/libonnxruntime.so.$(ORT_VERSION)

.PHONY: ort
ort: $(ORT_LIB) ## fetch ONNX Runtime's CPU library, as the Python package has it, into .cache

$(ORT_LIB):
	python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --no-deps --only-binary=:all: --target .cache/ort-$(ORT_VERSION) onnxruntime==$(ORT_VERSION)

.PHONY: test-ort
test-ort: $(ORT_LIB) ## the tests that run ONNX Runtime on this machine's processor
	IRENE_TEST_ORT=$(ORT_LIB) go test -count=1 ./profiler/ort ./cmd/irene -run 'Real'

PYTHON_LIB = $(CURDIR)/.cache/python-docs
PYTHON_PACKAGES = pandas==3.1.1 onnx==1.23.2

.PHONY: python
python: $(PYTHON_LIB)/pandas ## fetch what Python in docs imports, into .cache

$(PYTHON_LIB)/pandas:
	python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --only-binary=:all: --target $(PYTHON_LIB) $(PYTHON_PACKAGES)

.PHONY: test-python
test-python: $(PYTHON_LIB)/pandas ## the commands and the Python of README.md and docs, with what it imports
	PYTHONPATH=$(PYTHON_LIB) go test -count=1 ./cmd/irene -run '^TestReadme$$'

PROFILE_CPU ?= --window 2s --warmup 1s

.PHONY: profile-cpu
profile-cpu: build $(ORT_LIB) ## measure BERT at two shapes on this processor, fit coefficients, and validate them (bin/cpu)
	mkdir -p bin/cpu
	bin/irene profile fixtures/models/bert-base.onnx --provider cpu --ort-lib $(ORT_LIB) --dim batch=1 --dim sequence=32,128 \
		--in-context 4 $(PROFILE_CPU) -o bin/cpu/records.jsonl
	bin/irene records bin/cpu/records.jsonl --check
	bin/irene train --data bin/cpu/records.jsonl -o bin/cpu/coefficients.json
	bin/irene validate --data bin/cpu/records.jsonl
	bin/irene analyze fixtures/models/bert-base.onnx --dim batch=1 --dim sequence=64 --coefficients bin/cpu/coefficients.json

OUT ?= bin/campaign

.PHONY: gpu-campaign
gpu-campaign: build ## measure this machine's NVIDIA GPU for SLICE (9m) into OUT, unattended; says when to call it again
	deploy/campaign/run.sh $(OUT) || [ $$? = 75 ]

.PHONY: slurm-try
slurm-try: build ## shards of a plan on a real Slurm of one node, on a made-up device (skips where Slurm is absent)
	deploy/slurm/try.sh

.PHONY: pictures
pictures: ## draw every shared model with Graphviz, where it and ../shared are at hand
	go test ./cmd/irene/internal/export -count=1 -v -run '^TestDOT'

.PHONY: race
race: ## the tests with the race detector (needs a C compiler)
	CGO_ENABLED=1 go test -race ./...

.PHONY: lint
lint: ## format, vet, staticcheck and code that nothing reaches: says what is wrong, changes nothing
	@bad=$$(go tool gofumpt -l .); if [ -n "$$bad" ]; then echo "make fmt would change:"; echo "$$bad"; exit 1; fi
	go vet ./...
	go tool staticcheck ./...
	@unreached=$$(mktemp); go tool deadcode -test ./... | sort >$$unreached; \
	dead=$$(GOOS=js GOARCH=wasm $$(go tool -n deadcode) ./cmd/irene/web | sort | comm -12 $$unreached -); rm $$unreached; \
	if [ -n "$$dead" ]; then echo "nothing reaches, no test either:"; echo "$$dead"; exit 1; fi

GOVULNCHECK = golang.org/x/vuln/cmd/govulncheck@v1.9.0

.PHONY: vuln
vuln: ## known vulnerabilities in what the program calls, where their database can be reached
	@if out=$$(go run $(GOVULNCHECK) ./... 2>&1); then echo "$$out"; \
	elif echo "$$out" | grep -qE 'fetching vulnerabilities|dial tcp|no such host'; then echo "govulncheck skipped: its database cannot be reached"; \
	else echo "$$out"; exit 1; fi

GORELEASER = github.com/goreleaser/goreleaser/v2@v2.15.1

.PHONY: release
release: ## build the files of a tagged commit with their checksums, and a draft of its release (needs GITHUB_TOKEN)
	go run $(GORELEASER) release --clean

.PHONY: release-try
release-try: ## build the files of a release into bin/release, publish nothing (several minutes, most of them goreleaser's)
	go run $(GORELEASER) check
	go run $(GORELEASER) release --snapshot --clean

.PHONY: fmt
fmt: ## format every Go file
	go tool gofumpt -l -w .

.PHONY: check
check: lint test build vuln ## what a change has to pass: lint, test, build, vulnerabilities, a tidy go.mod
	go mod tidy -diff

.PHONY: golden
golden: ## rewrite golden files, expected outputs and the outputs in README.md and docs; read the difference before you commit it
	go test $(FIXTURES) -update

.PHONY: readme
readme: ## rewrite the outputs in README.md and docs
	go test ./cmd/irene -run '^TestReadme$$' -update

.PHONY: schema
schema: ## rewrite the JSON Schemas in docs/schema from the structs and their comments
	go test ./cmd/irene -run '^TestSchemas$$' -update

.PHONY: fuzz
fuzz: ## run every fuzz target for FUZZTIME (30s)
	@for dir in $$(grep -rl --include='*_test.go' '^func Fuzz' . | xargs -n 1 dirname | sort -u); do \
		for target in $$(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' $$dir/*_test.go); do \
			echo "$$dir $$target"; \
			go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) $$dir || exit 1; \
		done; \
	done

.PHONY: bench
bench: bin/irene.test .cache/bench/pyvenv.cfg ## time beside ONNX's own shape inference, as ratios (BENCH_MODELS="a.onnx b.onnx")
	GOMAXPROCS=2 $(BENCH_PYTHON) fixtures/bench/compare.py bin/irene.test $(BENCH_MODELS)

.PHONY: bin/irene.test
bin/irene.test:
	go test -c -o bin/irene.test ./cmd/irene

.cache/bench/pyvenv.cfg: fixtures/bench/requirements.txt
	python3 -m venv .cache/bench
	.cache/bench/bin/python -m pip install --quiet --requirement fixtures/bench/requirements.txt
	touch $@

.PHONY: fixtures
fixtures: ## export the models of fixtures/models anew (Python 3.11, about 8 GB of packages in .cache)
	fixtures/gen/regenerate.sh

HTML_MODELS ?= fixtures/models/bert-base.onnx fixtures/models/distilbert-base.onnx.gz fixtures/models/gpt2-past.onnx.gz $(wildcard ../shared/models/qwen3-8b-decode.onnx.gz)

.PHONY: html-test
html-test: .cache/html/node_modules/playwright-core/package.json ## HTML reports in Chromium, beside analyze (needs node and chromium; screenshots in bin/html)
	CGO_ENABLED=0 go build -o bin/irene ./cmd/irene
	PLAYWRIGHT=$(CURDIR)/.cache/html node fixtures/html/check.mjs bin/irene bin/html $(HTML_MODELS)

WEB_MODELS ?= fixtures/models/bert-base.onnx fixtures/models/distilbert-base.onnx.gz \
	$(foreach m,gpt2-past llama-3.1-8b-decode vit-base whisper-tiny-encoder,$(wildcard ../shared/models/$(m).onnx.gz))

.PHONY: web
web: ## the page that analyzes dropped models in the browser alone, as bin/web/index.html
	@mkdir -p bin/web
	GOOS=js GOARCH=wasm go build -trimpath -ldflags='-s -w' -o bin/web/irene.wasm ./cmd/irene/web
	go run ./cmd/irene/web -program bin/web/irene.wasm -runtime "$$(go env GOROOT)/lib/wasm/wasm_exec.js" -o bin/web/index.html

.PHONY: web-test
web-test: web .cache/html/node_modules/playwright-core/package.json ## that page in Chromium, beside analyze (needs node and chromium; screenshots in bin/web)
	CGO_ENABLED=0 go build -o bin/irene ./cmd/irene
	PLAYWRIGHT=$(CURDIR)/.cache/html node fixtures/html/web.mjs bin/irene bin/web/index.html bin/web $(WEB_MODELS)

.cache/html/node_modules/playwright-core/package.json:
	npm install --silent --no-audit --no-fund --prefix .cache/html playwright-core@1.65.1

.PHONY: cover
cover: ## statement coverage by function
	mkdir -p bin
	go test -coverpkg=./... -coverprofile=bin/cover.out ./...
	go tool cover -func=bin/cover.out

ACCURACY_MODELS = bert-base-uncased=bert-base distilbert-base-uncased=distilbert-base roberta-base=roberta-base \
	gpt2=gpt2 distilgpt2=distilgpt2 openai-gpt=openai-gpt

ACCURACY_OPERATORS = gpus/aiconfigurator/gemm.jsonl.gz gpus/aiconfigurator/attention.jsonl.gz gpus/aiconfigurator/moe.jsonl.gz \
	gpus/layer-operators/operators.jsonl.gz gpus/aiconfigurator-power/operators.jsonl.gz neusight/operators.jsonl.gz gpus/power-anchors/b300.jsonl

.PHONY: accuracy
accuracy: ## rewrite the tables and the plot below docs/accuracy (needs ../shared; several minutes)
	CGO_ENABLED=0 go build -o bin/irene ./cmd/irene
	bin/irene validate --data ../shared/irene/irene_device_1.jsonl.gz --format markdown -o docs/accuracy/gtx-1070.svg \
		$(foreach m,$(ACCURACY_MODELS),--model $(subst =,=../shared/models/,$(m)).onnx.gz) > bin/accuracy.md
	sed '/^!\[/q' docs/accuracy/gtx-1070.md > bin/accuracy.head
	(cat bin/accuracy.head; echo; cat bin/accuracy.md) > docs/accuracy/gtx-1070.md
	bin/irene validate $(foreach f,$(ACCURACY_OPERATORS),--operators ../shared/$(f)) --format markdown > bin/operators.md
	(sed '/^<!-- generated -->/q' docs/accuracy/operators.md; echo; cat bin/operators.md) > bin/operators.all
	mv bin/operators.all docs/accuracy/operators.md

.PHONY: ablation
ablation: ## rewrite docs/accuracy/ablations.md: what each term of the law of GPUs is worth (needs ../shared, two minutes)
	go test -tags ablation -count=1 ./energy/fit -run '^TestAblation$$' -table=$(CURDIR)/docs/accuracy/ablations.md
