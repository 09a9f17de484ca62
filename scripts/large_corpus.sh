#!/bin/sh
# A made corpus of many pairs, tokenised into a cache and trained on from there: the time of the
# first start and of the next one, the memory of a run, and the speed of runs on its first rows from
# a cache and from memory, whose models must be equal.
# Usage: scripts/large_corpus.sh [PAIRS [FOLDER [MODEL]]]
#        (default: 1000000 pairs into build/large, models/all-MiniLM-L6-v2); STEPS=100, LENGTH=64
set -eu
pairs=${1:-1000000}
out=${2:-build/large}
model=${3:-models/all-MiniLM-L6-v2}
sbert=build/release/sbert
slice=100000
steps=${STEPS:-100}
mkdir -p "$out"
[ -s "$out/pairs.tsv" ] && [ "$(cat "$out/size" 2>/dev/null)" = "$pairs" ] || {
    awk -v n="$pairs" 'BEGIN {
        srand(7)
        words = split("the a man woman dog cat child crowd plays runs sleeps guitar piano park river " \
            "street blue green small large old young eats sings watches holds near under over with " \
            "without quickly slowly and in on at of", word, " ")
        print "sentence1\tsentence2"
        for (i = 0; i < n; i++) {
            a = b = ""
            for (k = 0; k < 9; k++) {
                a = a word[int(rand() * words) + 1] " "
                b = b word[int(rand() * words) + 1] " "
            }
            print a i "\t" b i
        }
    }' >"$out/pairs.tsv"
    echo "$pairs" >"$out/size"
}
head -n $((slice + 1)) "$out/pairs.tsv" >"$out/slice.tsv"
ls -l "$out/pairs.tsv"

cat >"$out/run.json" <<JSON
{"model": {"path": "$model", "max_seq_length": ${LENGTH:-64}},
 "train": {"data": [{"data": "$out/pairs.tsv", "loss": "mnrl"}]},
 "batch_size": 64, "max_steps": $steps, "checkpoint": {"every": 0, "model_only": true},
 "cache": {"folder": "$out/cache"}}
JSON
run() { # name, further words: a run; its seconds in all, and its largest memory
    name=$1
    shift
    begin=$(date +%s.%N)
    $sbert train "$out/run.json" --overwrite --set output="$out/$name" "$@" >"$out/$name.out" 2>&1 &
    pid=$!
    anon=0
    while kill -0 $pid 2>/dev/null; do
        now=$(awk '/^RssAnon/ {print $2}' /proc/$pid/status 2>/dev/null || true)
        [ "${now:-0}" -le "$anon" ] || anon=$now
        sleep 0.2
    done
    wait $pid || { tail -n 5 "$out/$name.out"; exit 1; }
    echo "$name: $(echo "$begin $(date +%s.%N)" | awk '{printf "%.1f", $2 - $1}') s, RssAnon at most $((anon / 1024)) MiB, $(
        grep -o '[0-9.]* pairs/s$' "$out/$name.out" | tail -n 1)"
}
run first --set max_steps=1
grep 'tokenised into' "$out/first.out" || true
run again --set max_steps=1
run cached
run slice-cached --set train.data.0.data="$out/slice.tsv"
run slice-memory --set train.data.0.data="$out/slice.tsv" --set cache.folder=null
run slice-cached --set train.data.0.data="$out/slice.tsv"
run slice-memory --set train.data.0.data="$out/slice.tsv" --set cache.folder=null
cmp "$out/slice-cached/model/model.safetensors" "$out/slice-memory/model/model.safetensors"
$sbert cache "$out/cache"
