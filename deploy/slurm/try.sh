#!/usr/bin/env bash
# Runs profile.sbatch and merge.sbatch on a real Slurm of one node, set up here for the purpose and taken down afterwards, with
# an executor and a meter that are made up. Checks that
#   - four tasks together measure what one run alone measures, nothing twice,
#   - the same where one is killed and requeued: it keeps its file, and the others take over what it had claimed,
#   - and where one is told of its time limit: it puts itself back into the queue.
#   - a task that measures in another way than the others ends with exit status 4, and stays out of the queue.
# Needs root, Slurm and munge (Debian: slurm-wlm munge); skips with a message, exit 0, where they are absent.
# Leaves its files in place and says where if something fails, or with KEEP=1. IRENE is the command, bin/irene unless it is set.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
export PATH=$PATH:/usr/sbin:/sbin
for tool in slurmctld slurmd munged sbatch squeue scontrol; do
	if ! command -v $tool >/dev/null; then
		echo "skipped: no $tool; install slurm-wlm and munge"
		exit 0
	fi
done
if [ "$(id -u)" != 0 ]; then
	echo "skipped: slurmctld, slurmd and munged are started here as root"
	exit 0
fi

export IRENE=${IRENE:-$root/bin/irene}
model=${MODEL:-$root/fixtures/models/distilbert-base.onnx.gz}
flags=("$model" --executor fake --meter fake --dim "batch=1,2,4,8" --dim "sequence=16,32,64")
dir=$(mktemp -d "${TMPDIR:-/tmp}/irene-slurm.XXXXXX")
daemons=()
passed=

cleanup() {
	trap - EXIT
	if [ ${#daemons[@]} -gt 0 ]; then
		scancel --quiet --user root 2>/dev/null || true
		sleep 1
		kill "${daemons[@]}" 2>/dev/null || true
		wait "${daemons[@]}" 2>/dev/null || true
	fi
	if [ -n "$passed" ] && [ -z "${KEEP:-}" ]; then
		rm -rf "$dir"
	else
		echo "left in $dir"
	fi
}
trap cleanup EXIT

fail() {
	echo "FAILED: $*" >&2
	tail -n 5 "$dir"/*.log "$dir"/out/*.log >&2 2>/dev/null || true
	exit 1
}

# until_true SECONDS COMMAND…: waits for the command to succeed.
until_true() {
	local end=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.2
	done
}

free_port() {
	python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# The cluster: one node that claims four processors, authentication by a munge of its own, no accounting, no cgroups.
start_cluster() {
	local host
	host=$(hostname -s)
	mkdir -p "$dir/state" "$dir/spool" "$dir/munge" "$dir/out"
	chmod 0755 "$dir"
	chmod 0700 "$dir/munge"
	head -c 1024 /dev/urandom >"$dir/munge/key"
	chmod 0400 "$dir/munge/key"
	cat >"$dir/slurm.conf" <<-END
		ClusterName=irene-try
		SlurmctldHost=$host(127.0.0.1)
		SlurmctldPort=$(free_port)
		SlurmdPort=$(free_port)
		SlurmUser=root
		SlurmdUser=root
		AuthType=auth/munge
		AuthInfo=socket=$dir/munge.socket
		CredType=cred/munge
		StateSaveLocation=$dir/state
		SlurmdSpoolDir=$dir/spool
		SlurmctldPidFile=$dir/slurmctld.pid
		SlurmdPidFile=$dir/slurmd.pid
		SlurmdParameters=config_overrides
		ProctrackType=proctrack/linuxproc
		TaskPlugin=task/none
		SelectType=select/cons_tres
		SelectTypeParameters=CR_Core
		SwitchType=switch/none
		MpiDefault=none
		MailProg=/bin/true
		JobAcctGatherType=jobacct_gather/none
		AccountingStorageType=accounting_storage/none
		JobCompType=jobcomp/none
		ReturnToService=2
		SchedulerParameters=batch_sched_delay=0,sched_interval=2,sched_min_interval=0
		KillWait=5
		MinJobAge=600
		NodeName=$host NodeAddr=127.0.0.1 CPUs=4 State=UNKNOWN
		PartitionName=try Nodes=$host Default=YES MaxTime=60 State=UP
	END
	export SLURM_CONF=$dir/slurm.conf

	munged --foreground --force --key-file="$dir/munge/key" --socket="$dir/munge.socket" --pid-file="$dir/munge/pid" \
		--seed-file="$dir/munge/seed" --log-file="$dir/munge/log" >"$dir/munged.log" 2>&1 &
	daemons+=($!)
	until_true 10 test -S "$dir/munge.socket" || fail "munged does not start"
	slurmctld -D >"$dir/slurmctld.log" 2>&1 &
	daemons+=($!)
	slurmd -D >"$dir/slurmd.log" 2>&1 &
	daemons+=($!)
	until_true 30 node_up || fail "the node does not come up"
}

node_up() { [ "$(sinfo --noheader --format=%T)" = idle ]; }
ended() { [ -z "$(squeue --noheader --jobs "$1" 2>/dev/null)" ]; }
lines() { cat "$@" 2>/dev/null | wc -l; }
again() { [ "$(squeue --noheader --jobs "$1" --format=%T)" = PENDING ]; }
has_lines() { [ "$(lines "$2")" -ge "$1" ]; }

# submit FOLDER SBATCH_FLAG… -- PROFILE_FLAG…: submits the array, prints its job.
submit() {
	local out=$1 options=()
	shift
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	mkdir -p "$out"
	OUT=$out sbatch --parsable --array=0-3 --gres=none --cpus-per-task=1 --chdir="$out" "${options[@]}" "$here/profile.sbatch" "$@"
}

# keys all|once FILE…: what was measured, one line a record, sorted: all of it, or without anchors, which are measured again and
# again by every task.
keys() {
	python3 - "$@" <<-'END' | sort
		import json, sys
		for path in sys.argv[2:]:
		    for line in open(path):
		        r = json.loads(line)
		        what = ("signature",) if r.get("signature") and r.get("context") != "in-model" else ("signature", "model", "path", "dims")
		        if sys.argv[1] == "all" or not r.get("anchor"):
		            print(json.dumps([r.get(k) for k in ("level", "context", "buffers", *what)], sort_keys=True))
	END
}

# same FOLDER: the files of a folder hold what the reference holds, nothing twice, and so does what merge.sbatch made of them.
same() {
	keys once "$1"/task-*.jsonl >"$1/tasks.keys"
	uniq -d "$1/tasks.keys" >"$1/twice"
	[ ! -s "$1/twice" ] || fail "$(lines "$1/twice") measurements were taken twice: $1/twice"
	keys once "$dir/reference.jsonl" | cmp -s - "$1/tasks.keys" || fail "the tasks of $1 are not $dir/reference.jsonl"
	keys all "$1/records.jsonl" >"$1/merged.keys"
	keys all "$dir/reference.jsonl" | uniq | cmp -s - "$1/merged.keys" || fail "$1/records.jsonl is not $dir/reference.jsonl"
}

# merge FOLDER JOB: merges when the job has ended.
merge() {
	local job
	job=$(OUT=$1 sbatch --parsable --dependency="afterany:$2" --chdir="$1" "$here/merge.sbatch")
	until_true 180 ended "$job" || fail "job $2 or its merge does not end"
	[ -s "$1/records.jsonl" ] || fail "merge.sbatch left no records"
}

# kept NAME FILE: the file begins with what it held when the task was stopped.
kept() {
	local was=$dir/out/resumed/$1
	cmp -s -n "$(wc -c <"$was")" "$was" "$2" || fail "the resumed task rewrote $2"
}

start_cluster
echo "slurm $(slurmctld -V | cut -d ' ' -f 2) is up"

"$IRENE" profile "${flags[@]}" --output "$dir/reference.jsonl" >"$dir/reference.log" 2>&1 || fail "irene profile"
count=$(keys once "$dir/reference.jsonl" | wc -l)
[ "$count" -ge 20 ] || fail "only $count measurements by one run: too few to tell anything"

job=$(submit "$dir/out/plain" -- "${flags[@]}")
merge "$dir/out/plain" "$job"
same "$dir/out/plain"
echo "ok: 4 tasks, $count measurements, none twice"

# Made-up measurements take no time. To be caught at it, irene runs for some 2 ms of every 100.
cat >"$dir/slow" <<-END
	#!/usr/bin/env bash
	"$IRENE" "\$@" &
	irene=\$!
	trap 'kill -CONT \$irene; kill -TERM \$irene' TERM
	while kill -STOP \$irene 2>/dev/null; do
	    sleep 0.1
	    kill -CONT \$irene 2>/dev/null
	    sleep 0.002
	done
	wait \$irene
END
chmod +x "$dir/slow"

# One task is killed without warning, as when its node dies, and another is told that its time limit is near. The first is
# requeued from here, the second puts itself back.
job=$(IRENE=$dir/slow submit "$dir/out/resumed" -- "${flags[@]}")
killed=$dir/out/resumed/task-${job}_1.jsonl
warned=$dir/out/resumed/task-${job}_2.jsonl
until_true 60 has_lines 2 "$killed" || fail "task 1 writes nothing"
scancel --signal=KILL --full "${job}_1" || fail "task 1 ended before it could be killed"
until_true 60 has_lines 2 "$warned" || fail "task 2 writes nothing"
scancel --signal=USR1 --batch "${job}_2" || fail "task 2 ended before it could be told"
until_true 60 ended "${job}_1" || fail "task 1 survives SIGKILL"
scontrol requeue "${job}_1"
until_true 60 again "${job}_2" || fail "task 2 did not put itself back into the queue"
before="$(lines "$killed") and $(lines "$warned")"
for f in killed warned; do
	head -n "$(lines "${!f}")" "${!f}" >"$dir/out/resumed/$f" # without a line that was being written
done
until_true 60 again "${job}_1" || fail "task 1 is not in the queue again"
sleep 5 # Slurm waits two minutes, because a node refuses a job that it has just killed; seconds will do on one node
scontrol update "JobId=${job}_1" StartTime=now
scontrol update "JobId=${job}_2" StartTime=now
merge "$dir/out/resumed" "$job"
same "$dir/out/resumed"
kept killed "$killed"
kept warned "$warned"
echo "ok: two tasks stopped after $before measurements, ended with $(lines "$killed") and $(lines "$warned")"

# The files of the first array are complete: who comes with another way to measure is refused all the same.
job=$(submit "$dir/out/plain" --array=7 -- "${flags[@]}" --runtime none)
until_true 60 ended "${job}_7" || fail "a task that measures in another way does not end"
[ "$(scontrol show job "${job}_7" | sed -n 's/.*ExitCode=\([0-9]*\):.*/\1/p')" = 4 ] || fail "a task that measures in another way does not end with 4"
same "$dir/out/plain"
echo "ok: a task that measures in another way is refused"

passed=yes
echo "passed"
