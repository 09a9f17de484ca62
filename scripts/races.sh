#!/bin/sh
# The pool, encoding and training under ThreadSanitizer (make tsan builds it); any report fails.
# Usage: sh scripts/races.sh
set -eu
cd "$(dirname "$0")/.."
build=build/tsan
out=$build/run
rm -rf $out
mkdir -p $out
# Halting at the first report makes its exit code that of the program.
export TSAN_OPTIONS="halt_on_error=1 exitcode=66"
# Programs under the sanitizer do not start where the system scatters addresses widely.
run() {
    if setarch -R true 2>/dev/null; then setarch -R "$@"; else "$@"; fi
}

run $build/races tests/golden/tiny/model
run $build/sbert synth --out $out/synth >$out/log 2>&1
run $build/sbert vocab $out/synth/sentences.txt --size 300 --out $out/vocab.txt >>$out/log 2>&1
for file in nli-train sts-dev; do # a few rows: everything is slow here
    head -n 400 $out/synth/$file.tsv >$out/$file.tsv
done
cat >$out/train.json <<CONFIG
{ "model": {"config": "configs/bert/tiny.json", "vocab": "$out/vocab.txt", "max_seq_length": 16},
  "output": "$out/model", "batch_size": 16, "max_steps": 12, "threads": 4,
  "train": {"data": [{"data": "$out/nli-train.tsv"}]},
  "evaluation": {"data": [{"data": "$out/sts-dev.tsv"}], "every": 8},
  "checkpoint": {"every": 8} }
CONFIG
for command in "train $out/train.json --set max_steps=8" "train $out/train.json --overwrite" \
    "encode $out/model/model $out/vocab.txt --threads 4 --out $out/vectors.npy" \
    "mine $out/vectors.npy --threads 4" "search $out/vectors.npy $out/vectors.npy --threads 4"; do
    # shellcheck disable=SC2086
    run $build/sbert $command >>$out/log 2>&1 || { tail -n 60 $out/log; exit 1; }
done
echo "no data race in $(grep -c '^step ' $out/log) steps and evaluations"
