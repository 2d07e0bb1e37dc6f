#!/usr/bin/env bash
# Compares models of the workspace with those of the base and writes a report in Markdown, into the summary of the job too.
#
#   IRENE     the program
#   MODELS    what to compare, one a line: a path or pattern of git, or "OLD -> NEW"; empty for every model that differs
#   BASE      commit, branch or tag; empty for GITHUB_BASE_REF, or the commit before
#   FLAGS     flags of irene compare and analyze, one a line with its value
#   FAIL_IF   limits of changed models, one a line; ASSERT: budgets of changed and new ones
#
# Outputs: result (none, compared, failed, error), report, junit. The exit status is 0, 3 where a limit or a budget is exceeded,
# and 1 where a model could not be judged. Works with the Bash 3.2 of macOS.
set -euo pipefail

out=${RUNNER_TEMP:?}/irene
rm -rf "$out/base" "$out/junit"
mkdir -p "$out/base" "$out/junit"
report=$out/report.md
summary=$out/models.md  # a row for each model
details=$out/details.md # what irene prints of each
: >"$summary"
: >"$details"
result=none
models=0

# worse keeps the worst result: none, compared, failed, error.
worse() {
	case $result-$1 in
	error-* | failed-compared | *-none) ;;
	*) result=$1 ;;
	esac
}

# annotate says something at a file, as GitHub wants it: https://docs.github.com/actions/reference/workflow-commands-for-github-actions
annotate() {
	local file=$1 text=$2
	text=${text//%/%25}
	text=${text//$'\r'/%0D}
	file=${file//%/%25}
	file=${file//,/%2C}
	echo "::error file=${file//:/%3A},title=irene::${text//$'\n'/%0A}"
}

# cell makes a text that is no Markdown, in one line.
cell() {
	printf '%s' "$1" | tr '\n\r' '  ' | sed -e 's/[\\`*_<>|#~]/\\&/g' -e 's/\[/\\[/g'
}

# row writes a model's row: file, what became of it, what to know.
row() {
	models=$((models + 1))
	echo "| $(cell "$1") | $2 | $(cell "$3") |" >>"$summary"
}

# arguments reads lines into the array args: a flag and the rest of its line, or with a flag given, that flag and the line.
arguments() {
	local flag=$1 line
	args=()
	while IFS= read -r line || [ -n "$line" ]; do
		line=$(printf '%s' "$line" | tr -d '\r' | sed -e 's/^[[:space:]]*//' -e 's/[[:space:]]*$//')
		case $line in
		'') ;;
		*) if [ -n "$flag" ]; then
			args+=("$flag" "$line")
		elif [ "${line#*[[:space:]]}" != "$line" ]; then
			args+=("${line%%[[:space:]]*}" "$(printf '%s' "${line#*[[:space:]]}" | sed 's/^[[:space:]]*//')")
		else
			args+=("$line")
		fi ;;
		esac
	done
}

# isPointer tells what Git LFS leaves in the place of a file: https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md
isPointer() {
	[ "$(head -c 42 "$1" | tr -d '\0')" = "version https://git-lfs.github.com/spec/v1" ]
}

# whole puts the file that a pointer stands for in its place; false where Git LFS cannot.
whole() {
	isPointer "$1" || return 0
	git lfs smudge <"$1" >"$1.whole" 2>>"$out/lfs.log" && ! isPointer "$1.whole" && mv "$1.whole" "$1"
}

# ofBase writes a file of the base to $out/base and says where: in the variable old.
ofBase() {
	old=$out/base/$1
	mkdir -p "$(dirname "$old")"
	git show "$base:$1" >"$old"
}

# asBase calls files of the base by base: and their path in what irene wrote.
asBase() {
	local text
	text=$(cat "$1")
	printf '%s\n' "${text//"$out/base/"/base:}" >"$1"
}

# judge notes what a run of irene ended with: its status, the file, what it printed to standard error.
judge() {
	local status=$1 file=$2 said
	asBase "$3"
	said=$(sed 's/^irene: //' "$3")
	case $status in
	0) return 0 ;;
	3) worse failed ;;
	*) worse error ;;
	esac
	annotate "$file" "$said"
	problem=${problem:+$problem; }$said
	return "$status"
}

# budgets holds a model to the assertions; its report is wanted where it is new.
budgets() {
	local new=$1 markdown=$2 status=0
	arguments --assert <<<"${ASSERT:-}"
	if [ "$markdown" = /dev/null ] && [ ${#args[@]} = 0 ]; then return 0; fi
	if [ ${#args[@]} != 0 ]; then args+=(--junit "$out/junit/$models-budget.xml"); fi
	"$IRENE" analyze --quiet --format markdown ${flags[@]+"${flags[@]}"} ${args[@]+"${args[@]}"} -- "$new" >"$markdown" 2>"$out/said" || status=$?
	judge $status "$new" "$out/said" || true
}

# detail adds a report of irene, folded where nothing went wrong. Files of the base go by base: and their path, whether as text or as Markdown.
detail() {
	local text escaped
	text=$(cat "$2")
	text=${text//"$out/base/"/base:}
	escaped=${out//_/\\_}
	text=${text//"$escaped/base/"/base:}
	{
		echo
		echo "<details${problem:+ open}><summary>$(printf '%s' "$1" | sed -e 's/&/\&amp;/g' -e 's/</\&lt;/g')</summary>"
		echo
		printf '%s\n' "$text"
		echo
		echo "</details>"
	} >>"$details"
}

# added reports a model that the base has not.
added() {
	local new=$1
	problem=
	worse compared
	if ! readable "$new" "$new"; then return; fi
	budgets "$new" "$out/one.md"
	row "$new" "$(mark new)" "${problem:-$(sed -n -e 's/^- energy: //p' -e 's/^- time: //p' -e 's/^- work: //p' "$out/one.md" | head -3 | paste -sd ';' - | sed 's/;/; /g')}"
	detail "$new" "$out/one.md"
}

# readable puts a row for a model that is only a pointer.
readable() {
	if whole "$1"; then return 0; fi
	worse error
	annotate "$2" "a Git LFS pointer: check out with lfs: true"
	row "$2" "$(mark error)" "a Git LFS pointer: check out with lfs: true"
	return 1
}

# compared reports a model that both have: the old file, the new one, and the new one's name.
compared() {
	local before=$1 new=$2 name=$3 status=0
	problem=
	worse compared
	if ! readable "$before" "$name" || ! readable "$new" "$name"; then return; fi
	if cmp -s "$before" "$new"; then
		budgets "$new" /dev/null
		row "$name" "$(mark unchanged)" "$problem"
		return
	fi
	arguments --fail-if <<<"${FAIL_IF:-}"
	if [ ${#args[@]} != 0 ]; then args+=(--junit "$out/junit/$models.xml"); fi
	"$IRENE" compare --quiet --format markdown ${flags[@]+"${flags[@]}"} ${args[@]+"${args[@]}"} -- "$before" "$new" >"$out/one.md" 2>"$out/said" || status=$?
	judge $status "$name" "$out/said" || true
	if [ -e "$out/junit/$models.xml" ]; then asBase "$out/junit/$models.xml"; fi
	budgets "$new" /dev/null
	row "$name" "$(mark changed)" "$(sed -n 's/^- verdict: //p' "$out/one.md" | head -1)${problem:+ — $problem}"
	detail "$name" "$out/one.md"
}

# mark is what became of a model, in a word, with what went wrong.
mark() {
	if [ "$1" = error ]; then
		echo "**not judged**"
	elif [ -z "$problem" ]; then
		echo "$1"
	else
		echo "$1, **failed**"
	fi
}

# findBase sets base to the commit to compare with; a shallow clone fetches what it lacks.
findBase() {
	local name=${BASE:-${GITHUB_BASE_REF:-}}
	case $name in
	*[!0]*) ;;
	*) name=HEAD^ ;; # empty, or the zeros of a branch that was pushed first
	esac
	if git rev-parse --quiet --verify "$name^{commit}" >/dev/null; then
		base=$(git rev-parse "$name^{commit}")
	elif git rev-parse --quiet --verify "origin/$name^{commit}" >/dev/null; then
		base=$(git rev-parse "origin/$name^{commit}")
	elif git fetch --quiet --no-tags --depth=1 origin "${name/#HEAD^/HEAD}" 2>>"$out/fetch.log"; then
		base=$(git rev-parse FETCH_HEAD)
	else
		echo "::error title=irene::the base $name is not in this clone and cannot be fetched; check out with fetch-depth: 0, or give base"
		exit 1
	fi
	base=$(git merge-base "$base" HEAD 2>/dev/null || echo "$base") # what the base gained since is no change of the branch
}

# each goes through the models that differ from the base, of those that patterns name.
each() {
	local status path to
	git diff -z --name-status --find-renames=100% "$base" -- "$@" >"$out/changes"
	while IFS= read -r -d '' status && IFS= read -r -d '' path; do
		case $status in
		A*) added "$path" ;;
		D*)
			problem=
			worse compared
			row "$path" deleted ""
			;;
		R* | C*)
			IFS= read -r -d '' to
			ofBase "$path"
			compared "$old" "$to" "$to"
			;;
		*)
			ofBase "$path"
			compared "$old" "$path" "$path"
			;;
		esac
	done <"$out/changes"
}

# named goes through lines as MODELS has them.
named() {
	local line path found
	while IFS= read -r line || [ -n "$line" ]; do
		line=$(printf '%s' "$line" | tr -d '\r' | sed -e 's/^[[:space:]]*//' -e 's/[[:space:]]*$//')
		case $line in
		'') ;;
		*' -> '*) compared "${line%% -> *}" "${line#* -> }" "${line#* -> }" ;;
		*)
			found=
			git ls-files -z --cached --others -- "$line" >"$out/files"
			while IFS= read -r -d '' path; do
				found=yes
				if git cat-file -e "$base:$path" 2>/dev/null; then
					ofBase "$path"
					compared "$old" "$path" "$path"
				else
					added "$path"
				fi
			done <"$out/files"
			if [ -z "$found" ]; then
				echo "::error title=irene::models: $(cell "$line"): there is no such file"
				worse error
			fi
			;;
		esac
	done
}

# write puts the report together.
write() {
	echo "## Energy of the models"
	echo
	case $result in
	none) echo "No model differs from the base." ;;
	error) echo "**Some model could not be judged.**" ;;
	failed) echo "**A limit or a budget is exceeded.**" ;;
	*) [ -z "${FAIL_IF:-}${ASSERT:-}" ] || echo "Every limit and budget holds." ;;
	esac
	if [ $models != 0 ]; then
		echo
		echo "| model | change | verdict |"
		echo "| --- | --- | --- |"
		cat "$summary"
		cat "$details"
	fi
}

cd "${GITHUB_WORKSPACE:-.}"
arguments "" <<<"${FLAGS:-}"
flags=(${args[@]+"${args[@]}"})
findBase
if [ -n "$(printf '%s' "${MODELS:-}" | tr -d '[:space:]')" ]; then
	named <<<"$MODELS"
else
	each '*.onnx' '*.onnx.gz'
fi
write >"$report"
cat "$report" >>"${GITHUB_STEP_SUMMARY:?}"
{
	echo "result=$result"
	echo "report=$report"
	echo "junit=$out/junit"
} >>"${GITHUB_OUTPUT:?}"
case $result in
failed) exit 3 ;;
error) exit 1 ;;
esac
