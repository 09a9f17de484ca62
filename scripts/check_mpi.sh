#!/bin/sh
# Training and encoding by several processes, with every MPI that is there (Open MPI, MPICH): the
# losses of one process (1e-6 relative, dropout on), the same bits twice, a killed rank, signals to
# mpirun, another number of ranks on resume, and what is refused; the vectors of one process, bit for
# bit. Without an MPI it says skipped.
# Usage: scripts/check_mpi.sh [STEPS]      (default: 50)
set -eu
steps=${1:-50}
sbert=build/release/sbert
out=build/check_mpi
# Open MPI is careful about root and about more processes than cores.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1
export OMPI_MCA_hwloc_base_binding_policy=none OMPI_MCA_plm_rsh_agent=sh

# Names of the MPIs: Debian's beside each other, or the one that is mpicc.
kinds=
for kind in openmpi mpich; do
    command -v mpicc.$kind >/dev/null && command -v mpirun.$kind >/dev/null && kinds="$kinds .$kind"
done
[ -n "$kinds" ] || ! command -v mpicc >/dev/null || kinds=" "
if [ -z "$kinds" ]; then
    echo "skipped: there is no mpicc (sh setup.sh --mpi)"
    exit 0
fi
[ "$kinds" != " " ] || kinds="''"

fail() {
    echo "FAILED: $*" >&2
    exit 1
}
loss_column() { sed 's/.*"loss":\([^,]*\),.*/\1/' "$1/log.jsonl"; }

# The scores of the untrained model.
first_scores() { grep '"step":0,' "$1/evaluations.jsonl"; }

# Largest relative difference of the losses of two runs, which must be at most $3.
same_losses() {
    loss_column "$1" >$out/a
    loss_column "$2" >$out/b
    [ "$(wc -l <$out/a)" -eq "$(wc -l <$out/b)" ] || fail "$2: another number of steps than $1"
    paste $out/a $out/b | awk -v most="$3" '
        { d = ($1 - $2) / $1; if (d < 0) d = -d; if (d > worst) worst = d }
        END { printf "losses differ by at most %.1e of %d steps", worst, NR; exit !(worst <= most) }
    ' >$out/found || fail "$2 beside $1: $(cat $out/found), expected $3"
    cat $out/found
}

rm -rf $out
mkdir -p $out
$sbert synth --out $out/synth >/dev/null 2>&1
$sbert vocab $out/synth/sentences.txt --size 500 --out $out/vocab.txt >/dev/null 2>&1
config() { # name, corpus, further keys of its entry
    cat >"$out/$1.json" <<JSON
{
  "model": {"config": "configs/bert/tiny.json", "vocab": "$out/vocab.txt", "max_seq_length": 32},
  "train": {"data": [{"data": "$out/synth/$2", $3}]},
  "batch_size": 16,
  "max_steps": $steps,
  "learning_rate": 0.0005,
  "threads": 1,
  "evaluation": {"data": [{"data": "$out/synth/sts-dev.tsv"}], "every": 25},
  "checkpoint": {"every": 10}
}
JSON
}
config mnrl nli-train.tsv '"rows": "triplets", "loss": "mnrl"'
config softmax nli-train.tsv '"loss": {"name": "softmax", "concatenation": "u,v,|u-v|,u*v"}'
config cosine sts-train.tsv '"score_range": [0, 5], "loss": "cosine"'
# A step of several passes, each in micro-batches.
sed 's/"batch_size": 16/"batch_size": 8, "accumulation": 2, "cached": 2, "recompute": true/' \
    $out/mnrl.json >$out/parts.json
for loss in mnrl softmax cosine parts; do
    $sbert train $out/$loss.json --set "output=$out/$loss-1" >/dev/null 2>$out/log || fail "$(cat $out/log)"
done
# Long enough to be broken off.
sed 's/"max_steps": .*/"max_steps": 120,/; s/"every": 10/"every": 5/' $out/mnrl.json >$out/long.json
$sbert train $out/long.json --set "output=$out/long-1" >/dev/null 2>$out/log || fail "$(cat $out/log)"

# Fifteen parts of vectors, by one process.
awk '{ line[NR] = $0 } END { for (i = 0; i < 60000; i++) print line[i % NR + 1], i }' \
    $out/synth/sentences.txt >$out/lines.txt
$sbert encode $out/mnrl-1/model $out/lines.txt --out $out/one.npy 2>/dev/null

# Runs sbert train by $1 ranks; what it says is in $out/log.
ranks() {
    n=$1
    shift
    timeout 120 "$run" -n "$n" "$program" train "$@" >$out/log 2>&1
}
expect() { # exit code, part of the message, then as `ranks`
    code=0 want=$1 part=$2
    shift 2
    ranks "$@" || code=$?
    [ $code -eq "$want" ] || fail "exit code $code, expected $want: $(cat $out/log)"
    grep -q "$part" $out/log || fail "expected \"$part\": $(cat $out/log)"
}

# Runs sbert encode by $1 ranks into the file $2.
encode() {
    n=$1 file=$2
    shift 2
    timeout 120 "$run" -n "$n" "$program" encode $out/mnrl-1/model $out/lines.txt --threads 1 \
        --out "$file" "$@" >$out/log 2>&1
}
check_encode() {
    encode 3 "$at.npy" || fail "$(cat $out/log)"
    cmp $out/one.npy "$at.npy" || fail "$run: the vectors of 3 ranks are not those of one process"
    encode 2 "$at-killed.npy" &
    job=$!
    tries=0
    until grep -q "^done: .*x" "$at-killed.npy.part/state" 2>/dev/null; do
        tries=$((tries + 1))
        [ $tries -lt 300 ] || fail "$run: no part is done: $(cat $out/log)"
        sleep 0.1
    done
    kill -KILL "$(pgrep -f "^$program encode .*$at-killed" | tail -n 1)"
    wait $job && fail "$run: a killed rank did not end the job"
    [ ! -e "$at-killed.npy" ] || fail "$at-killed.npy is there, but a rank was killed"
    encode 3 "$at-killed.npy" --resume || fail "$(cat $out/log)"
    cmp $out/one.npy "$at-killed.npy" || fail "$run: other bytes after a kill"
    code=0
    encode 2 "$at.tsv" || code=$?
    [ $code -eq 2 ] && grep -q "the 2 processes of mpirun need an .npy file" $out/log ||
        fail "$run: exit code $code: $(cat $out/log)"
    echo "$run: vectors of 3 ranks, and of 2 of which one was killed and 3 that went on"
}

said_once() {
    [ "$(grep -c "^sbert: " $out/log)" -eq 1 ] || fail "more than one sentence: $(cat $out/log)"
}

# A run of 2 ranks is broken off when there is a checkpoint: a rank is killed, or mpirun gets the
# signal. $2 ranks go on with it, and its losses are those of a run that nothing befell.
interrupted() {
    signal=$1 n=$2 run_at="$at-$1"
    "$run" -n 2 "$program" train $out/long.json --set "output=$run_at" >$out/log 2>&1 &
    job=$! tries=0
    until ls "$run_at"/checkpoints/step-*/manifest.json >/dev/null 2>&1; do
        tries=$((tries + 1))
        [ $tries -lt 600 ] || fail "$run: no checkpoint: $(cat $out/log)"
        sleep 0.05
    done
    to=$job
    [ $signal != KILL ] || to=$(pgrep -f "^$program train .*$run_at" | tail -n 1)
    kill -$signal "$to"
    start=$(date +%s)
    # MPICH's mpirun does not always pass the exit code on.
    code=0
    wait $job || code=$?
    if [ $signal = USR1 ]; then
        grep -q "^stopped after step" $out/log || fail "$run: SIGUSR1 did not stop the run: $(cat $out/log)"
    else
        [ $code -ne 0 ] || [ "$run" = mpirun.mpich ] || fail "$run: SIG$signal did not end the job"
    fi
    [ $(($(date +%s) - start)) -lt 10 ] || fail "$run: the job ended late"
    step=$(tail -n 1 "$run_at/log.jsonl" | sed 's/.*"step":\([0-9]*\),.*/\1/')
    [ "$step" -lt 120 ] || fail "$run: SIG$signal came too late"
    # SIGUSR1 writes a checkpoint.
    [ $signal = USR1 ] || step=
    expect 0 "resumed     after step $step" "$n" $out/long.json --set "output=$run_at" --resume
    found=$(same_losses $out/long-1 "$run_at" 1e-5) || exit 1
    echo "$run, SIG$signal, then $n ranks: $found"
}

# A rank whose config says otherwise.
unequal() { # what it says, part of the message
    code=0
    timeout 60 "$run" -n 1 "$program" train $out/mnrl.json --set "output=$at-bad" : \
        -n 1 "$program" train $out/mnrl.json --set "output=$at-bad" --set "$1" \
        >$out/log 2>&1 || code=$?
    [ $code -eq 2 ] && grep -q "$2" $out/log ||
        fail "$run: unequal configs: exit code $code: $(cat $out/log)"
}

check() {
    name=${1#.}
    run=mpirun$1 program=build/release-mpi${name:+-$name}/sbert at=$out/${name:-mpi}
    folder=build/release-mpi${name:+-$name}
    rm -f "$folder/mpi.o"
    make -s MPICC="mpicc$1" BUILD_MPI="$folder" CFLAGS=-Werror "$program"
    ! command -v clang >/dev/null || OMPI_CC=clang MPICH_CC=clang \
        make -s MPICC="mpicc$1" BUILD_MPI="$folder/clang" CFLAGS=-Werror "$folder/clang/mpi.o"
    for loss_and_ranks in mnrl:2 mnrl:3 mnrl:4 softmax:3 cosine:3; do
        loss=${loss_and_ranks%:*} n=${loss_and_ranks#*:}
        ranks $n $out/$loss.json --set "output=$at-$loss-$n" || fail "$(cat $out/log)"
        [ "$(first_scores $out/$loss-1)" = "$(first_scores "$at-$loss-$n")" ] ||
            fail "$run: $n ranks have other scores than one"
        found=$(same_losses $out/$loss-1 "$at-$loss-$n" 1e-6) || exit 1
        echo "$run, $loss, $n ranks: $found"
    done
    for time in made found; do
        ranks 3 $out/softmax.json --set "output=$at-$time" --set "cache.folder=$at-cache" ||
            fail "$(cat $out/log)"
        cmp "$at-softmax-3/model/model.safetensors" "$at-$time/model/model.safetensors" ||
            fail "$run: other bits with a cache that was $time"
    done
    echo "$run: 3 ranks share a cache, to the same bits"
    for turn in first second; do
        ranks 3 $out/parts.json --set "output=$at-$turn" || fail "$(cat $out/log)"
    done
    cmp "$at-first/model/model.safetensors" "$at-second/model/model.safetensors" ||
        fail "$run: the same run twice has other bits"
    # Parts are other ones, and Adam makes more of rounding where gradients are small.
    found=$(same_losses $out/parts-1 "$at-first" 5e-6) || exit 1
    echo "$run, batches in parts, 3 ranks: $found"

    interrupted KILL 3
    interrupted USR1 2
    interrupted TERM 1

    check_encode

    expect 2 "batch_size is 2, expected at least the 3 processes" \
        3 $out/mnrl.json --set "output=$at-bad" --set batch_size=2
    unequal batch_size=8 "rank 1: found batch_size: 8, but rank 0 has 16"
    unequal "cache.folder=$at-other" "rank 1: found cache: "
    expect 2 "has no option --output" 3 $out/mnrl.json --output "$at-bad"
    said_once
    if [ "$(nproc)" -gt 1 ]; then
        expect 0 "2 ranks on this host compute by .* threads each, but it has .* CPUs" \
            2 $out/mnrl.json --set "output=$at-threads" --set threads=0 --set max_steps=1 --profile
        [ "$(grep -c "sum over ranks" $out/log)" -eq 1 ] || fail "two profiles: $(cat $out/log)"
        [ "$(grep -c "ranks on this host" $out/log)" -eq 1 ] || fail "warned twice: $(cat $out/log)"
    fi
    program=$sbert
    expect 2 "built without MPI" 2 $out/mnrl.json --set "output=$at-bad"
    said_once
    [ ! -e "$at-bad" ] || fail "$at-bad was made"
    echo "$run: what cannot be is refused"
}
for kind in $kinds; do
    [ "$kind" != "''" ] || kind=
    check "$kind"
done
