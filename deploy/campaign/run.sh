#!/usr/bin/env bash
# Measures a GPU with what lies in this repository, unattended and in slices: the six models that were measured for IrEne and
# three decoders, in float32 and float16, as operators, modules and whole models. Called again, it goes on.
#
#   deploy/campaign/run.sh OUT
#
# OUT gets sensor.json       what the meter can do and what would be measured first
#         records.jsonl      the measurements
#         records.jsonl.failed  what cannot be run, and why
#         optimized/         models as ONNX Runtime rewrote them, for the next call
#         coefficients.json  what irene train makes of them
#         validation.json    how far predictions are off on measurements left out
#         summary.md         all of it in tables
#         campaign.log       what the commands said
#         stages.tsv         how far each stage is
# Exit 0: nothing is left to measure. 75: the slice ended; call again. Else: the machine cannot measure; campaign.log says why.
#
# SLICE    time for one call, as 540, 540s or 9m (default: 9m; at least 4m); a minute of it is for the evaluation
# IRENE    the command (default: bin/irene; it is built where it is absent and Go is at hand)
# ORT_LIB  ONNX Runtime's GPU library, libonnxruntime.so (default: ONNXRUNTIME_LIB, then what irene finds itself)
# WINDOW, WINDOWS, WARMUP   of one measurement (default: 1s, 3, 500ms)
# FLAGS    further flags of irene profile, as --gpu or --lock-clocks
# EXECUTOR, PROVIDER, METER (default: ort, cuda, nvml; EXECUTOR=fake METER=fake tries the script without a GPU)
set -uo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
if [ $# != 1 ]; then
	sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0" >&2
	exit 2
fi
mkdir -p "$1" || exit 1
out=$(cd "$1" && pwd)
irene=${IRENE:-$root/bin/irene}
log=$out/campaign.log
records=$out/records.jsonl
evaluation=60 # s
turn=200      # s that a stage gets at a time, about: idle power, the meter and the anchors take some 40 of them

seconds() {
	case $1 in
	*m) echo $((${1%m} * 60)) ;;
	*s) echo "${1%s}" ;;
	*) echo "$1" ;;
	esac
}
slice=$(seconds "${SLICE:-9m}")
if [ "$slice" -lt 240 ]; then
	echo "irene: SLICE=${SLICE:-9m}: want at least 4m" >&2
	exit 2
fi
end=$((SECONDS + slice - evaluation))

say() { echo "campaign: $*" | tee -a "$log" >&2; }

# The stages: name | weight | models | further flags of irene profile. A stage gets time by its weight, the first ones first.
# Within a stage, irene takes the most telling first. A model takes the dims that it has.
fixtures=$root/fixtures/models
models=$root/deploy/campaign/models
bert="bert-base-uncased=$fixtures/bert-base.onnx bert-base-uncased-fp16=$models/bert-base-fp16.onnx.gz"
gpt2="gpt2=$models/gpt2.onnx.gz gpt2-fp16=$models/gpt2-fp16.onnx.gz"
past="gpt2-past=$fixtures/gpt2-past.onnx.gz gpt2-past-fp16=$models/gpt2-past-fp16.onnx.gz"
llama="llama-3.2-1b-fp16=$models/llama-3.2-1b-fp16.onnx.gz"
step="llama-3.2-1b-fp16-decode=$models/llama-3.2-1b-fp16-decode.onnx.gz"
small="distilbert-base-uncased=$fixtures/distilbert-base.onnx.gz distilgpt2=$models/distilgpt2.onnx.gz"
small16="distilbert-base-uncased-fp16=$models/distilbert-base-fp16.onnx.gz distilgpt2-fp16=$models/distilgpt2-fp16.onnx.gz"
other="roberta-base=$models/roberta-base.onnx.gz openai-gpt=$models/openai-gpt.onnx.gz"
other16="roberta-base-fp16=$models/roberta-base-fp16.onnx.gz openai-gpt-fp16=$models/openai-gpt-fp16.onnx.gz"
stages=(
	# A wide grid of the operators of an encoder and a decoder.
	"operators|6|$bert $gpt2|--level operator --dim batch=1,8,32 --dim sequence=128,512"
	# One token at a time: products of one row, caches of several lengths.
	"decode-operators|4|$past $step|--level operator --dim batch=1,8,32 --dim sequence=1 --dim past_sequence=128,1000"
	# Modules and whole models: do the parts add up?
	"models|5|$bert $gpt2 $small $small16 $other $other16|--level model,module --dim batch=1,8 --dim sequence=128"
	"decode-models|3|$past $step|--level model,module --dim batch=1,8 --dim sequence=1 --dim past_sequence=512"
	# Long prompts.
	"long|2|$llama|--level operator,model --dim batch=1,4 --dim sequence=128,2048"
	# Operators within their running models, against those measured alone.
	"in-context|2|$bert $gpt2|--level operator --in-context 24 --dim batch=8 --dim sequence=128"
	# Everything on a finer grid, while there is time.
	"grid|1|$bert $gpt2 $small $small16 $other $other16|--level operator,model --dim batch=1:32:x2 --dim sequence=128,256,512"
	"decode-grid|1|$past $step|--level operator,model --dim batch=1:32:x2 --dim sequence=1 --dim past_sequence=128,512,1000"
)

# What irene needs to be called at all.
prepare() {
	if [ ! -x "$irene" ]; then
		say "building $irene"
		(cd "$root" && CGO_ENABLED=1 go build -o "$irene" ./cmd/irene) 2>>"$log" || return 1
	fi
	export ORT_DISABLE_TELEMETRY=1
	if [ -n "${ORT_LIB:-}" ]; then
		export ONNXRUNTIME_LIB=$ORT_LIB
	fi
	# CUDA's libraries, where they are not installed, are those of Python's packages (PyTorch's, for one).
	local cuda
	cuda=$(python3 -c 'import glob, nvidia; print(":".join(sorted(d for p in nvidia.__path__ for d in glob.glob(p + "/*/lib"))))' 2>/dev/null)
	if [ -n "$cuda" ]; then
		export LD_LIBRARY_PATH=${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$cuda
	fi
	protocol=(--window "${WINDOW:-1s}" --windows "${WINDOWS:-3}" --warmup "${WARMUP:-500ms}" --executor "${EXECUTOR:-ort}" --meter "${METER:-nvml}")
	if [ "${EXECUTOR:-ort}" = ort ]; then
		protocol+=(--provider "${PROVIDER:-cuda}")
	fi
}

# profile TIME STAGE FLAG…: irene profile on the models and grid of a stage, ended after the time if need be.
profile() {
	local time=$1 list grid
	IFS='|' read -r _ _ list grid <<<"$2"
	shift 2
	# shellcheck disable=SC2086 # the stages, and FLAGS, are lists of words
	timeout --signal=TERM --kill-after=20 "$time" "$irene" profile $list $grid "${protocol[@]}" ${FLAGS:-} --cache "$out/optimized" "$@"
}

# count [TEXT]: the records that contain a text, without anchors, which are measured again and again.
count() {
	if [ -f "$records" ]; then
		grep -v '"anchor":true' "$records" | grep -c -- "${1:-}" || true
	else
		echo 0
	fi
}

sensor() {
	profile 120 "${stages[0]}" --dry-run --format json >"$out/sensor.json.part" 2>>"$log" || return 1
	mv "$out/sensor.json.part" "$out/sensor.json"
}

# What stages.tsv knows: seconds spent on each stage, and which are through.
declare -A spent=() through=()
load() {
	local name time state
	[ -f "$out/stages.tsv" ] || return 0
	while IFS=$'\t' read -r name time state; do
		spent[$name]=$time
		[ "$state" != through ] || through[$name]=yes
	done <"$out/stages.tsv"
}

save() {
	local stage name
	for stage in "${stages[@]}"; do
		name=${stage%%|*}
		printf '%s\t%s\t%s\n' "$name" "${spent[$name]:-0}" "${through[$name]:+through}"
	done >"$out/stages.tsv.part"
	mv "$out/stages.tsv.part" "$out/stages.tsv"
}

left() { echo $((${#stages[@]} - ${#through[@]})); }

# next: the stage that is not through and has had least for its weight.
next() {
	local stage name weight due best=
	for stage in "${stages[@]}"; do
		IFS='|' read -r name weight _ <<<"$stage"
		[ -z "${through[$name]:-}" ] || continue
		due=$(((${spent[$name]:-0} + turn) * 1000 / weight))
		if [ -z "$best" ] || [ $due -lt "$best" ]; then
			best=$due
			chosen=$stage
		fi
	done
}

# take: measures the chosen stage for a turn.
take() {
	local name=${chosen%%|*} turns time before start status
	turns=$(((end - SECONDS) / turn))
	time=$(((end - SECONDS) / (turns > 0 ? turns : 1)))
	before=$(count)
	start=$SECONDS
	echo "== $name: $time s" >>"$log"
	profile "$time" "$chosen" --output "$records" --budget "$((time - 10))s" 2>"$out/said"
	status=$?
	cat "$out/said" >>"$log"
	say "$name: $((SECONDS - start)) of $time s, status $status, $(($(count) - before)) records, $(grep -o '[0-9]* tasks\{0,1\} left\|too short to measure' "$out/said" || echo through)"
	# 1 is also something that could not be measured, or a turn that was too short. Anything else will not mend itself.
	if [ $status != 0 ] && [ $status != 124 ] && ! { [ $status = 1 ] && tail -n 1 "$out/said" | grep -q 'could not be measured$\|too short to measure anything$'; }; then
		return $status
	fi
	if [ $status = 124 ] || grep -q ' left\|too short' "$out/said"; then
		spent[$name]=$((${spent[$name]:-0} + time))
	else
		through[$name]=yes
	fi
	rm "$out/said"
	save
}

evaluate() {
	timeout 15 "$irene" train --data "$records" -o "$out/coefficients.json" 2>>"$log" || say "train: status $?"
	if timeout 20 "$irene" validate --data "$records" --format json >"$out/validation.json.part" 2>>"$log"; then
		mv "$out/validation.json.part" "$out/validation.json"
	else
		say "validate: status $?"
		rm "$out/validation.json.part"
	fi
	{
		echo "# Campaign"
		echo
		echo "$(count) records, $(count '"energy_j"') with energy, $(count '"flags"') with flags; stages left: $(left)."
		echo
		grep -h 'updated every\|idle at\|disagree' "$log" | sed 's/^irene: /- /' | tail -n 4
		echo
		echo "| flag | records |"
		echo "| --- | --- |"
		grep -v '"anchor":true' "$records" | grep -o '"flags":\[[^]]*\]' | sed 's/.*\[//' | tr -d ']"' | tr ',' '\n' | sort | uniq -c | awk '{print "| " $2 " | " $1 " |"}'
		echo
		echo '```'
		timeout 5 "$irene" records "$records" --filter level=model --filter anchor=false 2>>"$log"
		echo '```'
		echo
		timeout 20 "$irene" validate --data "$records" --format markdown 2>>"$log"
	} >"$out/summary.md"
}

say "$(date -u +%Y-%m-%dT%H:%M:%SZ): slice of $slice s"
prepare || exit 1
if [ ! -s "$out/sensor.json" ]; then
	sensor || { say "irene profile --dry-run failed: $(tail -n 1 "$log")"; exit 1; }
fi

load
status=0
while [ "$(left)" -gt 0 ] && [ $((end - SECONDS)) -ge $((turn / 2)) ]; do
	next
	take || { status=$?; break; }
done
if [ -s "$records" ]; then
	evaluate
	say "$(count) records in $records, stages left: $(left)"
fi
if [ "$status" = 0 ] && [ "$(left)" -gt 0 ]; then
	status=75
fi
exit "$status"
